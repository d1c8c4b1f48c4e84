"""Checks that every mail must pass: requirements of the law, of mailbox providers and of good practice."""

from __future__ import annotations

import html as entities
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from include.core.campaign import Campaign
from include.core.errors import PlanError
from include.dispatch.content.content import Content, Slot
from include.dispatch.content.source_location import format_location
from include.dispatch.content.written_at import written_at

logger = logging.getLogger(__name__)

GMAIL_CLIPS_AT = 102 * 1024
_REPLY = re.compile(r"\s*(re|fwd?|aw|wg|tr|sv|antw)\s*(\[\d+\])?\s*:", re.IGNORECASE)
_LINK = re.compile(r"(https?://[^\s/]|mailto:[^\s@]+@|#)", re.IGNORECASE)
_IMAGE = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_ACTIVE = "script, iframe, object, embed, form, input, button, select, textarea, base, meta[http-equiv=refresh i], link"


class Requirement(PlanError):
    """What a mail must have and has not, or has and must not. `text` is what to look for in its files to find the line."""

    def __init__(self, what: str, *, where: str, remedy: str, text: str = "") -> None:
        self.text = text
        super().__init__(what, where=where, remedy=remedy)


def lint(content: Content, *, campaign: Campaign, names: dict[str, str], folder: Path) -> Content:
    """The content with warnings. `folder` has all templates.

    Raises `PlanError` with file and line if a requirement is not met.
    """
    if wrong := next(unmet(content, campaign=campaign, names=names), None):
        raise PlanError(wrong.what, where=_line_of(wrong, folder), remedy=wrong.remedy)
    return with_warnings(content, names)


def _line_of(wrong: Requirement, folder: Path) -> str:
    if not wrong.text:
        return wrong.where
    path, line = written_at(wrong.text, folder / wrong.where, folder)
    return format_location(str(path), line)


def with_warnings(content: Content, names: dict[str, str]) -> Content:
    """The content with its warnings, which are logged."""
    warnings = tuple(_warnings(content))
    for warning in warnings:
        logger.warning("%s: %s", names["body_html"], warning)
    return replace(content, warnings=warnings)


def unmet(content: Content, *, campaign: Campaign, names: dict[str, str]) -> Iterator[Requirement]:
    """Every requirement that the content does not meet. `names` are the files of its parts."""
    yield from _subject(content, names["subject"])
    yield from _text(content, campaign, names["body_text"])
    yield from _html(content, campaign, names["body_html"])
    yield from _confirmation(content, campaign, names)


def _subject(content: Content, name: str) -> Iterator[Requirement]:
    if not content.subject:
        yield Requirement("is empty.", where=name, remedy="Write a subject: one line.")
    if _REPLY.match(content.subject):
        yield Requirement("imitates a reply.", where=name, remedy="Remove Re: or Fwd: (CAN-SPAM: no deceptive subjects).")


def _text(content: Content, campaign: Campaign, name: str) -> Iterator[Requirement]:
    if not content.text.strip():
        yield Requirement("is empty.", where=name, remedy="Write the text part; some mail clients do not show HTML.")
        return
    if _normalise(campaign.postal_address) not in _normalise(content.text):
        yield Requirement("lacks the postal address.", where=name, remedy="Write {{ postal_address }} (CAN-SPAM, CASL).")
    if not any(slot.context == "text" and slot.tag in content.text for slot in _unsubscribe(content)):
        yield Requirement("lacks the unsubscribe link.", where=name, remedy="Write {{ unsubscribe_url }}.")


