"""Number formats of the report: thousands grouped, small rates with more digits, a dash for a missing value."""

from __future__ import annotations

import base64
from datetime import datetime

MISSING = "–"


def count(value: float | None) -> str:
    """`12,345`; decimals only where there are any."""
    if value is None:
        return MISSING
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def percent(value: float | None) -> str:
    """`97.3 %`, and below 1 % `0.084 %`."""
    if value is None:
        return MISSING
    digits = f"{value * 100:.1f}" if value == 0 or abs(value) >= 0.01 else f"{value * 100:.3f}".rstrip("0").rstrip(".")
    return f"{digits}\N{NO-BREAK SPACE}%"


def decimal(value: float | None, places: int = 2) -> str:
    """`1,234.50`."""
    return MISSING if value is None else f"{value:,.{places}f}"


def moment(value: str) -> str:
    """An ISO time in UTC as `24 November 2026, 02:52 UTC`."""
    at = datetime.fromisoformat(value)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def embedded(svg: str) -> str:
    """A picture as the address of an image: in it, no script of an SVG runs."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
