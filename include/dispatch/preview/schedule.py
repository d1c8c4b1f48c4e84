"""When a campaign's mail would arrive, what it costs, and how long sending takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from include.core.campaign import Campaign
from include.core.pace import AccountPace
from include.dispatch.preview.model import Arrival, Schedule
from include.dispatch.send_window import NO_HOUR, arrival

MAX_DAYS = 60


def schedule(campaign: Campaign, zones: Sequence[Mapping[str, object]], account: AccountPace, at: datetime) -> Schedule:
    """The schedule of people by variant, zone and own hour (rows of audience_zones.sql), from the campaign's next run on."""
    planned = campaign.next_run(at)
    is_scheduled, due = planned is not None, planned or at.astimezone(UTC)
    each = [_arrival(campaign, row, due) for row in zones]
    hours = [0] * 24
    arrivals = _merged(each)
    for one in arrivals:
        hours[one.local.hour] += one.people
    people = sum(hours)
    duration, limit = sending_time(campaign, account, people, due)
    cost = people / 1000 * campaign.cost_per_thousand
    return Schedule(due, is_scheduled, arrivals, hours, cost, duration, limit)


def _merged(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """One arrival per zone and time, most people first: variants may share both."""
    people: Counter[tuple[str, datetime]] = Counter()
    for each in arrivals:
        people[each.zone, each.local] += each.people
    return [Arrival(zone, local, number) for (zone, local), number in people.most_common()]


def _arrival(campaign: Campaign, row: Mapping[str, object], due: datetime) -> Arrival:
    zone, hours, own_hour = str(row["zone"]), campaign.arm(str(row["variant"])).hours, row.get("send_hour")
    opens, _ = arrival(hours, zone, NO_HOUR if own_hour is None else int(str(own_hour)), due)
    return Arrival(zone or "no time zone (UTC)", (opens or due).astimezone(_zone(zone)), int(str(row["people"])))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def sending_time(campaign: Campaign, account: AccountPace, people: int, due: datetime) -> tuple[timedelta | None, str]:
    """How long it takes to hand over `people` messages, and the limit that decides it. None: more than `MAX_DAYS` days.

    Counts hour by hour, as warm-up and daily limits do (UTC). Without any limit, the time is SendGrid's to say: zero here.
    """
    rates = {
        "the campaign's pace": campaign.pace.messages_per_second,
        "the account's rate": account.messages_per_second,
    }
    caps = {"the campaign's daily limit": campaign.pace.daily_cap, "the account's daily limit": account.daily_cap}
    rate, slow = min(((value, name) for name, value in rates.items() if value), default=(None, ""))
    cap, capped = min(((value, name) for name, value in caps.items() if value), default=(None, ""))
    left, today, moment, limit = people, 0, due.astimezone(UTC), slow
    while left > 0:
        end = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        room, why = _room(moment, end, rate, slow, None if cap is None else cap - today, capped, account)
        if room is None or room >= left:
            spent = timedelta(seconds=left / rate) if rate else timedelta()
            return moment + spent - due, limit if room is not None or rate else ""
        left, today, limit = left - room, today + room, why
        today = 0 if end.date() != moment.date() else today
        moment = end
        if moment - due > timedelta(days=MAX_DAYS):
            return None, limit
    return timedelta(), limit


def _room(
    moment: datetime, end: datetime, rate: float | None, slow: str, rest: int | None, capped: str, account: AccountPace
) -> tuple[int | None, str]:
    """How many messages fit between two moments of one hour, and which limit says so; None: no limit."""
    limits = [(account.hourly_cap(moment), "the warm-up of the IP addresses"), (rest, capped)]
    if rate:
        limits.append((int(rate * (end - moment).total_seconds()), slow))
    return min(((max(value, 0), name) for value, name in limits if value is not None), default=(None, ""))
