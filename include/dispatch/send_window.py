"""Send windows and quiet hours: when messages may arrive, in each person's time zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from include.core.arrival_hours import ArrivalHours

AHEAD_LIMIT = timedelta(hours=72)
"""SendGrid refuses a send_at further ahead."""
SOON = timedelta(minutes=2)
"""A request whose send_at is nearer than this is sent without one."""

NO_HOUR = -1
"""Of people who get the mail at the campaign's usual time."""

_TIMES = pa.schema(
    [
        ("variant", pa.string()),
        ("zone", pa.string()),
        ("own_hour", pa.int32()),
        ("send_at", pa.float64()),
        ("not_after", pa.float64()),
    ]
)


def next_window(hours: ArrivalHours, zone_name: str | None, at: datetime) -> tuple[datetime | None, datetime]:
    """Start (None: now) and end of the span of hours that is open at `at`, else of the next one, in UTC.

    The hours are wall-clock hours of the zone, also on days on which clocks change. An unknown zone counts as UTC.
    """
    zone = zone_of(zone_name)
    today = at.astimezone(zone).date()
    spans = [_span(today + timedelta(days=day), start, end, zone) for day in (-1, 0, 1, 2) for start, end in hours.spans]
    for place, (opens, closes) in enumerate(spans):
        if at < closes:
            if place + 1 < len(spans) and spans[place + 1][0] == closes:  # Over midnight.
                closes = spans[place + 1][1]
            return (opens if opens - at > SOON else None), closes
    raise AssertionError("some hour of every day is open")


def _span(day: date, start: int, end: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    opens = datetime.combine(day, time(start), tzinfo=zone).astimezone(UTC)
    last_day, hour = (day, end) if end < 24 else (day + timedelta(days=1), 0)
    return opens, datetime.combine(last_day, time(hour), tzinfo=zone).astimezone(UTC)


def send_times(windows: Mapping[str, ArrivalHours | None], places: Iterable[tuple[str, int]], at: datetime) -> pa.Table:
    """One row per variant and place, if mail waits there: a time zone ('' is UTC) with an own hour (`NO_HOUR` for none).

    Columns send_at (null: now) and not_after (null: never too late) in Unix seconds.
    """
    rows = []
    for zone, own_hour in places:
        for variant, hours in windows.items():
            if hours is not None or own_hour != NO_HOUR:
                opens, closes = arrival(hours, zone, own_hour, at)
                send_at, not_after = (moment.timestamp() if moment else None for moment in (opens, closes))
                row = {"variant": variant, "zone": zone, "own_hour": own_hour, "send_at": send_at, "not_after": not_after}
                rows.append(row)
    return pa.Table.from_pylist(rows, schema=_TIMES)


def arrival(
    hours: ArrivalHours | None, zone: str | None, own_hour: int, at: datetime
) -> tuple[datetime | None, datetime | None]:
    """From when (None: now) and until when (None: always) mail may arrive: in `hours`, from a person's own hour on."""
    if own_hour == NO_HOUR:
        return next_window(hours, zone, at) if hours else (None, None)
    opens, _ = next_window(ArrivalHours(((own_hour, own_hour + 1),)), zone, at)
    if hours is None:
        return opens, None
    later, closes = next_window(hours, zone, opens or at)  # `later` only where the clocks change over the hour.
    return later or opens, closes


def zone_of(name: str | None) -> ZoneInfo:
    """The time zone of that name; UTC where it is unknown or missing."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
