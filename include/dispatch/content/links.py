"""Slots that say nothing but a person's own link: the same text for everybody, then the person's token.

They are two thirds of all that a plan would store of a person, so it stores the token once and what stands before it once.
"""

from __future__ import annotations

from typing import NamedTuple

from include.core.token import LENGTH
from include.dispatch.content.content import Content, Slot
from include.dispatch.content.fill import value_of
from include.dispatch.content.person_proxy import Recorded

LINKS = {"unsubscribe_url": "/u/", "preferences_url": "/preferences/"}
"""The fields of a person that are links, and what stands between the edge's URL and the token."""

_ANY_TOKEN = "A" * LENGTH


class Link(NamedTuple):
    """What stands before and after a person's token, escaped for its place."""

    before: str
    after: str


def linked(content: Content, edge_url: str, locale: str) -> dict[str, Link]:
    """What stands around the token, by the tag of each slot that is a bare link. `locale` names the page's language."""
    found = {slot.tag: _around_token(slot, edge_url.rstrip("/"), locale, content.tag_core) for slot in content.slots}
    return {tag: link for tag, link in found.items() if link is not None}


def _around_token(slot: Slot, edge_url: str, locale: str, core: str) -> Link | None:
    value = slot.noted.value
    if not isinstance(value, Recorded) or value._steps or value._path[0] not in LINKS:
        return None
    text = value_of(slot, {value._path: f"{edge_url}{LINKS[value._path[0]]}{_ANY_TOKEN}?l={locale}"}, core)
    before, token, after = text.partition(_ANY_TOKEN)
    return Link(before, after) if token else None
