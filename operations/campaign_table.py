"""The campaign report as a table for the terminal, read from the published file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

COLUMNS = (
    "campaign", "occurrence", "selected", "accepted", "rejected", "suppressed", "capped", "held_out", "in_doubt", "pending",
    "delivered", "delivered_tracked", "bounced_hard", "bounced_soft", "human_opens", "human_clicks", "unsubscribes",
    "complaints", "delivery_rate", "human_open_rate", "human_open_rate_lower", "human_open_rate_upper", "raw_open_rate",
    "human_click_rate", "human_click_rate_lower", "human_click_rate_upper", "raw_click_rate",
)  # fmt: skip


def campaign_table(published: Path) -> str:
    """One column per campaign occurrence and one line per figure, which fits the width of a terminal."""
    import duckdb

    with duckdb.connect(str(published), read_only=True) as connection:
        rows = connection.execute(
            f"select {', '.join(COLUMNS)} from marts.campaign_performance where not contains(campaign, '__') "
            "order by planned_at desc, campaign limit 6"
        ).fetchall()
    if not rows:
        return "no campaign has been sent yet"
    lines = [
        [column.replace("_", " "), *(_shown(column, row[place]) for row in rows)] for place, column in enumerate(COLUMNS)
    ]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: list[str], widths: list[int]) -> str:
    first, *rest = cells
    return (
        "  " + first.ljust(widths[0]) + "".join(f"  {cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True))
    )


def _shown(column: str, value: Any) -> str:
    if value is None:
        return "-"
    if "_rate" in column:
        return f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else str(value)
