"""Send windows: the hours in which messages may arrive, in each person's time zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from include.core.campaign import SendWindow

AHEAD_LIMIT = timedelta(hours=72)
"""SendGrid refuses a send_at further ahead."""
SOON = timedelta(minutes=2)
"""A request whose send_at is nearer than this is sent without one."""

_TIMES = pa.schema([("variant", pa.string()), ("zone", pa.string()), ("send_at", pa.float64()), ("not_after", pa.float64())])


def next_window(window: SendWindow, zone_name: str | None, at: datetime) -> tuple[datetime | None, datetime]:
    """Start (None: now) and end of the window that is open at `at`, else of the next one, in UTC.

    The hours are wall-clock hours of the zone, also on days on which clocks change. An unknown zone counts as UTC.
    """
    zone = zone_of(zone_name)
    local = at.astimezone(zone)
    for day in (local.date(), local.date() + timedelta(days=1)):
        opens = datetime.combine(day, time(window.start), tzinfo=zone).astimezone(UTC)
        last_day, hour = (day, window.end) if window.end < 24 else (day + timedelta(days=1), 0)
        closes = datetime.combine(last_day, time(hour), tzinfo=zone).astimezone(UTC)
        if at < closes:
            return (opens if opens - at > SOON else None), closes
    raise AssertionError("a window opens every day")


def send_times(windows: Mapping[str, SendWindow | None], zones: Iterable[str], at: datetime) -> pa.Table:
    """One row per variant with a window and time zone ('' is UTC): send_at and not_after in Unix seconds."""
    rows = []
    for zone in zones:
        for variant, window in windows.items():
            if window is not None:
                opens, closes = next_window(window, zone, at)
                send_at = opens.timestamp() if opens else None
                rows.append({"variant": variant, "zone": zone, "send_at": send_at, "not_after": closes.timestamp()})
    return pa.Table.from_pylist(rows, schema=_TIMES)


def zone_of(name: str | None) -> ZoneInfo:
    """The time zone of that name; UTC where it is unknown or missing."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
