"""How campaigns and segments name a segment: `engaged`, or with other parameters than its defaults: `engaged(days=30)`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from include.core import sql_literal
from include.core.sql_literal import Literal
from include.core.suggestion import closest

_NAME = re.compile(r"(?P<segment>[a-z][a-z0-9_]{0,59})(?:\s*\((?P<parameters>.*)\))?", re.DOTALL)
_PARAMETER = re.compile(rf"\s*(?P<name>[a-z]\w*)\s*=\s*(?P<value>{sql_literal.PATTERN})\s*(?:,|$)")


@dataclass(frozen=True)
class SegmentName:
    """A segment, and the values of the parameters that are given. `str()` is the name under which members are frozen."""

    segment: str
    parameters: Mapping[str, Literal] = field(default_factory=dict)

    def __str__(self) -> str:
        given = ", ".join(f"{name}={sql_literal.write(self.parameters[name])}" for name in sorted(self.parameters))
        return f"{self.segment}({given})" if given else self.segment

    def __hash__(self) -> int:
        return hash(str(self))


def read(text: str) -> SegmentName:
    """Parse a name. Raises `ValueError` with the form that is expected."""
    match = _NAME.fullmatch(text.strip())
    if not match:
        raise ValueError(f"'{text[:80]}' is not a segment: write its name, or name(parameter=value)")
    found: dict[str, Literal] = {}
    rest = match["parameters"] or ""
    while rest.strip():
        parameter = _PARAMETER.match(rest)
        if not parameter or parameter["name"] in found:
            raise ValueError(f"'{rest.strip()[:80]}' is not parameter=value; a text is in single quotes")
        found[parameter["name"]] = sql_literal.read(parameter["value"])
        rest = rest[parameter.end() :]
    return SegmentName(match["segment"], found)


def settle(name: SegmentName, defaults: Mapping[str, Literal]) -> SegmentName:
    """The name with typed values, without those that equal the default. Raises `ValueError` for a wrong parameter."""
    given: dict[str, Literal] = {}
    for parameter, value in name.parameters.items():
        if parameter not in defaults:
            raise ValueError(f"{name.segment} has no parameter {parameter}{meant(parameter, defaults)}")
        typed = sql_literal.fitted(value, defaults[parameter])
        if typed is None:
            wanted, found = sql_literal.kind(defaults[parameter]), sql_literal.kind(value)
            raise ValueError(f"the parameter {parameter} of {name.segment} is a {wanted}, not a {found}.")
        if typed != defaults[parameter]:
            given[parameter] = typed
    return SegmentName(name.segment, given)


def meant(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: `: did you mean a?`, or the known words."""
    words = sorted(known)
    if near := closest(word, words):
        return f": did you mean {near}?"
    return f"; there are {', '.join(words)}." if words else "; there are none."
