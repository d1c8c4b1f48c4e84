"""Limits one sending process to its turn and to small probes during an outage (`ledger/outages.py`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from sqlalchemy import Connection

from include.core import clock
from include.core.errors import EspUnavailable
from include.dispatch.send.admission import divide_chunk
from include.ledger import outages, pending
from include.ledger.chunk import Chunk
from include.ledger.database import Ledger
from include.ledger.outages import Turn
from include.sendgrid.response_class import Kind, ResponseClass

log = logging.getLogger(__name__)

MAX_WAIT_SECONDS = 60.0
"""If the wait is longer, the task releases its slot and Airflow retries it after the wait."""
FIRST_PEOPLE = 10
"""Recipients of the first request of a send: only they are in doubt if SendGrid is out of order already."""
PROBE_PEOPLE = 1
"""Recipients of a request after a doubt."""


class OutageGuard:
    """Shared by all workers of a process. `in_ledger` runs a ledger function off the event loop."""

    def __init__(self, scope: str, plan_id: str, in_ledger: Callable[..., Awaitable[Any]]) -> None:
        self._scope, self._plan_id, self._in_ledger = scope, plan_id, in_ledger
        self._is_open = False

    async def wait_for_turn(self, stopped: Callable[[], bool]) -> Turn:
        """Wait for this worker's turn, which is open or has a probe; neither if `stopped`.

        Raises `EspUnavailable` if the wait is longer than `MAX_WAIT_SECONDS`.
        """
        while not stopped():
            turn: Turn = Turn(open=True) if self._is_open else await self._in_ledger(outages.request_turn, self._scope)
            if turn.open or turn.probe:
                self._is_open = turn.open
                return turn
            if turn.wait > MAX_WAIT_SECONDS:
                raise await self._held(turn)
            await _sleep(turn.wait, stopped)
        return Turn()

    async def start(self) -> None:
        """Register this process; call it before the first request."""
        self._is_open = not await self._in_ledger(outages.start_sending, self._scope)

    def require_turn(self) -> None:
        """Require a new turn before the next claim, after one was refused."""
        self._is_open = False

    def claim_check(self, turn: Turn) -> Callable[[Connection], None]:
        """The check that a claim runs in its transaction; it raises `outages.Suspended`."""
        return partial(outages.require_open, scope=self._scope, probe=turn.probe)

    async def limit_to_turn(self, chunk: Chunk, turn: Turn) -> tuple[Chunk | None, list[Chunk]]:
        """The part of the chunk to send in this turn (None if another process has claimed it), and the chunks to requeue."""
        size = PROBE_PEOPLE if turn.doubts else FIRST_PEOPLE
        if turn.open or chunk.recipients <= size:
            return chunk, []
        parts = await self._in_ledger(divide_chunk, chunk, size, "divided: a small request is sent first")
        if not parts:
            return None, await self._in_ledger(pending.pending_descendants, chunk.plan_id, chunk.chunk)
        return parts[0], parts[1:]

    async def record_doubt(self, turn: Turn) -> None:
        """Record that a request ended in doubt, before its outcome, so that no other request starts in between."""
        self._is_open = False
        found: Turn = await self._in_ledger(outages.record_doubt, self._scope, turn.probe)
        log.warning(
            "no readable response from SendGrid, %d in a row: the next probe is sent in %.0f s", found.doubts, found.wait
        )

    async def record_response(self, turn: Turn, response: ResponseClass, wait: float) -> None:
        """Record the response to a probe, after its outcome, which is more important."""
        if turn.probe and response.kind is Kind.ACCEPTED:
            await self._in_ledger(outages.record_accepted_probe, self._scope, turn.probe)
            self._is_open = True
        elif turn.probe and response.kind is not Kind.DOUBT:
            await self._in_ledger(outages.release_probe, self._scope, turn.probe, wait)

    async def release(self, turn: Turn) -> None:
        """Release the turn's probe; changes nothing if its response was recorded."""
        if turn.probe:
            await self._in_ledger(outages.release_probe, self._scope, turn.probe)

    async def _held(self, turn: Turn) -> EspUnavailable:
        await self._in_ledger(_record_hold, self._plan_id)
        return EspUnavailable(
            f"SendGrid gave no readable response {turn.doubts} times in a row; the rest of the campaign is pending.",
            where="mail/send",
            remedy=f"The next probe is sent automatically in {turn.wait:.0f} s. Check SendGrid's status page.",
            retry_after=turn.wait,
        )


def _record_hold(ledger: Ledger, plan_id: str) -> None:
    pending.record_hold_reason(ledger, plan_id, "held: no readable response from SendGrid")


async def _sleep(seconds: float, stopped: Callable[[], bool]) -> None:
    until = clock.elapsed() + seconds
    while (left := until - clock.elapsed()) > 0 and not stopped():
        await asyncio.sleep(min(left, 0.5))
