"""Variants and hold-outs of a campaign occurrence, with the intervals that hold now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.publish.console import charts
from include.publish.console.blocks import Block, Column, Mark, Prose, Row, Table
from include.publish.console.charts import Axis
from include.publish.console.source import Source

METRICS = {
    "human_open": "opened",
    "human_click": "clicked",
    "purchase_14d": "bought in 14 days",
    "revenue_14d": "revenue in 14 days",
}


def variants(source: Source, of: dict[str, str]) -> Sequence[Block]:
    """The differences as a chart, and every arm in a table."""
    rows = source.rows("console/run_variants", **of)
    if not rows:
        return [Prose("This campaign has one variant and no hold-out.")]
    for row in rows:
        row["title"] = f"{row['variant']}, {METRICS.get(row['metric'], row['metric'])}"
    tested = [row for row in rows if row["interval_low"] is not None and not row["is_money"]]
    drawn = charts.intervals(
        "Difference in points, with its 95 % interval",
        tested,
        Axis("title", "variant", "text"),
        Axis("lift", "difference", "percent"),
        "interval_low",
        "interval_high",
    )
    return [*([drawn] if tested else []), _arms(rows)]


def _arms(rows: Sequence[dict[str, Any]]) -> Table:
    for row in rows:
        kind = "decimal" if row["is_money"] else "percent"
        write = Axis("", "", "decimal" if kind == "decimal" else "percent").write
        row["shown"], row["difference"] = write(row["value"]), write(row["lift"])
        known = row["interval_low"] is not None
        row["interval"] = f"{write(row['interval_low'])} to {write(row['interval_high'])}" if known else None
    columns = [
        Column("title", "Variant", "text"),
        Column("baseline", "Against", "text"),
        Column("people", "People"),
        Column("converted", "Did it"),
        Column("shown", "Value", "text"),
        Column("difference", "Difference", "text"),
        Column("interval", "95 % interval", "text"),
        Column("status", "Result", mark=_result),
    ]
    return Table("Variants and hold-out", columns, rows)


def _result(row: Row) -> Mark:
    if row["status"] == "sample_ratio_mismatch":
        return Mark("arms not drawn as planned", "warn")
    if row["variant"] == row["baseline"]:
        return Mark("baseline")
    if row["interval_low"] is not None and row["interval_low"] * row["interval_high"] > 0:
        return Mark("a difference", "good")
    words = {"window_open": "window still open", "sending": "still sending", "stopped_early": "stopped early"}
    return Mark(words.get(row["status"], "inconclusive"))
