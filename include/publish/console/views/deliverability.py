"""Deliverability: the circuit breaker and the warm-up at this moment, and how mailbox providers treat the mail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.core.pace import WARMUP_HOURLY, AccountPace
from include.publish.console import charts, statuses
from include.publish.console.blocks import Block, Choice, Column, Filter, Mark, Page, Prose, Section, Table, Tile, Tiles
from include.publish.console.charts import Axis
from include.publish.console.source import Live, Source
from include.publish.console.view import View
from include.publish.limits import COMPLAINT, HARD_BOUNCE, LIMITS, MIN_DELIVERED

DAYS = (30, 90, 365)
RULES = (
    f"The sender warns and stops at {HARD_BOUNCE[0]:.0%} and {HARD_BOUNCE[1]:.0%} hard bounces, {COMPLAINT[0]:.2%} and "
    f"{COMPLAINT[1]:.2%} complaints, once {MIN_DELIVERED} messages are delivered."
)
WORST = "A provider is as healthy as the worst of its campaigns in these days."


def build(source: Source) -> Page:
    """The page for the days of the filter; breaker and limits are those of this moment."""
    days, now = int(source.number("days", DAYS[0], DAYS[-1])), source.live()
    chosen = Filter("days", "Days", str(days), [Choice(str(each), f"the last {each} days") for each in DAYS])
    return Page(
        [
            Section("Circuit breaker, now", lambda: _breaker(now), RULES),
            Section("Limits and warm-up, now", lambda: _pace(source, now)),
            Section("Mailbox providers", lambda: _providers(source, days), WORST),
            Section("Week by week", lambda: _weeks(source, days)),
        ],
        [chosen],
    )


def _breaker(now: Live) -> Sequence[Block]:
    if now.holds is None:
        return [Prose("The ledger could not be read, so it is unknown whether the breaker holds anything.")]
    rows = [{**vars(hold), "provider": hold.provider or "all"} for hold in now.holds]
    columns = [
        Column("campaign", "Campaign", "text", link=statuses.run_link),
        Column("occurrence", "Occurrence", "text"),
        Column("provider", "Provider", "text"),
        Column("held_at", "Held since", "time"),
        Column("reason", "Reason", "wrap"),
    ]
    return [Table("Held back", columns, rows, "The breaker holds nothing back.")]


def _pace(source: Source, now: Live) -> Sequence[Block]:
    if now.pace is None:
        return [Prose("The account's limits could not be read.")]
    pace = now.pace
    rate = pace.messages_per_second
    tiles = [
        Tile("Warm-up", None, note=_warmup_note(pace), mark=_warmup(source, pace)),
        _used("This hour", pace.hourly_cap(source.now), now.sent_this_hour),
        _used("Today", pace.daily_cap, now.sent_today),
        Tile("Messages per second", rate, "decimal", "" if rate else "no limit is set"),
    ]
    return [Tiles(tiles), *([_curve(pace)] if pace.warmup_started_on else [])]


def _used(label: str, cap: int | None, used: int | None) -> Tile:
    if cap is None:
        return Tile(label, None, note="no limit is set")
    return Tile(label, used or 0, note=f"of {cap:,} messages allowed")


def _warmup(source: Source, pace: AccountPace) -> Mark:
    if pace.warmup_started_on is None:
        return Mark("none")
    day = (source.now.date() - pace.warmup_started_on).days + 1
    if day > len(WARMUP_HOURLY):
        return Mark("finished", "good")
    return Mark(f"day {day} of {len(WARMUP_HOURLY)}", "warn") if day > 0 else Mark("not started yet", "warn")


def _warmup_note(pace: AccountPace) -> str:
    if pace.warmup_started_on is None:
        return "the variable warmup_started_on is not set"
    return f"{pace.warmup_ips} IP addresses since {pace.warmup_started_on:%d %b %Y}"


def _curve(pace: AccountPace) -> Block:
    rows = [{"day": day, "cap": cap * pace.warmup_ips} for day, cap in enumerate(WARMUP_HOURLY, 1)]
    return charts.trend(
        "Messages per hour that the warm-up allows", rows, Axis("day", "day of warm-up"), Axis("cap", "messages per hour")
    )


def _providers(source: Source, days: int) -> Sequence[Block]:
    rows = source.rows("report/providers", **LIMITS, recent_days=days)
    columns = [
        Column("mailbox_provider", "Provider", "text"),
        Column("verdict", "Health", mark=lambda row: statuses.health(row["verdict"])),
        Column("worst_in", "Worst in", "text"),
        Column("accepted", "Accepted"),
        Column("delivery_rate", "Delivered", "percent"),
        Column("hard_bounce_rate", "Hard bounces", "percent"),
        Column("bounced_soft", "Soft bounces"),
        Column("deferred", "Deferred"),
        Column("complaint_rate", "Complaints", "percent"),
    ]
    provider = Axis("mailbox_provider", "provider", "text")
    bounces, complaints = (
        Axis("hard_bounce_rate", "hard bounces", "percent"),
        Axis("complaint_rate", "complaints", "percent"),
    )
    return [
        Table("Mailbox providers, the largest first", columns, rows, "Nothing was sent in these days."),
        charts.bars("Hard bounces, with the limits to warn and to stop", rows, provider, bounces, limits=HARD_BOUNCE),
        charts.bars("Complaints, with the limits to warn and to stop", rows, provider, complaints, limits=COMPLAINT),
    ]


def _weeks(source: Source, days: int) -> Sequence[Block]:
    rows: list[dict[str, Any]] = source.rows("console/provider_weeks", days=max(days, DAYS[1]), min_delivered=MIN_DELIVERED)
    week, provider = Axis("week", "week of", "day"), Axis("mailbox_provider", "provider", "text")
    rates = {"delivery_rate": "delivered", "hard_bounce_rate": "hard bounces", "complaint_rate": "complaints"}
    return [
        charts.trend(f"Share of people, {title}", rows, week, Axis(field, title, "percent"), provider)
        for field, title in rates.items()
    ]


VIEW = View(
    "deliverability", "Deliverability", "Whether mailbox providers take the mail, and what holds it back.", 50, build
)
