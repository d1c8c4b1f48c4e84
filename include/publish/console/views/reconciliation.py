"""The checked sums: our own against each other, and ours against SendGrid's."""

from __future__ import annotations

from collections.abc import Sequence

from include.publish.console import statuses
from include.publish.console.blocks import Block, Choice, Column, Filter, Page, Section, Table, Tile, Tiles
from include.publish.console.source import Source, link
from include.publish.console.view import View

SENDGRID_NOTE = (
    "SendGrid's statistics less our events is the difference. Test sends, events that can still arrive and statistics that "
    "are older than the events explain it; what is left is unknown, and an alert names it over a limit."
)
DELIVERIES_NOTE = "What became of the messages that the ledger calls accepted, by the day of sending. Each is in one column."
HOLDS = {"": "all", "no": "those that differ", "yes": "those that hold"}


def build(source: Source) -> Page:
    """The page for the check and the result of the filters."""
    holds = source.value("holds") if source.value("holds") in HOLDS else ""
    check, classes = source.value("check"), source.rows("console/sum_classes")
    filters = [
        Filter("holds", "Sums", holds, [Choice(value, label) for value, label in HOLDS.items()]),
        Filter(
            "check", "Check", check, [Choice("", "all"), *(Choice(row["check_name"], row["check_name"]) for row in classes)]
        ),
    ]
    return Page(
        [
            Section("All sums", lambda: _totals(classes)),
            Section("By check", lambda: _classes(classes)),
            Section("SendGrid day by day", lambda: _provider_days(source, holds), SENDGRID_NOTE),
            Section("Deliveries day by day", lambda: _delivery_days(source), DELIVERIES_NOTE),
            Section("Sum by sum", lambda: _sums(source, holds, check), "A sum that must hold fails the run if it does not."),
        ],
        filters,
    )


def _totals(classes: Sequence[dict[str, int]]) -> Sequence[Block]:
    checks, differing, broken = (sum(row[name] for row in classes) for name in ("checks", "differing", "broken"))
    tiles = [
        Tile("Sums", None, note=f"{checks:,} checked", mark=statuses.sums(broken, differing, checks)),
        Tile("Differ", differing, note="broken ones included"),
        Tile("Broken", broken, note="those that must hold"),
    ]
    return [Tiles(tiles)]


def _classes(classes: Sequence[dict[str, object]]) -> Sequence[Block]:
    columns = [
        Column("check_name", "Check", "text", link=lambda row: link("reconciliation", check=row["check_name"])),
        Column("left_side", "Left", "wrap"),
        Column("right_side", "Right", "wrap"),
        Column("checks", "Checked"),
        Column("differing", "Differ"),
        Column("broken", "Broken"),
        Column("difference", "Difference in all"),
    ]
    return [Table("Every check, those that differ first", columns, classes, "No sum has been checked yet.")]


def _sums(source: Source, holds: str, check: str) -> Sequence[Block]:
    columns = [
        Column("check_name", "Check", "text"),
        Column("scope", "Over", "wrap"),
        Column("left_side", "Left", "wrap"),
        Column("left_value", "Value"),
        Column("right_side", "Right", "wrap"),
        Column("right_value", "Value"),
        Column("difference", "Difference"),
        Column("holds", "Result", mark=statuses.sum_of),
    ]
    rows = source.rows("console/sums", holds=holds, check_name=check)
    return [Table("Sums, those that differ first, at most 200", columns, rows, "No sum is like that.")]


def _provider_days(source: Source, holds: str) -> Sequence[Block]:
    columns = [
        Column("campaign", "Campaign", "text"),
        Column("day", "Day", "day"),
        Column("measure", "Measure", "text"),
        Column("sendgrid", "SendGrid"),
        Column("events", "Events"),
        Column("difference", "Difference"),
        Column("test_sends", "Test sends"),
        Column("late_events", "Late events"),
        Column("totals_lag", "Lag of totals"),
        Column("unknown", "Unknown"),
        Column("holds", "Result", mark=statuses.day_of),
    ]
    rows = source.rows("console/provider_days", differing=holds == "no")
    empty = "SendGrid's statistics were not fetched, or the provider offers none."
    return [Table("By campaign, day and measure, those that differ first, at most 200", columns, rows, empty)]


def _delivery_days(source: Source) -> Sequence[Block]:
    columns = [
        Column("campaign", "Campaign", "text"),
        Column("day", "Day", "day"),
        Column("accepted", "Accepted"),
        Column("delivered", "Delivered"),
        Column("bounced", "Bounced"),
        Column("suppressed_by_sendgrid", "Suppressed by SendGrid"),
        Column("deferred", "Deferred"),
        Column("in_flight", "In flight"),
        Column("unknown", "Unknown"),
        Column("holds", "Result", mark=statuses.day_of),
    ]
    rows = source.rows("console/delivery_days")
    return [Table("By campaign and day, those with unknown messages first, at most 200", columns, rows, "Nothing was sent.")]


VIEW = View("reconciliation", "Reconciliation", "Whether the numbers add up, and agree with SendGrid's.", 80, build)
