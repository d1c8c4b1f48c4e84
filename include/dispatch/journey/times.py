"""When a step is due for a person: waits, send windows and quiet hours, by the person's clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from include.core.journey_fields import Step, Wait
from include.core.journey_version import JourneyVersion
from include.dispatch.send_window import next_window, zone_of

GRID_SECONDS = 600
"""Waits of an hour or more end at full ten minutes, so that people who are due at about the same time share a plan."""


def due_at(version: JourneyVersion, step: Step, zone: str | None, arrived: float, now: float) -> float:
    """When `step` is due for a person of that time zone who came to it at `arrived` (Unix seconds), not before `now`."""
    if step.wait:
        return _wait_ends(step.wait, zone, arrived, now)
    mail = version.campaigns.get(step.id)
    if mail and mail.hours:
        opens, _ = next_window(mail.hours, zone, datetime.fromtimestamp(now, UTC))
        return opens.timestamp() if opens else now
    return now


def _wait_ends(wait: Wait, zone: str | None, arrived: float, now: float) -> float:
    """The end of a wait. Days are 24 hours; `until_hour` is then the next such hour on the person's clock."""
    ends = max(now, arrived + wait.seconds)
    if wait.until_hour is not None:
        return _next_hour(wait.until_hour, zone or "UTC", ends)
    return -(-ends // GRID_SECONDS) * GRID_SECONDS if wait.seconds >= 3600 and ends > now else ends


def _next_hour(hour: int, zone_name: str, at: float) -> float:
    """The first moment from `at` on at which the clock of the zone shows that full hour.

    An hour that a change of clocks leaves out is the moment of the change; one that comes twice is its first time.
    """
    zone = zone_of(zone_name)
    day = datetime.fromtimestamp(at, zone).date()
    for later in range(3):
        moment = datetime.combine(day + timedelta(days=later), time(hour), tzinfo=zone).astimezone(UTC)
        if moment.timestamp() >= at:
            return moment.timestamp()
    raise AssertionError("every hour comes within two days")
