"""What MJML allows: the attributes of each element, their values, and the elements that stand in it.

mjml_elements.json has it from the reference implementation (operations/mjml_elements.cjs); MRML names none of it. What
MRML leaves out of that is stated here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_suffix(".json")
_EVERYWHERE = {"css-class": None, "mj-class": None}
_BORDERS = frozenset(["border", "border-bottom", "border-left", "border-right", "border-top"])
WITHOUT_EFFECT: Mapping[str, frozenset[str]] = {
    "mj-accordion-title": frozenset(["font-weight"]),
    "mj-body": frozenset(["id"]),
    "mj-button": frozenset(["title"]),
    "mj-hero": frozenset(["border-radius", "mode"]),
    "mj-image": frozenset(["border-bottom", "border-top", "sizes"]),
    "mj-raw": frozenset(["css-class", "position"]),
    "mj-section": frozenset(["gutter", "text-padding"]),
    "mj-social": frozenset(["border", "table-layout"]),
    "mj-social-element": frozenset(["border", "icon-position", "sizes", "srcset"]),
    "mj-spacer": _BORDERS,
    "mj-table": frozenset(["font-weight", "role"]),
    "mj-text": frozenset(["background-color"]),
    "mj-wrapper": frozenset(["gap", "gutter", "text-padding"]),
}
"""Attributes by element that MRML drops, as a test measures. `inline` of mj-style is not missed: all styles are inlined."""


_WITHOUT_RAW = ("mj-accordion", "mj-accordion-element", "mj-navbar", "mj-social", "mjml")
_EMPTY = ("mj-breakpoint", "mj-carousel-image")
"""Elements in which MRML takes no mj-raw, or nothing at all, although MJML does."""


class Element(NamedTuple):
    """An element of MJML.

    `children` are the elements that may stand in it; `is_ending`: it contains HTML or text instead. `attributes` have the
    values that they may have, None for any.
    """

    children: frozenset[str]
    is_ending: bool
    attributes: Mapping[str, tuple[str, ...] | None]


@cache
def known_elements() -> Mapping[str, Element]:
    """All elements by name."""
    known = json.loads(_FILE.read_text(encoding="utf-8"))["elements"]
    found = {name: _element(**known[name]) for name in known}
    for name in _WITHOUT_RAW:
        found[name] = found[name]._replace(children=found[name].children - {"mj-raw"})
    for name in _EMPTY:
        found[name] = found[name]._replace(is_ending=False)
    in_body = found.keys() - found["mj-head"].children - {"mjml", "mj-head"} | {"mj-raw"}
    for name in in_body:
        found[name] = found[name]._replace(attributes={**found[name].attributes, **_EVERYWHERE})
    every = {attribute: None for element in found.values() for attribute in element.attributes}
    found["mjml"] = found["mjml"]._replace(attributes=dict.fromkeys(("lang", "dir", "owa")))
    found["mj-attributes"] = Element(frozenset([*in_body, "mj-all", "mj-class"]), False, {})
    found["mj-all"] = Element(frozenset(), False, every)
    found["mj-class"] = Element(frozenset(), False, {"name": None, **every})
    return found


def _element(children: list[str], is_ending: bool, attributes: dict[str, list[str] | None]) -> Element:
    values = {name: None if allowed is None else tuple(allowed) for name, allowed in attributes.items()}
    return Element(frozenset(children), is_ending, values)


def parents(name: str) -> list[str]:
    """The elements in which an element may stand, without mj-attributes, which only has their defaults."""
    every = known_elements()
    return sorted(parent for parent in every if name in every[parent].children and parent != "mj-attributes")
