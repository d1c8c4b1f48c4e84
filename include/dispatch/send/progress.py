"""What one sending process says of its work in the task's log: how far it is, and what it waits for."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping

from include.core import clock

log = logging.getLogger(__name__)

SECONDS = 10.0
"""Between two lines on how far it is; a shorter wait for the pace is not told."""


class Progress:
    """Counts requests, and people by what became of them; `of` is the campaign and occurrence."""

    def __init__(self, of: str, people: int) -> None:
        self._of, self._people = of, people
        self._counts: Counter[str] = Counter()
        self._told = clock.elapsed()

    def note(self, became: Mapping[str, int]) -> None:
        """A request has its outcome: `became` people by state. Those who are pending again are not counted."""
        self._counts.update({"requests": 1, **{state: people for state, people in became.items() if state != "pending"}})
        if clock.elapsed() - self._told >= SECONDS:
            self._told = clock.elapsed()
            log.info("%s: %s, of %d people", self._of, dict(self._counts), self._people)

    def waits(self, seconds: float) -> None:
        """The pace lets the next request go in so many seconds."""
        if seconds >= SECONDS:
            log.info("%s: the pace lets the next request go in %.0f s", self._of, seconds)

    def end(self) -> dict[str, int]:
        """Tell the sums and return them."""
        log.info("%s: %s", self._of, dict(self._counts))
        return dict(self._counts)
