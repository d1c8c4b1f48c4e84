"""What is played, and when: campaigns at their own schedules, week by week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from croniter import croniter

from include.core.campaign import Campaign
from include.core.campaign_file import load_campaign

WEEKLY, MONTHLY = "newsletter", ("winback", "vip_early_access")
"""The campaigns of the past. A welcome or a sale is sent once per person, and today's run is to have people for them."""
PREPARATION = timedelta(hours=2)


@dataclass(frozen=True)
class Send:
    """A scheduled run of a campaign."""

    at: datetime
    campaign: Campaign


@dataclass(frozen=True)
class Week:
    """The week of one newsletter. Its people and segments are of `at`, shortly before; `days` are its sends by day (UTC)."""

    at: datetime
    days: tuple[tuple[Send, ...], ...]

    @property
    def night(self) -> datetime:
        """The night after the last send, of which the week's figures are."""
        return (self.days[-1][-1].at + timedelta(days=1)).replace(hour=2, minute=0, second=0, microsecond=0)


def weeks(count: int, now: datetime) -> list[Week]:
    """The `count` weeks before the current one, oldest first. Nothing of the current week or month is in them."""
    monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    mondays = [monday - timedelta(weeks=count - number) for number in range(count)]
    weekly, *monthly = map(load_campaign, (WEEKLY, *MONTHLY))
    starts = [_next_tick(weekly, day) - PREPARATION for day in mondays]
    spans = zip(starts, [*starts[1:], monday], strict=True)
    return [Week(start, _days([weekly, *monthly], start, end, now)) for start, end in spans]


def _days(campaigns: Sequence[Campaign], start: datetime, end: datetime, now: datetime) -> tuple[tuple[Send, ...], ...]:
    """The sends between two times; each campaign has at most one in a week."""
    sends = [Send(_next_tick(campaign, start), campaign) for campaign in campaigns]
    played = [send for send in sends if send.at < end and not _is_current(send, now)]
    played.sort(key=lambda send: send.at)
    return tuple(tuple(day) for _, day in groupby(played, key=lambda send: send.at.date()))


def _is_current(send: Send, now: datetime) -> bool:
    """Whether it is the occurrence that today's run sends."""
    return send.campaign.occurrence == "month" and (send.at.year, send.at.month) == (now.year, now.month)


def _next_tick(campaign: Campaign, after: datetime) -> datetime:
    tick: datetime = croniter(campaign.schedule, after - timedelta(seconds=1)).get_next(datetime)
    return tick
