"""Backoff and retry budget of one sending process, based on SendGrid's last responses."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from include.core import clock
from include.core.errors import EspUnavailable
from include.sendgrid.response_class import Kind, ResponseClass

FIRST_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 60.0
LIMITS = {Kind.THROTTLED: 20, Kind.NOT_SENT: 6, Kind.REFUSED: 25}
"""Consecutive responses of a kind, without an accepted request in between, after which this process gives up for now.
Finding one refused recipient among 1,000 takes ten refusals. Doubts are counted in `outage_guard.py`."""


class Backoff:
    """Counts consecutive responses. All workers of a process share one instance, so that a 429 delays all of them."""

    def __init__(self) -> None:
        self._in_a_row: dict[Kind, int] = {}
        self._wake_at = 0.0

    def note(self, response: ResponseClass) -> float:
        """Count a response; return the seconds in which nothing should be sent."""
        if response.kind is Kind.ACCEPTED:
            self._in_a_row.clear()
            return 0.0
        count = self._in_a_row[response.kind] = self._in_a_row.get(response.kind, 0) + 1
        if response.kind not in (Kind.THROTTLED, Kind.NOT_SENT):
            return 0.0
        wait = response.wait if response.wait is not None else _backoff(count)
        self._wake_at = max(self._wake_at, clock.elapsed() + wait)
        return wait

    def exhausted(self, response: ResponseClass) -> EspUnavailable | None:
        """The error to raise if the retry budget for this kind of response is used up; else None."""
        if self._in_a_row.get(response.kind, 0) < LIMITS.get(response.kind, 1_000_000):
            return None
        return EspUnavailable(
            f"{LIMITS[response.kind]} requests in a row ended with '{response.reason}'.",
            where="mail/send",
            remedy="Unsent messages are pending and none is sent twice; the task is retried later.",
        )

    async def wait(self, stopped: Callable[[], bool]) -> None:
        """Sleep until the next request is allowed, or until `stopped`."""
        while (left := self._wake_at - clock.elapsed()) > 0 and not stopped():
            await asyncio.sleep(min(left, 0.5))


def _backoff(count: int) -> float:
    """Capped exponential backoff with full jitter, at least a tenth of the step."""
    step: float = min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (count - 1))
    return step * random.uniform(0.1, 1.0)  # noqa: S311 - jitter, not a secret
