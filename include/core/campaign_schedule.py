"""When a campaign is sent: at each tick of a cron expression, or on one date, both in the campaign's time zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

from include.core.places import time_zones
from include.core.suggestion import did_you_mean

_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d?:\d\d)(?::00)?")
_REMEDY = "Write cron, as in 0 9 * * 2 (minute, hour, day, month, day of week), or one date, as in 2026-12-24 09:00."


def as_text(value: Any) -> Any:
    """The text of a schedule, also where YAML read it as a date. Raises `ValueError` with what is missing."""
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise ValueError("has an offset from UTC. Write the local time, and its zone as time_zone: Europe/Berlin")
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        raise ValueError(f"has no time. Write for example {value} 09:00")
    return value


def require_schedule(text: str) -> str:
    """The schedule, as one date if it is one. Raises `ValueError` in the words of its author."""
    if match := _DATE.fullmatch(text.strip()):
        try:
            return f"{datetime.fromisoformat(f'{match[1]} {match[2].zfill(5)}'):%Y-%m-%d %H:%M}"
        except ValueError:
            raise ValueError(f"'{text}' is not a date of the calendar. {_REMEDY}") from None
    if len(text.split()) != 5 or not croniter.is_valid(text):
        raise ValueError(f"'{text[:60]}' is neither a cron expression nor a date. {_REMEDY}")
    try:
        croniter(text, datetime(2024, 1, 1, tzinfo=UTC)).get_next()
    except CroniterBadDateError:
        raise ValueError(f"'{text}' never comes: there is no such day") from None
    return text


def require_time_zone(name: str) -> str:
    """The name of a time zone. Raises `ValueError` with the name that was probably meant."""
    if name not in time_zones():
        places = [known for known in time_zones() if "/" in known or known == "UTC"]
        meant = did_you_mean(name, places) or "Write an IANA name, as in Europe/Berlin."
        raise ValueError(f"'{name[:60]}' is not a time zone. {meant}")
    return name


def one_date(schedule: str | None, time_zone: str) -> datetime | None:
    """The time (UTC) of a schedule that is one date; None if it is a cron expression. Of a repeated hour, the first.

    Raises `ValueError` for a time that the change to summer time leaves out.
    """
    if schedule is None or not _DATE.fullmatch(schedule):
        return None
    local = datetime.fromisoformat(schedule).replace(tzinfo=ZoneInfo(time_zone))
    at = local.astimezone(UTC)
    if at.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError(f"{schedule} does not exist in {time_zone}: the clocks go forward over it")
    return at


def next_run(schedule: str | None, time_zone: str, after: datetime) -> datetime | None:
    """The next time (UTC) after `after`; None if the campaign is started by hand, or its date has passed."""
    if schedule is None:
        return None
    if at := one_date(schedule, time_zone):
        return at if at > after else None
    tick: datetime = croniter(schedule, after.astimezone(ZoneInfo(time_zone))).get_next(datetime)
    return tick.astimezone(UTC)
