"""A planner: what it takes to send to so many people so often. The formulae are in include/publish/capacity.py."""

from __future__ import annotations

from collections.abc import Sequence

from include.core.pace import AccountPace
from include.publish.capacity import Capacity, Need, capacity, warmup_room
from include.publish.console import charts
from include.publish.console.blocks import Block, Filter, Mark, Page, Prose, Section, Tile, Tiles
from include.publish.console.charts import Axis
from include.publish.console.source import NotPublishedError, Source
from include.publish.console.view import View
from include.publish.resources import Shop, resources, unit_costs

PEOPLE, TIMES, HOURS, COST = 1_000_000, 2, 4, 0.9
"""A million people twice a week, each send in four hours, at 0.90 for a thousand: what stands in the form at first, as far
as the published file has no figures of its own."""
NUMBER = "[0-9., ]*"
HOSTS = "For a usual shop that keeps everything for three years; docs/capacity.md has the formulae and what was measured."


def build(source: Source) -> Page:
    """The page for the numbers in the form."""
    need = _need(source)
    found = capacity(need)
    return Page(
        [
            Section("What it takes", lambda: _figures(need, found)),
            Section("Warm-up", lambda: _warmup(need, found), "Day by day, what new IP addresses may send in these hours."),
            Section("On your own hosts", lambda: _hosts(need), HOSTS),
            Section("How it is computed", _formulae),
        ],
        _form(need),
        f"{need.people:,} people, {need.times_a_week:g} times a week, each send within {need.hours:g} hours.",
    )


def _need(source: Source) -> Need:
    pace = source.live().pace or AccountPace()
    people, cost = _usual(source)
    return Need(
        people=int(source.number("people", people, 1e10)),
        times_a_week=source.number("times", TIMES, 1_000),
        hours=max(source.number("hours", HOURS, 720), 0.1),
        cost_per_thousand=source.number("cost", cost, 1e6),
        per_second=source.number("rate", pace.messages_per_second or 0, 1e6) or None,
        daily_cap=int(source.number("cap", pace.daily_cap or 0, 1e10)) or None,
        ips=int(source.number("ips", 0, 10_000)),
    )


def _usual(source: Source) -> tuple[int, float]:
    """The mailable people and the price of a thousand messages in the published file; else the usual example."""
    try:
        (row,) = source.rows("console/usual_send")
    except NotPublishedError:
        return PEOPLE, COST
    return row["mailable"] or PEOPLE, row["cost_per_thousand"] or COST


def _form(need: Need) -> Sequence[Filter]:
    return [
        _number("people", "People", need.people),
        _number("times", "Times a week", need.times_a_week),
        _number("hours", "Hours for a send", need.hours),
        _number("cost", "Cost of a thousand", need.cost_per_thousand),
        _number("rate", "Messages per second (limit)", need.per_second),
        _number("cap", "Messages per day (limit)", need.daily_cap),
        _number("ips", "IP addresses (empty: recommended)", need.ips),
    ]


def _number(name: str, label: str, value: float | None) -> Filter:
    return Filter(name, label, f"{value:.12g}" if value else "", pattern=NUMBER)


def _figures(need: Need, found: Capacity) -> Sequence[Block]:
    tiles = [
        Tile("Messages a month", found.messages_a_month, note=f"{found.messages_a_week:,.0f} a week"),
        Tile("Cost a month", found.cost_a_month, "decimal", f"{found.cost_a_send:,.2f} a send"),
        Tile("Messages per second", found.needed_per_second, "decimal", f"needed for {need.hours:g} hours"),
        Tile("Hours of a send", found.duration, "decimal", _limits(need), _late(found)),
        Tile("IP addresses", found.recommended_ips, note=_ips(found)),
        Tile("Days of warm-up", found.warmup_days, note=_days(found)),
    ]
    return [Tiles(tiles)]


def _limits(need: Need) -> str:
    rate = f"{need.per_second:g} messages per second" if need.per_second else ""
    cap = f"{need.daily_cap:,} a day" if need.daily_cap else ""
    return f"at {' and '.join(filter(None, (rate, cap)))}" if rate or cap else "as fast as SendGrid answers: no limit is set"


def _late(found: Capacity) -> Mark | None:
    late = found.is_in_time is False
    return Mark(f"{found.duration:,.0f} hours: the next send begins before", "stop") if late else None


def _ips(found: Capacity) -> str:
    own = "" if found.recommended_ips == found.marketing_ips else ", and one for mail about orders"
    return f"{found.marketing_ips} for marketing{own}"


def _days(found: Capacity) -> str:
    if found.warmup_days is None:
        return "the schedule ends before such a send fits: more IP addresses, or more hours"
    return f"until a whole send fits, with {found.marketing_ips} new IP addresses"


def _warmup(need: Need, found: Capacity) -> Sequence[Block]:
    room = warmup_room(need.hours, found.marketing_ips)
    shown = room[: (found.warmup_days or len(room)) + 1]
    rows = [{"day": day, "messages": min(each, need.people)} for day, each in enumerate(shown, 1)]
    title = "Of each send, what fits on a day of the warm-up"
    return [charts.trend(title, rows, Axis("day", "day of warm-up"), Axis("messages", "messages"))]


def _hosts(need: Need) -> Sequence[Block]:
    found = resources(Shop(need.people, need.times_a_week, send_hours=need.hours), unit_costs())
    largest = max(found.bytes_by_store, key=lambda store: found.bytes_by_store[store])
    tiles = [
        Tile("Cores", found.cores, note=f"{found.send_cores} for sends, {found.night_cores} for the night"),
        Tile("GB of memory", found.memory_mb / 1_000, "decimal", "with room for segments without spilling"),
        Tile("GB of disk", found.bytes / 1e9, "decimal", f"most of it: {largest}"),
        Tile(
            "Requests to SendGrid a day", found.requests_a_day, note=f"and {found.posts_a_day:,.0f} posts of events from it"
        ),
    ]
    return [Tiles(tiles)]


def _formulae() -> Sequence[Block]:
    return [
        Prose("A month has 4.35 weeks. The cost is that of the messages; plans of SendGrid have their own prices."),
        Prose(
            "SendGrid recommends one dedicated IP address for every three million messages of a day, and one more for mail "
            "about orders from 250,000 messages a month on."
        ),
        Prose(
            "The warm-up is SendGrid's schedule of messages per hour and address. The sender follows it when the variable "
            "warmup_started_on is set."
        ),
        Prose("A send ends when the days that the daily limit fills are over and the rest went out at the rate."),
    ]


VIEW = View("planner", "Planner", "Hours, IP addresses, warm-up and cost of sending so much so often.", 90, build)
