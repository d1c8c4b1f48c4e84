"""Links that a thumb misses: buttons that are too low, and small links too close to each other.

WCAG 2.2: 2.5.5 wants 44 pixels; 2.5.8 wants 24, or that much room around a smaller target. Links in a sentence are exempt
there and here: only links with nothing between them but space, a bar, a dot or a line break are looked at. Sizes come from
the styles that are copied to the elements; where one of them is in another unit than pixels, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from include.dispatch.content.inline_style import NUMBER, Styles, pixels, styles_of

THUMB, SMALL = 44, 24
"""Pixels: what a button should have, and what every target should have, or be apart."""
_SEPARATORS = re.compile(r"[\s\u00a0\u2007\u2009\u200b|¦/·•●∙‧*›»>–—-]*")
_BLOCKS = ("address", "center", "div", "li", "nav", "ol", "p", "section", "ul")
_SPACED = ("p", "ul", "ol")
"""Blocks that have a line of space above and below unless a style says otherwise."""
_NORMAL = 1.2
"""Line height and height of a text, in sizes of its font, where nothing is declared."""
_CHARACTER = 0.28
"""Width of a space, a bar or a dot in Helvetica and Arial, in sizes of its font."""


class SmallTarget(NamedTuple):
    """`text` is the link's text, or what stands for it in its files."""

    text: str
    what: str
    remedy: str


@dataclass(frozen=True)
class _Font:
    """Size and line height in pixels, as inherited; None: in another unit."""

    size: float | None = 16.0
    line: float | None = None

    @property
    def pitch(self) -> float | None:
        """From one line to the next."""
        return self.line or (None if self.size is None else _NORMAL * self.size)


@dataclass
class _Link:
    label: str
    target: str
    height: float | None
    side: float
    """Padding and margin at its end, which is room to the next one."""


class _Room(NamedTuple):
    """What is between a link and the next: `wide` pixels in its line, or `high` from its line to the next one's."""

    wide: float = 0.0
    high: float | None = None


def small_targets(tree: LexborHTMLParser) -> Iterator[SmallTarget]:
    """Every button that is too low, and the first two links of each row or list that are too close."""
    yield from _low_buttons(tree)
    if tree.body is not None:
        yield from _Row().read(tree.body, _Font())


def _low_buttons(tree: LexborHTMLParser) -> Iterator[SmallTarget]:
    """Buttons are links in a cell or box of their own colour."""
    for link in tree.css("a[href]"):
        box = link.parent
        styles = [styles_of(node) if node else {} for node in (box, link)]
        coloured = any(name.startswith("background") for each in styles for name in each)
        if box is None or box.text(strip=True) != link.text(strip=True) or not coloured:
            continue
        height = sum(_padding(each, "top") + _padding(each, "bottom") for each in styles)
        height += max(pixels(each.get("line-height", "")) or 0.0 for each in styles)
        if 0 < height < THUMB:
            label = link.text(strip=True)
            what = f"the button '{label[:40]}' is {height:g} pixels high."
            yield SmallTarget(label, what, f"Make it {THUMB} or more by padding, for thumbs (WCAG 2.5.5).")


