"""The checked sums: our own against each other, and ours against SendGrid's."""

from __future__ import annotations

from collections.abc import Sequence

from include.publish.console import statuses
from include.publish.console.blocks import Block, Choice, Column, Filter, Page, Section, Table, Tile, Tiles
from include.publish.console.source import Source, link
from include.publish.console.view import View

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


VIEW = View("reconciliation", "Reconciliation", "Whether the numbers add up, and agree with SendGrid's.", 80, build)
