"""Logs the progress of one sending process, and its waits for the pace, in the task's log."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping

from include.core import clock

log = logging.getLogger(__name__)

SECONDS = 10.0
"""Interval between two progress lines. Shorter waits for the pace are not logged."""


class Progress:
    """Counts requests, and people by state. `name` is the campaign and occurrence."""

    def __init__(self, name: str, people: int) -> None:
        self._name, self._people = name, people
        self._counts: Counter[str] = Counter()
        self._logged_at = clock.elapsed()

    def add(self, by_state: Mapping[str, int]) -> None:
        """Count one request and its people by state. People who are pending again are not counted."""
        self._counts.update({"requests": 1, **{state: people for state, people in by_state.items() if state != "pending"}})
        if clock.elapsed() - self._logged_at >= SECONDS:
            self._logged_at = clock.elapsed()
            log.info("%s: %s, of %d people", self._name, dict(self._counts), self._people)

    def log_wait(self, seconds: float) -> None:
        """Log that the pace delays the next request."""
        if seconds >= SECONDS:
            log.info("%s: the pace allows the next request in %.0f s", self._name, seconds)

    def end(self) -> dict[str, int]:
        """Log the totals and return them."""
        log.info("%s: %s", self._name, dict(self._counts))
        return dict(self._counts)
