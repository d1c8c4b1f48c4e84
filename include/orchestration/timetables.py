"""When a DAG runs."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable
from croniter import croniter

from include.core.errors import ConfigurationError

FIRST_TICK_GRACE = timedelta(seconds=30)


def timetable(cron: str, *, interval: timedelta = timedelta(), grace: bool = False) -> CronTriggerTimetable:
    """Runs at each tick (UTC), for the `interval` before it; never at once because somebody unpaused the DAG.

    A run missed while the scheduler was down is made up once. Where ticks are far apart, `grace` keeps the very first from
    being lost when the file happens to be parsed again between the tick and the scheduler's look. Raises
    `ConfigurationError` for what is not a cron expression.
    """
    if not croniter.is_valid(cron):
        raise ConfigurationError(
            f"schedule: '{cron}' is not a cron expression.", remedy="Write five fields, as in 0 9 * * 2."
        )
    at_once = FIRST_TICK_GRACE if grace else False
    return CronTriggerTimetable(cron, timezone="UTC", interval=interval, run_immediately=at_once)
