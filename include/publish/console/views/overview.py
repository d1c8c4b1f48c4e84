"""The first page: what was sent in the last weeks, what needs attention, and the latest campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.publish.console import charts, statuses
from include.publish.console.blocks import Block, Choice, Column, Filter, Mark, Page, Section, Table, Tile, Tiles
from include.publish.console.charts import Axis
from include.publish.console.source import Source, link
from include.publish.console.view import View
from include.publish.limits import LIMITS, RECENT_DAYS

DAYS = (7, 30, 90, 365)
IN_FULL = 10
"""Campaigns of the overview; all are on the page Campaigns."""


def build(source: Source) -> Page:
    """The page for the days of the filter."""
    days = int(source.number("days", RECENT_DAYS, DAYS[-1]))
    chosen = Filter("days", "Days", str(days), [Choice(str(each), f"the last {each} days") for each in DAYS])
    return Page(
        [
            Section(f"The {days} days up to the latest plan", lambda: [Tiles(figures(source, days))]),
            Section("What needs attention", lambda: _attention(source)),
            Section("People per day", lambda: _engagement(source, days)),
            Section("Latest campaigns", lambda: _latest(source)),
        ],
        [chosen],
    )


def figures(source: Source, days: int) -> list[Tile]:
    """The key figures of the days up to the latest plan, and whether the sums hold."""
    (head,) = source.rows("report/headline", recent_days=days)
    tracked = f"of {head['delivered_tracked']:,} delivered who allow tracking"
    return [
        Tile("Accepted", head["accepted"], note=f"{head['plans']:,} campaigns, {head['in_doubt']:,} people in doubt"),
        Tile("Delivered", head["delivery_rate"], "percent", f"{head['delivered']:,} people"),
        Tile("Opened by people", head["human_open_rate"], "percent", f"{head['human_opens']:,} {tracked}"),
        Tile("Clicked by people", head["human_click_rate"], "percent", f"{head['human_clicks']:,} {tracked}"),
        Tile("Unsubscribed", head["unsubscribe_rate"], "percent", f"{head['unsubscribes']:,} people"),
        Tile("Complaints", head["complaint_rate"], "percent", f"{head['complaints']:,} people"),
        Tile("Mailable", head["mailable"], note=f"of {head['subscribers'] or 0:,} on the list"),
        Tile("Sums", None, note=f"{head['checks']:,} checked", mark=_sums(head)),
    ]


def _sums(head: dict[str, Any]) -> Mark:
    return statuses.sums(head["broken"], head["differing"], head["checks"])


def attention(source: Source) -> list[dict[str, Any]]:
    """Everything that another page marks as over a limit, broken or held, with the way there."""
    return [*_holds(source), *_sums_that_differ(source), *_providers(source), *_stopped_batches(source)]


def _attention(source: Source) -> Sequence[Block]:
    columns = [
        Column("what", "What", "wrap", link=lambda row: row["href"]),
        Column("status", "Status", mark=lambda row: row["status"]),
        Column("detail", "Detail", "wrap"),
    ]
    return [
        Table("What is held, broken or over a limit", columns, attention(source), "Nothing is held, broken or over a limit.")
    ]


def _holds(source: Source) -> list[dict[str, Any]]:
    return [
        {
            "what": f"{hold.campaign} {hold.occurrence}{f', {hold.provider}' if hold.provider else ''}",
            "status": Mark("held", "stop"),
            "detail": hold.reason,
            "href": link("deliverability"),
        }
        for hold in source.live().holds or ()
    ]


def _sums_that_differ(source: Source) -> list[dict[str, Any]]:
    return [
        {
            "what": f"{row['check_name']}: {row['scope']}",
            "status": statuses.sum_of(row),
            "detail": f"{row['left_side']} and {row['right_side']} differ by {abs(row['difference']):,.0f}",
            "href": link("reconciliation", holds="no"),
        }
        for row in source.rows("console/sums", holds="no", check_name="")
    ]


def _providers(source: Source) -> list[dict[str, Any]]:
    return [
        {
            "what": row["mailbox_provider"],
            "status": statuses.health(row["verdict"]),
            "detail": f"{row['hard_bounce_rate'] or 0:.2%} hard bounces, {row['complaint_rate'] or 0:.3%} complaints"
            + (f"; the worst was {row['worst_in']}" if row["worst_in"] else ""),
            "href": link("deliverability"),
        }
        for row in source.rows("report/providers", **LIMITS, recent_days=RECENT_DAYS)
        if row["verdict"] in ("warn", "stop")
    ]


def _stopped_batches(source: Source) -> list[dict[str, Any]]:
    return [
        {
            "what": f"{row['relation']} {row['landed_run']}",
            "status": Mark(str(row["verdict"]), "stop"),
            "detail": row["stop_reason"] or "",
            "href": link("quality"),
        }
        for row in source.rows("report/quality")
        if row["verdict"] != "accepted"
    ]


def _engagement(source: Source, days: int) -> Sequence[Block]:
    """The chart of so many days up to the latest with an event."""
    rows = source.rows("report/engagement", days=days)
    for row in rows:
        row["day"] = row["day"][:10]
    lines = [row for row in rows if row["kind"] in ("delivered", "opened", "clicked")]
    return [
        charts.trend(
            "Delivered, opened and clicked",
            lines,
            Axis("day", "day", "day"),
            Axis("people", "people"),
            Axis("kind", "what", "text"),
        )
    ]


def _latest(source: Source) -> Sequence[Block]:
    rows = source.rows("report/campaigns")[:IN_FULL]
    columns = [
        Column("label", "Campaign", "text", link=statuses.run_link),
        Column("planned_at", "Planned", "text"),
        Column("selected", "Selected"),
        Column("accepted", "Accepted"),
        Column("delivery_rate", "Delivered", "percent"),
        Column("human_open_rate", "Opened", "percent"),
        Column("human_click_rate", "Clicked", "percent"),
        Column("adds_up", "People by state", mark=statuses.accounted),
    ]
    return [Table("The latest campaigns", columns, rows, "No campaign has been sent yet.")]


VIEW = View("overview", "Overview", "What was sent, and what needs attention.", 10, build)
