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
from include.dispatch.send.admission import divided
from include.ledger import outages, pending
from include.ledger.chunk import Chunk
from include.ledger.database import Ledger
from include.ledger.outages import Turn
from include.sendgrid.response_class import Kind, ResponseClass

log = logging.getLogger(__name__)

MAX_WAIT_SECONDS = 60.0
"""A longer wait gives the task's slot back: Airflow runs it again when the time has come."""
FIRST_PEOPLE = 10
"""In the request with which sending begins: all there is in doubt where SendGrid was out of order before."""
PROBE_PEOPLE = 1
"""In a request after a doubt."""


class OutageGuard:
    """All workers of a process share one. `in_ledger` makes a ledger call off the event loop."""

    def __init__(self, scope: str, plan_id: str, in_ledger: Callable[..., Awaitable[Any]]) -> None:
        self._scope, self._plan_id, self._in_ledger = scope, plan_id, in_ledger
        self._is_open = False

    async def wait_for_turn(self, stopped: Callable[[], bool]) -> Turn:
        """Wait for this worker's turn: open, or with a probe; neither where `stopped`.

        Raises `EspUnavailable` where the wait is longer than a task should.
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
        """Before the first request."""
        self._is_open = not await self._in_ledger(outages.start_sending, self._scope)

    def require_turn(self) -> None:
        """A claim was refused: ask for a turn before the next."""
        self._is_open = False

    def claim_check(self, turn: Turn) -> Callable[[Connection], None]:
        """What a claim asks in its transaction; raises `outages.Suspended`."""
        return partial(outages.require_open, scope=self._scope, probe=turn.probe)

    async def take_part(self, chunk: Chunk, turn: Turn) -> tuple[Chunk | None, list[Chunk]]:
        """What of the chunk may go in this turn, None where somebody else has taken it; and what is left of it."""
        size = PROBE_PEOPLE if turn.doubts else FIRST_PEOPLE
        if turn.open or chunk.recipients <= size:
            return chunk, []
        parts = await self._in_ledger(divided, chunk, size, "divided: a small request goes first")
        if not parts:
            return None, await self._in_ledger(pending.pending_descendants, chunk.plan_id, chunk.chunk)
        return parts[0], parts[1:]

    async def record_doubt(self, turn: Turn) -> None:
        """A request ended in doubt. Noted before its outcome: nobody shall begin another one in between."""
        self._is_open = False
        found: Turn = await self._in_ledger(outages.record_doubt, self._scope, turn.probe)
        log.warning(
            "SendGrid gives no readable answer, %d in a row: a small request goes in %.0f s", found.doubts, found.wait
        )

    async def record_response(self, turn: Turn, response: ResponseClass, wait: float) -> None:
        """Note what the answer to a probe tells of SendGrid. After its outcome, which must not be lost for this."""
        if turn.probe and response.kind is Kind.ACCEPTED:
            await self._in_ledger(outages.record_accepted_probe, self._scope, turn.probe)
            self._is_open = True
        elif turn.probe and response.kind is not Kind.DOUBT:
            await self._in_ledger(outages.release_probe, self._scope, turn.probe, wait)

    async def release(self, turn: Turn) -> None:
        """Whatever became of a turn, its probe is over; changes nothing where that was noted."""
        if turn.probe:
            await self._in_ledger(outages.release_probe, self._scope, turn.probe)

    async def _held(self, turn: Turn) -> EspUnavailable:
        await self._in_ledger(_note_held, self._plan_id)
        return EspUnavailable(
            f"SendGrid gave no readable answer {turn.doubts} times in a row; the rest of the campaign is pending.",
            where="mail/send",
            remedy=f"One small request tries it again in {turn.wait:.0f} s, by itself. See SendGrid's status.",
            retry_after=turn.wait,
        )


def _note_held(ledger: Ledger, plan_id: str) -> None:
    pending.record_hold_reason(ledger, plan_id, "held: SendGrid gives no readable answer")


async def _sleep(seconds: float, stopped: Callable[[], bool]) -> None:
    until = clock.elapsed() + seconds
    while (left := until - clock.elapsed()) > 0 and not stopped():
        await asyncio.sleep(min(left, 0.5))