class _Row:
    """Reads a body in its order, and remembers the last link until something else than a separator follows it."""

    def __init__(self) -> None:
        self._last: _Link | None = None
        self._room: _Room | None = _Room()
        self._is_told = False

    def read(self, node: LexborNode, font: _Font) -> Iterator[SmallTarget]:
        styles = styles_of(node)
        if styles.get("display") == "none" or "hidden" in node.attributes or node.tag in ("style", "script", "title"):
            return
        font = _inherited(font, styles)
        if node.tag == "a" and node.attributes.get("href"):
            yield from self._link(_link(node, styles, font))
        elif node.tag == "br":
            self._new_line(font, (font.pitch or 0.0) if self._room and self._room.high is not None else 0.0)
        else:
            self._edge(node, styles, font, "top")
            for child in node.iter(include_text=True):
                if child.tag == "-text":
                    self._text(child.text_content or "", font)
                else:
                    yield from self.read(child, font)
            self._edge(node, styles, font, "bottom")

    def _link(self, link: _Link) -> Iterator[SmallTarget]:
        last, room = self._last, self._room
        if last and room and not self._is_told and last.target != link.target:
            are_small = all(each.height is not None and each.height < SMALL for each in (last, link))
            apart = room.high if room.high is not None else room.wide + last.side + link.side
            if are_small and apart < SMALL:
                self._is_told = True
                yield _too_close(last, link, apart, is_column=room.high is not None)
        self._last, self._room = link, _Room()

    def _text(self, text: str, font: _Font) -> None:
        if not _SEPARATORS.fullmatch(text):
            self._last, self._is_told = None, False
        elif self._room and self._room.high is None:
            characters = len(re.sub(r"[ \t\r\n]+", " ", text))
            wide = None if font.size is None else self._room.wide + _CHARACTER * font.size * characters
            self._room = None if wide is None else _Room(wide)

    def _edge(self, node: LexborNode, styles: Styles, font: _Font, side: str) -> None:
        """The begin or end of an element. A block begins a new line, with its margin and padding; a cell is elsewhere."""
        if node.tag in ("img", "table", "tbody", "tr", "td", "th", "hr", "h1", "h2", "h3", "h4", "h5", "h6"):
            self._last, self._is_told = None, False
        elif node.tag in _BLOCKS or styles.get("display") == "block":
            usual = font.size if node.tag in _SPACED else 0.0
            self._new_line(font, _padding(styles, side) + _space(styles, "margin", side, usual or 0.0))

    def _new_line(self, font: _Font, added: float) -> None:
        """Room grows by what is added; the first of several breaks begins with the height of a line."""
        if self._room is None or font.pitch is None:
            self._room = None
        else:
            self._room = _Room(high=(font.pitch if self._room.high is None else self._room.high) + added)


def _too_close(one: _Link, other: _Link, apart: float, *, is_column: bool) -> SmallTarget:
    names = f"the links '{one.label[:30]}' and '{other.label[:30]}'"
    if is_column:
        what = f"{names} are in lines {apart:.0f} pixels high."
        remedy = f"Give their lines {SMALL} or more by line-height or padding, for thumbs (WCAG 2.5.8)."
    else:
        what = f"{names} are small and about {apart:.0f} pixels apart."
        remedy = f"Give each a line of its own, or {SMALL} pixels of height or distance, for thumbs (WCAG 2.5.8)."
    return SmallTarget(one.label, what, remedy)


def _link(node: LexborNode, styles: Styles, font: _Font) -> _Link:
    images = [pixels(f"{image.attributes.get('height') or ''}px") for image in node.css("img")]
    is_box = styles.get("display") in ("block", "inline-block")
    text = font.pitch if is_box else None if font.size is None else _NORMAL * font.size
    high = max((image or 0.0 for image in images), default=text)
    height = None if high is None else high + _padding(styles, "top") + _padding(styles, "bottom")
    alternative = next((image.attributes.get("alt") or "" for image in node.css("img")), "")
    side = max(_padding(styles, end) + _space(styles, "margin", end, 0.0) for end in ("left", "right"))
    target = node.attributes.get("href") or ""
    return _Link(node.text(strip=True) or alternative or target, target, height, side)


def _inherited(font: _Font, styles: Styles) -> _Font:
    if size := styles.get("font-size"):
        font = replace(font, size=pixels(size))
    if line := styles.get("line-height"):
        factor = re.fullmatch(NUMBER, line)
        font = replace(font, line=(font.size or 0.0) * float(factor[0]) or None if factor else pixels(line))
    return font


def _padding(styles: Styles, side: str) -> float:
    return _space(styles, "padding", side, 0.0)


def _space(styles: Styles, name: str, side: str, usual: float) -> float:
    """Margin or padding at a side, in pixels; `usual` if none is declared."""
    if own := styles.get(f"{name}-{side}"):
        return pixels(own) or 0.0
    sides = styles.get(name, "").split()
    if not sides:
        return usual
    at = ("top", "right", "bottom", "left").index(side)
    return pixels(sides[(0, at % 2, at if at < len(sides) else 1, at)[min(len(sides), 4) - 1]]) or 0.0
