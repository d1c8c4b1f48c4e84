"""Slots that say nothing but a person's own link: the same text for everybody, then the person's token.

They are two thirds of all that a plan would store of a person, so it stores the token once and what stands before it once.
"""

from __future__ import annotations

from include.core.token import LENGTH
from include.dispatch.content.content import Content, Slot
from include.dispatch.content.fill import value_of
from include.dispatch.content.recording import Recorded

LINKS = {"unsubscribe_url": "/u/", "preferences_url": "/preferences/"}
"""The fields of a person that are links, and what stands between the edge's URL and the token."""

_ANY_TOKEN = "A" * LENGTH


def linked(content: Content, edge_url: str) -> dict[str, str]:
    """What stands before the token, escaped for its place, by the tag of each slot that is a bare link."""
    found = {slot.tag: _before_token(slot, edge_url.rstrip("/"), content.tag_core) for slot in content.slots}
    return {tag: before for tag, before in found.items() if before is not None}


def _before_token(slot: Slot, edge_url: str, core: str) -> str | None:
    value = slot.noted.value
    if not isinstance(value, Recorded) or value._steps or value._path[0] not in LINKS:
        return None
    text = value_of(slot, {value._path: f"{edge_url}{LINKS[value._path[0]]}{_ANY_TOKEN}"}, core)
    return text.removesuffix(_ANY_TOKEN) if text.endswith(_ANY_TOKEN) else None
