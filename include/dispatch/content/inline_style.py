"""The styles that are copied to an element of a mail, as the advice about its looks reads them."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

Styles = dict[str, str]
NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_DECLARATION = re.compile(r"(?:^|;)\s*([\w-]+)\s*:\s*([^;]+)")


def styles_of(node: LexborNode) -> Styles:
    """The declarations of an element's `style`, by property, in lower case and without `!important`."""
    declared = _DECLARATION.findall(node.attributes.get("style") or "")
    return {name.lower(): value.strip().lower().removesuffix("!important").strip() for name, value in declared}


def pixels(value: str) -> float | None:
    """A length in pixels; None in another unit, or if it is none."""
    match = re.fullmatch(f"({NUMBER})(px)?", value)
    return float(match[1]) if match and (match[2] or float(match[1]) == 0) else None
