"""Timetables of the DAGs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.sdk import CronTriggerTimetable
from airflow.timetables.events import EventsTimetable
from croniter import croniter

from include.core.errors import ConfigurationError

if TYPE_CHECKING:
    from include.core.campaign import Campaign

FIRST_TICK_GRACE = timedelta(seconds=30)


def of_campaign(campaign: Campaign) -> CronTriggerTimetable | EventsTimetable | None:
    """The schedule of a campaign: cron in its time zone, one date, or none.

    `airflow.sdk.EventsTimetable` cannot be stored: Airflow 3.3.2 writes it without the field `_summary` that it reads.
    """
    if campaign.schedule is None:
        return None
    if at := campaign.one_date:
        return EventsTimetable([pendulum.instance(at)], description=f"{campaign.schedule} ({campaign.time_zone})")
    return every(campaign.schedule, time_zone=campaign.time_zone, grace=True)


def one_date_arguments(campaign: Campaign) -> dict[str, Any]:
    """Arguments of `DAG` for a campaign with one date; none for others.

    The run is made up whenever it was missed, since there is no later tick. Beyond the campaign's limit for a late start it
    waits for approval, as every late run does.
    """
    at = campaign.one_date
    return {"catchup": True, "start_date": pendulum.instance(at)} if at else {}


def timetable(cron: str | None, *, interval: timedelta = timedelta(), grace: bool = False) -> CronTriggerTimetable | None:
    """A run at each tick (UTC), for the `interval` before it; None without a cron expression: the DAG is triggered manually.

    Unpausing a DAG starts no run. A run that was missed while the scheduler was down is made up once. If ticks are far
    apart, `grace` keeps the first from being lost when the file is parsed again between the tick and the scheduler's next
    check. Raises `ConfigurationError` if the text is not a cron expression.
    """
    return None if cron is None else every(cron, interval=interval, grace=grace)


def every(
    cron: str, *, interval: timedelta = timedelta(), grace: bool = False, time_zone: str = "UTC"
) -> CronTriggerTimetable:
    """As `timetable`, of a DAG that always has a schedule; ticks are local times of `time_zone`."""
    if not croniter.is_valid(cron):
        raise ConfigurationError(
            f"schedule: '{cron}' is not a cron expression.", remedy="Write five fields, as in 0 9 * * 2."
        )
    at_once = FIRST_TICK_GRACE if grace else False
    return CronTriggerTimetable(cron, timezone=time_zone, interval=interval, run_immediately=at_once)
