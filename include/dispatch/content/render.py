"""Renders one person's mail for previews, replacing tags literally as SendGrid does."""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape
from typing import Any

from include.dispatch.content.columns import person_batch
from include.dispatch.content.content import Content
from include.dispatch.content.fill import SlotFiller


@dataclass(frozen=True)
class Rendered:
    """The mail of one person. `preheader` is the line that an inbox shows after the subject, as text."""

    subject: str
    html: str
    text: str
    preheader: str


def render_one(content: Content, person: dict[str, Any]) -> Rendered:
    """The mail of one person, given as a dict of `PERSON_FIELDS` (`attributes` as a dict or as JSON). Raises `PlanError`."""
    filled = SlotFiller(content).fill(person_batch(person, content.fields)) if content.fields else _without_people(content)
    values = {slot.tag: array[0].as_py() for slot, array in zip(content.slots, filled, strict=True)}
    subject, html, text, preheader = (
        _replaced(part, values) for part in (content.subject, content.html, content.text, content.preheader)
    )
    return Rendered(subject, html, text, unescape(preheader))


def _without_people(content: Content) -> list[Any]:
    return SlotFiller(content).fill(person_batch({}, ["subscriber_id"]))


def _replaced(part: str, values: dict[str, str]) -> str:
    for tag, value in values.items():
        part = part.replace(tag, value)
    return part
