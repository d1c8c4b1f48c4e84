"""Slots that say nothing but a person's own link: the same text for everybody, then the person's token.

They are two thirds of all that a plan would store of a person, so it stores the token once and what stands before it once.
"""

from __future__ import annotations

from typing import NamedTuple

from include.core.token import LENGTH
from include.dispatch.content.content import Content, Slot
from include.dispatch.content.fill import slot_value
from include.dispatch.content.person_proxy import RecordedExpression

LINK_PATHS = {"unsubscribe_url": "/u/", "preferences_url": "/preferences/"}
"""The fields of a person that are links, and what stands between the edge's URL and the token."""

_SAMPLE_TOKEN = "A" * LENGTH


class Link(NamedTuple):
    """What stands before and after a person's token, escaped for its place."""

    before: str
    after: str


def link_slots(content: Content, edge_url: str, locale: str) -> dict[str, Link]:
    """What stands around the token, by the tag of each slot that is a bare link. `locale` names the page's language."""
    found = {slot.tag: _split_at_token(slot, edge_url.rstrip("/"), locale, content.tag_core) for slot in content.slots}
    return {tag: link for tag, link in found.items() if link is not None}


def _split_at_token(slot: Slot, edge_url: str, locale: str, core: str) -> Link | None:
    value = slot.placeholder.value
    if not isinstance(value, RecordedExpression) or value._steps or value._path[0] not in LINK_PATHS:
        return None
    text = slot_value(slot, {value._path: f"{edge_url}{LINK_PATHS[value._path[0]]}{_SAMPLE_TOKEN}?l={locale}"}, core)
    before, token, after = text.partition(_SAMPLE_TOKEN)
    return Link(before, after) if token else None
