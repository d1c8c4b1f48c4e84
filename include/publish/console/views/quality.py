"""Data quality: batches, what went to quarantine, and the rules that did not hold."""

from __future__ import annotations

from collections.abc import Sequence

from include.publish.console import charts
from include.publish.console.blocks import Block, Choice, Column, Filter, Mark, Page, Prose, Row, Section, Table
from include.publish.console.charts import Axis
from include.publish.console.source import Source
from include.publish.console.view import View

DAYS = (7, 30, 90, 365)


def build(source: Source) -> Page:
    """The page for the relation and the days of the filters."""
    relation, days = source.value("relation"), int(source.number("days", DAYS[1], DAYS[-1]))
    names = [row["relation"] for row in source.rows("console/relations")]
    filters = [
        Filter("relation", "Relation", relation, [Choice("", "all"), *(Choice(name, name) for name in names)]),
        Filter("days", "Days", str(days), [Choice(str(each), f"the last {each} days") for each in DAYS]),
    ]
    rows = source.rows("console/quality_history", days=days, relation=relation)
    return Page(
        [
            Section("Quarantine", lambda: _quarantine(rows), "Rows that broke a rule are held back with their reasons."),
            Section("Rules that did not hold", lambda: _findings(source, relation, days)),
            Section("Batches", lambda: _batches(rows)),
            Section(
                "Newest validation", lambda: [Prose("Every rule of the newest batch, with counts.", "Open", "../quality")]
            ),
        ],
        filters,
    )


def _quarantine(rows: Sequence[dict[str, object]]) -> Sequence[Block]:
    share = Axis("quarantined_share", "share in quarantine", "percent")
    at, relation = Axis("validated_at", "validated", "time"), Axis("relation", "relation", "text")
    return [charts.trend("Share of rows in quarantine", rows[::-1], at, share, relation)]


def _findings(source: Source, relation: str, days: int) -> Sequence[Block]:
    rows = source.rows("console/quality_findings", days=days, relation=relation)
    columns = [
        Column("rule", "Rule", "wrap"),
        Column("relation", "Relation", "text"),
        Column("about", "Column", "text"),
        Column("severity", "Severity", mark=_severity),
        Column("runs", "Runs"),
        Column("unexpected_rows", "Rows"),
        Column("last_at", "Last", "time"),
        Column("finding", "Finding", "wrap"),
    ]
    return [Table("Rules that did not hold, the newest first", columns, rows, "Every rule held.")]


def _severity(row: Row) -> Mark:
    return Mark(str(row["severity"]), "stop" if row["severity"] == "critical" else "warn")


def _batches(rows: Sequence[dict[str, object]]) -> Sequence[Block]:
    columns = [
        Column("validated_at", "Validated", "time"),
        Column("relation", "Relation", "text"),
        Column("raw_rows", "Rows"),
        Column("valid_rows", "Valid"),
        Column("quarantined_rows", "In quarantine"),
        Column("verdict", "Status", mark=_status),
        Column("adds_up", "Sum", mark=lambda row: Mark("adds up", "good") if row["adds_up"] else Mark("does not", "stop")),
        Column("stop_reason", "Reason", "wrap"),
    ]
    return [Table("Validated batches, the newest first, at most 300", columns, rows, "Nothing was validated in these days.")]


def _status(row: Row) -> Mark:
    return Mark(str(row["verdict"]), "good" if row["verdict"] == "accepted" else "stop")


VIEW = View("quality", "Quality", "Whether the data that came in can be trusted, and what was held back.", 70, build)
