"""People and machines: how good the classification of opens and clicks is, and what its last change did."""

from __future__ import annotations

from collections.abc import Sequence

from include.publish import formats
from include.publish.console.blocks import Block, Column, Page, Row, Section, Table
from include.publish.console.source import Source
from include.publish.console.view import View

QUALITY_NOTE = (
    "Measured on the simulator, which knows what its machines did. Precision is the share of the events classified so that "
    "are, recall the share of such events that are found. The 95 % intervals say "
    "how far the number of messages allows to know them: a small run has wide ones."
)
CHANGES_NOTE = (
    "When the rules change, the whole history is classified again. A campaign's human figures change by these events."
)


def build(source: Source) -> Page:
    """The page; it has no filter."""
    return Page(
        [
            Section("Precision and recall", lambda: _quality(source), QUALITY_NOTE),
            Section("Before and after a change of the rules", lambda: _changes(source), CHANGES_NOTE),
        ]
    )


def _quality(source: Source) -> Sequence[Block]:
    columns = [
        Column("event", "Event", "text"),
        Column("class", "Class", "text"),
        Column("rule_version", "Version of the rules"),
        Column("precision", "Precision", "percent"),
        Column("precision_interval", "Its 95 % interval", "text"),
        Column("recall", "Recall", "percent"),
        Column("recall_interval", "Its 95 % interval", "text"),
        Column("true_positives", "Found"),
        Column("false_positives", "Taken for it"),
        Column("false_negatives", "Missed"),
        Column("measured_at", "Measured (UTC)", "time"),
    ]
    empty = "Not measured: a real SendGrid does not know which events a machine made."
    rows = [_with_intervals(row) for row in source.rows("console/verdict_quality")]
    return [Table("Opens and clicks by class", columns, rows, empty)]


def _with_intervals(row: Row) -> Row:
    """The row with its two intervals as texts; None where a measurement by older code has none."""
    return {**row, "precision_interval": _interval(row, "precision"), "recall_interval": _interval(row, "recall")}


def _interval(row: Row, share: str) -> str | None:
    low, high = row[f"{share}_low"], row[f"{share}_high"]
    return None if low is None else f"{formats.percent(low)} to {formats.percent(high)}"


def _changes(source: Source) -> Sequence[Block]:
    columns = [
        Column("campaign", "Campaign", "text"),
        Column("occurrence", "Occurrence", "text"),
        Column("event", "Event", "text"),
        Column("versions", "Versions", "text"),
        Column("events", "Events"),
        Column("human_before", "Human before"),
        Column("human_after", "Human after"),
        Column("difference", "Difference"),
    ]
    empty = "The rules have not changed since the first event."
    return [
        Table(
            "By campaign, the largest difference first, at most 200", columns, source.rows("console/verdict_changes"), empty
        )
    ]


VIEW = View("classification", "People and machines", "Which opens and clicks are people's, and how sure that is.", 85, build)
