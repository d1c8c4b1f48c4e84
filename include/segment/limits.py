"""Limits of a segment's size, from the header of its file: `-- limits: 1000..50000, ±50%`.

`1000..50000` is the smallest and the largest number of members, and either may be left out; `±50%` is the largest change
against the last run whose size was not stopped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"(?P<least>[\d_]*)\s*\.\.\s*(?P<most>[\d_]*)")
_CHANGE = re.compile(r"(?:±|\+/?-)\s*(?P<percent>\d+(?:\.\d+)?)\s*%")


@dataclass(frozen=True)
class Limits:
    """None: no limit. `change` is in percent of the earlier size."""

    least: int | None = None
    most: int | None = None
    change: float | None = None


def read(text: str) -> Limits:
    """Parse the header's text, empty for none. Raises `ValueError`."""
    least = most = change = None
    for part in filter(None, (part.strip() for part in text.split(","))):
        bounds, relative = _RANGE.fullmatch(part), _CHANGE.fullmatch(part)
        if bounds and (bounds["least"] or bounds["most"]):
            least, most = (int(one.replace("_", "")) if one else None for one in bounds.groups())
        elif relative:
            change = float(relative["percent"])
        else:
            raise ValueError(f"'{part[:40]}' is no limit")
    if least is not None and most is not None and least > most:
        raise ValueError(f"{least}..{most} contains no number")
    return Limits(least, most, change)


def breach(limits: Limits, members: int, previous: int | None, accepted: tuple[int, int] | None = None) -> str:
    """Why a size is outside its limits; empty if it is within.

    `previous` is the last size that was not stopped; `accepted` the smallest and largest size that somebody accepted lately.
    """
    lowest, highest = accepted or (members + 1, members - 1)
    if lowest <= members <= highest:
        return ""
    if limits.least is not None and members < limits.least:
        return f"has {members:,} members, fewer than its limit of {limits.least:,}"
    if limits.most is not None and members > limits.most:
        return f"has {members:,} members, more than its limit of {limits.most:,}"
    if limits.change is not None and previous and abs(members - previous) > previous * limits.change / 100:
        moved = "grew" if members > previous else "shrank"
        by = abs(members - previous) / previous
        return f"{moved} by {by:.0%} from {previous:,} to {members:,} members, more than its limit of ±{limits.change:g} %"
    return ""
