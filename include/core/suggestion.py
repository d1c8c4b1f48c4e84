"""Suggests the known name that is closest to a mistyped one: `Did you mean …?`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

SHOWN = 12
"""How many known names an error lists before it says how many more there are."""


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is spelt most like `name`, whatever its case; None if none is similar."""
    by_folded = {each.casefold(): each for each in reversed(list(known))}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[near[0]] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`Did you mean x?`, or an empty string if no known name is similar."""
    near = closest(name, known)
    return f"Did you mean {near}?" if near else ""


def suggest(name: str, known: Iterable[str], *, kind: str) -> str:
    """The remedy for an unknown name: the closest one if there is one, and the known ones. `kind` is a plural."""
    names = sorted(set(known))
    listed = ", ".join(names[:SHOWN]) or "none"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return " ".join(part for part in (did_you_mean(name, names), f"Known {kind}: {listed}{more}.") if part)
