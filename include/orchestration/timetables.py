"""Timetables of the DAGs."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable
from croniter import croniter

from include.core.errors import ConfigurationError

FIRST_TICK_GRACE = timedelta(seconds=30)


def timetable(cron: str | None, *, interval: timedelta = timedelta(), grace: bool = False) -> CronTriggerTimetable | None:
    """A run at each tick (UTC), for the `interval` before it; None without a cron expression: the DAG is triggered manually.

    Unpausing a DAG starts no run. A run that was missed while the scheduler was down is made up once. If ticks are far
    apart, `grace` keeps the first from being lost when the file is parsed again between the tick and the scheduler's next
    check. Raises `ConfigurationError` if the text is not a cron expression.
    """
    return None if cron is None else every(cron, interval=interval, grace=grace)


def every(cron: str, *, interval: timedelta = timedelta(), grace: bool = False) -> CronTriggerTimetable:
    """As `timetable`, of a DAG that always has a schedule."""
    if not croniter.is_valid(cron):
        raise ConfigurationError(
            f"schedule: '{cron}' is not a cron expression.", remedy="Write five fields, as in 0 9 * * 2."
        )
    at_once = FIRST_TICK_GRACE if grace else False
    return CronTriggerTimetable(cron, timezone="UTC", interval=interval, run_immediately=at_once)
