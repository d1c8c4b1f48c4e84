"""What it takes to send so much mail so often: hours, IP addresses, days of warm-up, cost. Only formulae."""

from __future__ import annotations

import math
from dataclasses import dataclass

from include.core.pace import WARMUP_HOURLY

MESSAGES_PER_IP_AND_DAY = 3_000_000
TWO_IPS_FROM_A_MONTH = 250_000
"""One dedicated IP address for every three to four million messages of a day; from 250,000 a month on one more, so that mail
about orders has its own. https://www.twilio.com/docs/sendgrid/ui/account-and-settings/dedicated-ip-addresses"""
WEEKS_A_MONTH = 365.25 / 7 / 12
HOURS_A_WEEK = 7 * 24


@dataclass(frozen=True)
class Need:
    """What is wanted: so many people, so often a week, each send within `hours`, at this price.

    `per_second` and `daily_cap` are the account's limits; None means none. `ips` is the number of IP addresses, 0 for as
    many as are recommended.
    """

    people: int
    times_a_week: float
    hours: float
    cost_per_thousand: float
    per_second: float | None = None
    daily_cap: int | None = None
    ips: int = 0


@dataclass(frozen=True)
class Capacity:
    """What that takes. Messages per second are those that `hours` need; `duration` is in hours, by the account's limits.

    `duration` is None without limits; `warmup_days` is None if the warm-up ends before such a send fits into its hours.
    """

    messages_a_week: float
    messages_a_month: float
    cost_a_send: float
    cost_a_month: float
    needed_per_second: float
    duration: float | None
    marketing_ips: int
    recommended_ips: int
    warmup_days: int | None
    times_a_week: float

    @property
    def is_in_time(self) -> bool | None:
        """Whether a send ends before the next one begins; None if its duration is unknown."""
        if self.duration is None or not self.times_a_week:
            return None
        return self.duration <= HOURS_A_WEEK / self.times_a_week


def capacity(need: Need) -> Capacity:
    """All figures of a need."""
    a_week = need.people * need.times_a_week
    a_month = a_week * WEEKS_A_MONTH
    marketing = need.ips or marketing_ips(need.people, need.hours)
    price = need.cost_per_thousand / 1_000
    return Capacity(
        messages_a_week=a_week,
        messages_a_month=a_month,
        cost_a_send=need.people * price,
        cost_a_month=a_month * price,
        needed_per_second=need.people / (need.hours * 3_600),
        duration=duration(need.people, need.per_second, need.daily_cap),
        marketing_ips=marketing,
        recommended_ips=marketing + (a_month >= TWO_IPS_FROM_A_MONTH),
        warmup_days=warmup_days(need.people, need.hours, marketing),
        times_a_week=need.times_a_week,
    )


def marketing_ips(people: int, hours: float) -> int:
    """IP addresses for the mail of one day, at least one: a send of more than 24 hours is spread over days."""
    a_day = people * min(1.0, 24 / hours)
    return max(1, math.ceil(a_day / MESSAGES_PER_IP_AND_DAY))


def duration(people: int, per_second: float | None, daily_cap: int | None) -> float | None:
    """Hours until everybody is sent to: days that are full up to the cap, and the rest at the rate. None without limits.

    A send starts at midnight (UTC), as far as the cap is concerned.
    """
    if not per_second and not daily_cap:
        return None
    a_day = min(daily_cap or math.inf, (per_second or math.inf) * 86_400)
    full_days = max(0, math.ceil(people / a_day) - 1)
    rest = people - full_days * a_day
    return full_days * 24 + (rest / per_second / 3_600 if per_second else 0.0)


def warmup_days(people: int, hours: float, ips: int) -> int | None:
    """The first day of the warm-up on which all people fit into `hours` (24 at the most); None if there is none."""
    fits = (day for day, room in enumerate(warmup_room(hours, ips), 1) if room >= people)
    return next(fits, None)


def warmup_room(hours: float, ips: int) -> list[int]:
    """Messages that the IP addresses may send in `hours` (24 at the most) of each day of the warm-up."""
    return [int(hourly * ips * min(hours, 24)) for hourly in WARMUP_HOURLY]
