"""The one clock. Everything that needs the time asks here, so that a test can move it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from include.core.settings import settings


def now() -> datetime:
    """The current time in UTC, moved by `TRADEWIND_CLOCK_OFFSET_SECONDS` where a test or drill sets it."""
    return datetime.now(UTC) + timedelta(seconds=settings().clock_offset_seconds)


def elapsed() -> float:
    """Seconds on a clock that never goes backwards and counts while the process or machine is suspended."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