def _html(content: Content, campaign: Campaign, name: str) -> Iterator[Requirement]:
    tree = LexborHTMLParser(content.html)
    body = tree.body
    shown = body.text(separator=" ") if body else ""
    if not shown.strip():
        yield Requirement("is empty.", where=name, remedy="Write the HTML part.")
        return
    if _normalise(campaign.postal_address) not in _normalise(shown):
        yield Requirement("lacks the postal address.", where=name, remedy="Write {{ postal_address }} (CAN-SPAM, CASL).")
    if active := tree.css_first(_ACTIVE):
        yield Requirement(
            f"contains <{active.tag}>.",
            where=name,
            remedy="Remove it: mail clients strip it or treat it as suspicious.",
            text=f"<{active.tag}",
        )
    tags = [slot.tag for slot in content.slots]
    yield from _links(tree, tags, [slot.tag for slot in _unsubscribe(content)], name)
    yield from _images(tree, tags, name)
    yield from _handlers(tree, name)


def _links(tree: LexborHTMLParser, tags: list[str], unsubscribe: list[str], name: str) -> Iterator[Requirement]:
    out = False
    for link in tree.css("a[href], area[href]"):
        target = (link.attributes.get("href") or "").strip()
        if not _LINK.match(target) and not any(target.startswith(tag) for tag in tags):
            yield Requirement(
                f"links to {target[:60] or 'nothing'}.",
                where=name,
                remedy="Use an absolute http, https or mailto URL.",
                text=target.partition("?")[0] or 'href=""',
            )
        out = out or (target in unsubscribe and bool(_label(link)))
    if not out:
        yield Requirement(
            "lacks the unsubscribe link.", where=name, remedy='Write <a href="{{ unsubscribe_url }}">Unsubscribe</a>.'
        )


def _confirmation(content: Content, campaign: Campaign, names: dict[str, str]) -> Iterator[Requirement]:
    """A confirmation has its link in both parts; other mail must not contain it, since it records consent."""
    if campaign.kind != "confirmation":
        if "confirm_url" in content.fields:
            yield Requirement(
                "contains confirm_url.",
                where=names["body_html"],
                remedy="Remove it: only campaigns of kind: confirmation may contain it.",
            )
        return
    tags = [slot.tag for slot in content.slots if slot.expression == "person.confirm_url"]
    for part, body in (("body_html", content.html), ("body_text", content.text)):
        if not any(tag in body for tag in tags):
            yield Requirement("lacks the confirmation link.", where=names[part], remedy="Write {{ confirm_url }}.")


def _label(link: LexborNode) -> str:
    return link.text(strip=True) or next((image.attributes.get("alt") or "" for image in link.css("img")), "")


def _images(tree: LexborHTMLParser, tags: list[str], name: str) -> Iterator[Requirement]:
    for image in tree.css("img"):
        source = (image.attributes.get("src") or "").strip()
        if not _IMAGE.match(source) and not any(source.startswith(tag) for tag in tags):
            yield Requirement(
                f"shows the image {source[:60] or 'without a source'}.",
                where=name,
                remedy="Use an absolute https URL.",
                text=source or "<img",
            )
        if "alt" not in image.attributes:
            yield Requirement(
                f"shows {source[:60]} without alt.",
                where=name,
                remedy='Describe it, or write alt="" for decoration.',
                text=source or "<img",
            )


def _handlers(tree: LexborHTMLParser, name: str) -> Iterator[Requirement]:
    for node in tree.css("*"):
        if handler := next((key for key in node.attributes if key.startswith("on")), None):
            yield Requirement(
                f"contains {handler} on <{node.tag}>.",
                where=name,
                remedy="Remove it: mail must not contain scripts.",
                text=handler,
            )


def _unsubscribe(content: Content) -> Iterator[Slot]:
    return (slot for slot in content.slots if slot.expression == "person.unsubscribe_url")


def _warnings(content: Content) -> Iterator[str]:
    size = len(content.html.encode())
    if size > GMAIL_CLIPS_AT:
        yield f"the HTML has {size // 1024} KB; Gmail clips mail at 102 KB, which hides the unsubscribe link"
    if len(content.subject) > 150:
        yield "the subject is longer than 150 characters"
    if "lang=" not in content.html[:1000]:
        yield "the HTML has no lang attribute (screen readers need it)"


def _normalise(text: str) -> str:
    return re.sub(r"[\s,]+", " ", entities.unescape(text)).strip().casefold()
