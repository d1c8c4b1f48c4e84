"""The contrast of each text to its background (WCAG 2.2, 1.4.3), from the styles that are copied to the elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from include.dispatch.content.inline_style import Styles, pixels, styles_of

Colour = tuple[int, int, int]
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_NAMES: dict[str, Colour] = {
    "white": _WHITE, "black": _BLACK, "red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0),
    "gray": (128, 128, 128), "grey": (128, 128, 128), "silver": (192, 192, 192), "lightgray": (211, 211, 211),
    "lightgrey": (211, 211, 211), "orange": (255, 165, 0), "navy": (0, 0, 128), "maroon": (128, 0, 0),
    "purple": (128, 0, 128),
}  # fmt: skip


@dataclass(frozen=True)
class _Look:
    """How text in an element looks; None: not known, so that nothing is said."""

    colour: Colour | None = _BLACK
    background: Colour | None = _WHITE
    pixels: float = 16.0
    is_bold: bool = False

    @property
    def wanted(self) -> float:
        """4.5, or 3 for large text: 24 pixels, or 18.66 in bold."""
        return 3.0 if self.pixels >= 24 or (self.is_bold and self.pixels >= 18.66) else 4.5


def low_contrast(tree: LexborHTMLParser) -> Iterator[tuple[str, float, float]]:
    """Texts with too little contrast: the text, its contrast, and the one that it needs."""
    if tree.body is not None:
        seen: dict[tuple[str, float, float], None] = {}
        for text, look in _texts(tree.body, _Look()):
            if look.colour and look.background and (ratio := contrast(look.colour, look.background)) < look.wanted:
                seen[text, ratio, look.wanted] = None
        yield from seen


def contrast(one: Colour, other: Colour) -> float:
    """The ratio of the luminances of two colours, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _texts(node: LexborNode, look: _Look) -> Iterator[tuple[str, _Look]]:
    """Every visible text below a node, and how it looks."""
    styles = styles_of(node)
    if node.tag in ("style", "script", "title") or styles.get("display") == "none" or "hidden" in node.attributes:
        return
    look = _styled(look, styles, node)
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            if text := " ".join((child.text_content or "").split()).strip("\u00a0\u2007\u034f \u00b7"):
                yield text, look
        else:
            yield from _texts(child, look)


def _styled(look: _Look, styles: Styles, node: LexborNode) -> _Look:
    background = styles.get("background-color") or styles.get("background") or node.attributes.get("bgcolor")
    if background:
        look = replace(look, background=_colour(background))
    if node.tag == "a" and "color" not in styles:
        look = replace(look, colour=None)  # Each mail program has its own colour for links.
    if "color" in styles:
        look = replace(look, colour=_colour(styles["color"]))
    if size := pixels(styles.get("font-size", "")):
        look = replace(look, pixels=size)
    weight = styles.get("font-weight", "bold" if node.tag in ("b", "strong", "h1", "h2", "h3") else "")
    if weight:
        look = replace(look, is_bold=weight in ("bold", "bolder") or (weight.isdecimal() and int(weight) >= 700))
    return look


def _colour(text: str) -> Colour | None:
    """A colour of CSS; None for one that is not plain, such as a gradient or a transparent one."""
    text = text.removesuffix("!important").strip().lower()
    if match := re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", text):
        digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if match := re.fullmatch(r"rgb\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s*\)", text):
        return int(match[1]), int(match[2]), int(match[3])
    return _NAMES.get(text)
