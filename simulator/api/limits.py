"""Rate limits and their response headers."""

from __future__ import annotations

import math

from simulator import clock


class RateLimit:
    """At most `limit` requests per window of `seconds`; X-RateLimit-Reset is a Unix timestamp."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._window, self._used = 0, 0

    def allow(self) -> bool:
        """Count a request; returns whether it is within the limit."""
        window = int(clock.now() // self._seconds)
        if window != self._window:
            self._window, self._used = window, 0
        self._used += 1
        return self._used <= self._limit

    def headers(self) -> dict[str, str]:
        """X-RateLimit-Limit, -Remaining, -Reset."""
        reset = math.ceil((self._window + 1) * self._seconds)
        left = max(0, self._limit - self._used)
        return {"X-RateLimit-Limit": str(self._limit), "X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": str(reset)}
