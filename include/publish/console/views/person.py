"""One person by subscriber id: their messages, segments and journeys. The id is typed; no page lists it with an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.publish.console import statuses
from include.publish.console.blocks import Block, Column, Filter, Page, Section, Table, Tile, Tiles
from include.publish.console.source import Source
from include.publish.console.view import View

NO_ADDRESS = "[^@]*"
TIMES = {
    "planned_at": "selected by a plan",
    "sent_at": "sent",
    "delivered_at": "delivered",
    "bounced_at": "bounced",
    "first_human_open_at": "opened for the first time",
    "first_human_click_at": "clicked for the first time",
    "unsubscribed_at": "unsubscribed",
    "complained_at": "marked it as spam",
}
MAX_STEPS = 200


def build(source: Source) -> Page:
    """The page of the subscriber in the filter. An address is refused, and not repeated: addresses are on no page."""
    subscriber = source.value("subscriber")
    if "@" in subscriber:
        return Page(filters=[_field("")], lead="That is an address. Use the subscriber id of your source; it is not a name.")
    if not subscriber:
        return Page(filters=[_field("")], lead="Write a subscriber id to see what happened with this person's mail.")
    of, sends = {"subscriber": subscriber}, source.rows("console/person_sends", subscriber=subscriber)
    known = source.rows("console/person_lifecycle", **of)
    if not sends and not known:
        return Page(filters=[_field(subscriber)], lead="The published file has nothing about this subscriber id.")
    sections = [
        Section("Now", lambda: _now(known, sends)),
        Section("Timeline", lambda: _timeline(sends)),
        Section("Messages", lambda: _messages(sends)),
        Section("Segments", lambda: _segments(source, of)),
        Section("Journeys", lambda: _journeys(source, of)),
    ]
    return Page(sections, [_field(subscriber)])


def _field(value: str) -> Filter:
    return Filter("subscriber", "Subscriber id", value, hint="the id in your source, no address", pattern=NO_ADDRESS)


def _now(known: Sequence[dict[str, Any]], sends: Sequence[dict[str, Any]]) -> Sequence[Block]:
    person = known[0] if known else {}
    accepted = [row for row in sends if row["state"] == "accepted"]
    tiles = [
        Tile("Lifecycle", person.get("lifecycle_stage"), "text"),
        Tile("Engagement", person.get("engagement_level"), "text"),
        Tile("Purchases", person.get("purchases")),
        Tile("Revenue", person.get("revenue"), "decimal", person.get("currency") or ""),
        Tile("Messages", len(accepted), note=f"of {len(sends):,} plans that selected this person"),
        Tile("Opened", sum(row["first_human_open_at"] is not None for row in accepted)),
    ]
    return [Tiles(tiles)]


def _timeline(sends: Sequence[dict[str, Any]]) -> Sequence[Block]:
    steps = [
        {"at": row[field], "what": _what(row, field, title), "label": row["label"], "order": order, **row}
        for row in sends
        for order, (field, title) in enumerate(TIMES.items())
        if row[field] is not None
    ]
    steps.sort(key=lambda step: (step["at"], step["order"]), reverse=True)
    columns = [
        Column("at", "When (UTC)", "time"),
        Column("what", "What", "wrap"),
        Column("label", "Campaign", "text", link=statuses.run_link),
    ]
    return [Table(f"What happened, newest first, at most {MAX_STEPS}", columns, steps[:MAX_STEPS], "Nothing happened yet.")]


def _what(row: dict[str, Any], field: str, title: str) -> str:
    if field == "planned_at":
        why = f" ({row['reason']})" if row["reason"] else ""
        return f"{title}: {row['state'].replace('_', ' ')}{why}"
    return f"{title} ({row['bounce_class']})" if field == "bounced_at" and row["bounce_class"] else title


def _messages(sends: Sequence[dict[str, Any]]) -> Sequence[Block]:
    columns = [
        Column("label", "Campaign", "text", link=statuses.run_link),
        Column("variant", "Variant", "text"),
        Column("state", "State", "text"),
        Column("reason", "Reason", "text"),
        Column("sent_at", "Sent", "time"),
        Column("delivered_at", "Delivered", "time"),
        Column("first_human_open_at", "Opened", "time"),
        Column("first_human_click_at", "Clicked", "time"),
    ]
    return [Table("Every message, newest first, at most 500", columns, sends, "No plan has selected this person.")]


def _segments(source: Source, of: dict[str, str]) -> Sequence[Block]:
    columns = [
        Column("segment", "Segment", "text"),
        Column("entered_at", "From", "time"),
        Column("left_at", "Until", "time"),
    ]
    return [Table("Segments, newest first", columns, source.rows("console/person_segments", **of), "In no segment yet.")]


def _journeys(source: Source, of: dict[str, str]) -> Sequence[Block]:
    columns = [
        Column("journey", "Journey", "text"),
        Column("state", "State", "text"),
        Column("reason", "Reason", "wrap"),
        Column("next_step", "Next step", "text"),
        Column("entered_at", "Entered", "time"),
        Column("due_at", "Due", "time"),
    ]
    return [Table("Journeys, newest first", columns, source.rows("console/person_journeys", **of), "In no journey yet.")]


VIEW = View("person", "Person", "What happened with the mail of one person, by subscriber id.", 60, build)
