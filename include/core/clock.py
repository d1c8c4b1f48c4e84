"""The one clock. Everything that needs the time asks here, so that a test can move it."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

OFFSET_VARIABLE = "TRADEWIND_CLOCK_OFFSET_SECONDS"


def now() -> datetime:
    """The current time in UTC, moved by `TRADEWIND_CLOCK_OFFSET_SECONDS` where a test or drill sets it."""
    return datetime.now(UTC) + timedelta(seconds=float(os.environ.get(OFFSET_VARIABLE) or 0))


def elapsed() -> float:
    """Seconds on a clock that never goes backwards and counts while the process or machine is suspended."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
