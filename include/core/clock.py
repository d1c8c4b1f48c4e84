"""The only clock of the project, so that tests can set it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from include.core.settings import settings


def now() -> datetime:
    """The current time in UTC, plus `TRADEWIND_CLOCK_OFFSET_SECONDS`, which tests and drills set."""
    return datetime.now(UTC) + timedelta(seconds=settings().clock_offset_seconds)


def elapsed() -> float:
    """Seconds on a monotonic clock that keeps counting while the process or machine is suspended."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
