"""Slots that consist of one of the person's own links: the same text for everybody around the person's token.

They would be two thirds of a plan's data per person, so a plan stores the token once per person and the text around it once.
"""

from __future__ import annotations

from typing import NamedTuple

from include.core.token import LENGTH
from include.dispatch.content.content import Content, Slot
from include.dispatch.content.fill import slot_value
from include.dispatch.content.person_proxy import RecordedExpression

LINK_PATHS = {"unsubscribe_url": "/u/", "preferences_url": "/preferences/"}
"""The link fields of a person, and the path between the edge's URL and the token."""

_SAMPLE_TOKEN = "A" * LENGTH


class Link(NamedTuple):
    """The text before and after a person's token, escaped for its context."""

    before: str
    after: str


def link_slots(content: Content, edge_url: str, locale: str) -> dict[str, Link]:
    """The text around the token, by tag, for each slot that is only a link. `locale` is the language of the page."""
    found = {slot.tag: _split_at_token(slot, edge_url.rstrip("/"), locale, content.tag_core) for slot in content.slots}
    return {tag: link for tag, link in found.items() if link is not None}


def _split_at_token(slot: Slot, edge_url: str, locale: str, core: str) -> Link | None:
    value = slot.placeholder.value
    if not isinstance(value, RecordedExpression) or value._steps or value._path[0] not in LINK_PATHS:
        return None
    text = slot_value(slot, {value._path: f"{edge_url}{LINK_PATHS[value._path[0]]}{_SAMPLE_TOKEN}?l={locale}"}, core)
    before, token, after = text.partition(_SAMPLE_TOKEN)
    return Link(before, after) if token else None
