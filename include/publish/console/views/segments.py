"""Segments: their sizes, who came and went, and which have people in common."""

from __future__ import annotations

from collections.abc import Sequence

from include.publish.console import charts
from include.publish.console.blocks import Block, Choice, Column, Filter, Page, Prose, Section, Table
from include.publish.console.charts import Axis
from include.publish.console.source import Source, link
from include.publish.console.view import View

DAYS = (30, 90, 365)
MAX_LINES = 8
"""Lines of one chart; with more segments, the smaller ones are in the table only."""
POINTS = 30
"""Points of a line, about: of a longer time, each is of several days."""
SEGMENT, DAY = Axis("segment", "segment", "text"), Axis("day", "day", "day")


def build(source: Source) -> Page:
    """The page for the segment and the days of the filters."""
    segment, days = source.value("segment"), int(source.number("days", DAYS[0], DAYS[-1]))
    names = [row["segment"] for row in source.rows("console/segment_names")]
    filters = [
        Filter("segment", "Segment", segment, [Choice("", "all"), *(Choice(name, name) for name in names)]),
        Filter("days", "Days", str(days), [Choice(str(each), f"the last {each} days") for each in DAYS]),
    ]
    return Page(
        [
            Section("Sizes", lambda: _sizes(source, segment)),
            Section("Over time", lambda: _course(source, segment, days)),
            Section(
                "People in common", lambda: _overlap(source, segment), "Read a row: of the people of this segment, so many."
            ),
        ],
        filters,
    )


def _sizes(source: Source, segment: str) -> Sequence[Block]:
    rows = [row for row in source.rows("report/segments") if segment in ("", row["segment"])]
    columns = [
        Column("segment", "Segment", "text", link=lambda row: link("segments", segment=row["segment"])),
        Column("members", "Members"),
        Column("share_of_list", "Of the list", "percent"),
        Column("entered", "Entered"),
        Column("left_segment", "Left"),
        Column("as_of", "As of", "text"),
    ]
    members, before = Axis("members", "members; tick: previous run"), Axis("members_before", "previous run")
    return [
        charts.bars("Members of each segment", rows, SEGMENT, members, before=before),
        Table("Segments in their newest run, with who entered and left in it", columns, rows, "No segment was built yet."),
    ]


def _course(source: Source, segment: str, days: int) -> Sequence[Block]:
    rows = source.rows("console/segment_course", days=days, segment=segment, step=max(1, days // POINTS))
    newest = {row["segment"]: row["members"] for row in rows}
    largest = sorted(newest, key=lambda name: -newest[name])[:MAX_LINES]
    shown = [row for row in rows if row["segment"] in largest]
    moved = [
        {"day": row["day"], "what": what, "people": row[field]}
        for row in rows
        for field, what in (("entered", "entered"), ("left_segment", "left"))
        if segment and row[field] is not None
    ]
    people, what = Axis("people", "people"), Axis("what", "what", "text")
    return [
        charts.trend("Members at the end of each day", shown, DAY, Axis("members", "members"), SEGMENT),
        *([charts.trend("People who entered and left on each day", moved, DAY, people, what)] if moved else []),
    ]


def _overlap(source: Source, segment: str) -> Sequence[Block]:
    rows = source.rows("console/overlap", segment=segment)
    if not rows:
        return [Prose("No two segments have people in common.")]
    share = Axis("share", "share of the row's segment", "percent")
    if segment:
        ordered = sorted(rows, key=lambda row: -row["people"])
        people = [Column("people", "People")]
        return [
            charts.bars(
                f"Of {segment}, in others too", ordered, Axis("other_segment", "segment", "text"), share, more=people
            )
        ]
    return [charts.heat("People in common", rows, Axis("other_segment", "also in", "text"), SEGMENT, share)]


VIEW = View("segments", "Segments", "Who belongs to which group, and how that changes.", 30, build)
