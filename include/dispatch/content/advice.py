"""Advice on a compiled mail: what readers on phones, with weak eyes or with a screen reader have trouble with.

Sources: WCAG 2.2 (1.4.3 contrast, 1.3.1 headings, 2.5.5 and 2.5.8 target size); Litmus and Gmail on what phones show of
a subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from selectolax.lexbor import LexborHTMLParser, LexborNode

from include.dispatch.content.content import Content
from include.dispatch.content.contrast import low_contrast
from include.dispatch.content.tap_targets import small_targets

MAX_SUBJECT, MIN_PREHEADER, MAX_PREHEADER = 60, 30, 100
"""Characters. A phone shows about 40 of the subject and 40 to 90 of the preheader, and fills a short one from the mail."""
MAX_WIDTH = 600
"""Pixels. The width that mail programs show beside their own columns, and that of the layout."""
_NAME = "Friederike"
"""Stands for a person's value where length matters."""
_HOST = re.compile(r"https?://(?P<host>[^/?#\s]*)(?P<rest>\S*)$", re.IGNORECASE)
_SHOUTING = re.compile(r"\b[A-ZÄÖÜ]{5,}\b.*\b[A-ZÄÖÜ]{4,}\b")
_PHRASES = re.compile(
    r"\b(100\s?% (?:free|gratis|gratuit)|act now|buy now|click here|hier klicken|cliquez ici|limited time|risk[- ]free|"
    r"no obligation|winner|you have won|sie haben gewonnen|vous avez gagné|free money|earn money|geld verdienen|"
    r"nur heute|seulement aujourd'hui|once in a lifetime|satisfaction guaranteed|double your)\b|!!+|[€$]{3,}",
    re.IGNORECASE,
)
"""Phrases that content filters weigh. They are hints: filters decide mostly by the sender's reputation."""
Part = Literal["subject", "preheader", "body_html"]


@dataclass(frozen=True)
class Advice:
    """What is weak in a part of the mail. `text` is what to look for in its files to find the line."""

    severity: Literal["warning", "hint"]
    part: Part
    text: str
    what: str
    remedy: str


def advice(content: Content) -> Iterator[Advice]:
    """Everything that can be said about a content without sending it."""
    tree = LexborHTMLParser(content.html)
    yield from _inbox_line(content)
    yield from _phrases("subject", _plain(content.subject, content))
    yield from _phrases("body_html", tree.body.text(separator=" ") if tree.body else "")
    tags = tuple(slot.tag for slot in content.slots)
    for link in tree.css("a[href]"):
        yield from _target(link.attributes.get("href") or "", tags, "links to")
    yield from _dead_anchors(tree)
    for image in tree.css("img"):
        yield from _image(image, tags)
    yield from _headings(tree)
    for text, ratio, wanted in low_contrast(tree):
        what = f"'{text[:40]}' has a contrast of {ratio:.1f} to its background."
        yield Advice("warning", "body_html", text, what, f"Choose colours with {wanted:g} or more (WCAG 1.4.3).")
    for target in small_targets(tree):
        yield Advice("hint", "body_html", target.text, target.what, target.remedy)


def _plain(text: str, content: Content) -> str:
    for slot in content.slots:
        text = text.replace(slot.tag, _NAME)
    return text


def _inbox_line(content: Content) -> Iterator[Advice]:
    subject, preheader = _plain(content.subject, content), _plain(content.preheader, content)
    if len(subject) > MAX_SUBJECT:
        what = f"the subject has about {len(subject)} characters; phones show 40."
        yield Advice("hint", "subject", "", what, "Put what matters first, or shorten it.")
    if _SHOUTING.search(subject):
        yield Advice(
            "hint", "subject", "", "the subject is written in capitals.", "Write a sentence; filters weigh capitals."
        )
    if not preheader:
        yield Advice(
            "hint", "preheader", "", "there is no preheader.", "Write the line that follows the subject in an inbox."
        )
    elif not MIN_PREHEADER <= len(preheader) <= MAX_PREHEADER:
        what = f"the preheader has about {len(preheader)} character{'s' * (len(preheader) > 1)}; phones show 40 to 90."
        yield Advice("hint", "preheader", "", what, f"Write {MIN_PREHEADER} to {MAX_PREHEADER}.")


def _phrases(part: Part, text: str) -> Iterator[Advice]:
    for found in dict.fromkeys(match[0] for match in _PHRASES.finditer(text)):
        yield Advice("hint", part, found, f"'{found}' is a phrase that spam filters weigh.", "Say it in other words.")


def _target(url: str, tags: tuple[str, ...], verb: str) -> Iterator[Advice]:
    """A link or image that is not encrypted, or whose host cannot exist. Links of a person are ours."""
    url = url.strip().partition("?")[0]  # What follows may have been added, and is escaped in the file.
    match = _HOST.match(url)
    if url.startswith(tags) or (match is None and not re.match(r"https?:", url, re.IGNORECASE)):
        return
    host = match["host"].rpartition("@")[2].partition(":")[0] if match else ""
    if match is None or not re.fullmatch(r"(?:[\w-]+\.)+[\w-]{2,}", host):
        yield Advice("warning", "body_html", url, f"{verb} {url[:60]}, which is no address of a web page.", "Correct it.")
    elif url.lower().startswith("http:"):
        what = f"{verb} {url[:60]} without encryption."
        yield Advice("warning", "body_html", url, what, "Write https; browsers and filters warn of http.")


def _dead_anchors(tree: LexborHTMLParser) -> Iterator[Advice]:
    """Links to a place in the mail that is not there; `#` is what people write until they know the address."""
    places = {"top"} | {node.attributes.get(name) for node in tree.css("[id], [name]") for name in ("id", "name")}
    for link in tree.css('a[href^="#"]'):
        target = str(link.attributes["href"])
        if target[1:] not in places:
            what = f"links to {target[:60]}, which is not in the mail."
            yield Advice("warning", "body_html", f'"{target}"', what, "Write the address of a page.")


def _image(image: LexborNode, tags: tuple[str, ...]) -> Iterator[Advice]:
    source = (image.attributes.get("src") or "").strip()
    width = (image.attributes.get("width") or "").strip()
    if width.isdecimal() and int(width) > MAX_WIDTH:
        what = f"shows an image that is {width} pixels wide ({(image.attributes.get('alt') or 'without alt')[:40]})."
        yield Advice(
            "hint", "body_html", "image(", what, f"Mail programs show {MAX_WIDTH}: write width={MAX_WIDTH} or less."
        )
    yield from _target(source, tags, "shows")
    if missing := [name for name in ("width", "height") if not image.attributes.get(name)]:
        what = f"shows {source[:60]} without {' and '.join(missing)}."
        yield Advice("warning", "body_html", source, what, "Write both in pixels, so that nothing jumps while it loads.")


def _headings(tree: LexborHTMLParser) -> Iterator[Advice]:
    levels = [(int(str(node.tag)[1]), node.text(strip=True)) for node in tree.css("h1, h2, h3, h4, h5, h6")]
    if sum(level == 1 for level, _ in levels) > 1:
        second = [text for level, text in levels if level == 1][1]
        yield Advice(
            "hint", "body_html", second, "there is more than one h1.", "Keep one: it is the title for screen readers."
        )
    for (before, _), (level, text) in zip([(0, ""), *levels], levels, strict=False):
        if level > before + 1:
            what = f"'{text[:40]}' is an h{level} after {f'an h{before}' if before else 'no heading'}."
            yield Advice("hint", "body_html", text, what, f"Write h{before + 1}; choose the size by a style.")
