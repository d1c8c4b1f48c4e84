"""Journeys: the people in each, and the mail of their steps."""

from __future__ import annotations

from collections.abc import Sequence

from include.publish.console import charts
from include.publish.console.blocks import Block, Choice, Column, Filter, Mark, Page, Prose, Section, Table
from include.publish.console.charts import Axis
from include.publish.console.source import Source, link
from include.publish.console.view import View

PLACES = {
    "inside": "inside now",
    "finished": "went to the end",
    "goal": "reached the goal",
    "left_early": "left before",
    "cancelled": "cancelled",
}


def build(source: Source) -> Page:
    """The page for the journey of the filter."""
    rows = source.rows("report/journeys")
    names, chosen = list(dict.fromkeys(row["journey"] for row in rows)), source.value("journey")
    journeys = [row for row in rows if chosen in ("", row["journey"])]
    filters = [Filter("journey", "Journey", chosen, [Choice("", "all"), *(Choice(name, name) for name in names)])]
    return Page(
        [
            Section("People", lambda: _people(journeys)),
            Section("Mail of the steps", lambda: _steps(source, chosen)),
            Section(
                "Pictures",
                lambda: [Prose("Each step with its people is drawn when anybody takes one.", "Pictures", "../journeys")],
            ),
        ],
        filters,
    )


def _people(rows: Sequence[dict[str, object]]) -> Sequence[Block]:
    for row in rows:
        row["version_name"] = f"{row['journey']}{'' if row['is_current'] else ', earlier version'}"
    columns = [
        Column("version_name", "Journey", "text", link=lambda row: link("journeys", journey=row["journey"])),
        Column("state", "State", mark=lambda row: Mark(str(row["state"]), "none" if row["state"] == "active" else "warn")),
        Column("entered", "Entered"),
        *(Column(field, title.capitalize()) for field, title in PLACES.items()),
    ]
    where = [
        {"place": title, "people": sum(int(str(row[field])) for row in rows)} for field, title in PLACES.items() if rows
    ]
    return [
        charts.bars("Where the people are who entered", where, Axis("place", "place", "text"), Axis("people", "people")),
        Table("Journeys and their versions", columns, rows, "No journey has run yet."),
    ]


def _steps(source: Source, journey: str) -> Sequence[Block]:
    rows = [row for row in source.rows("report/journey_steps") if journey in ("", row["journey"])]
    columns = [
        Column("step", "Step", "text"),
        Column("journey", "Journey", "text"),
        Column("accepted", "Accepted"),
        Column("delivered", "Delivered"),
        Column("human_open_rate", "Opened", "percent"),
        Column("human_click_rate", "Clicked", "percent"),
        Column("unsubscribes", "Unsubscribed"),
        Column("complaints", "Complaints"),
    ]
    return [Table("The mail of each step, all plans together", columns, rows, "No step of a journey has sent mail yet.")]


VIEW = View("journeys", "Journeys", "Mail in several steps: where people are, and what each step did.", 40, build)
