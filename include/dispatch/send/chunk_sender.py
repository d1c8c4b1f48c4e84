"""Sends one chunk: claim, post, classify, record.

The intent is on disk before the POST, and the outcome is written under the claim's fence after it. If the process ends
between two of these steps, the chunk is either pending (it was not sent) or in doubt (it may have been). Only pending chunks
are sent again without evidence.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from include.core import clock, metrics, telemetry
from include.core.campaign import Campaign
from include.core.errors import ContentReplaced, FenceLost, LedgerUnavailable
from include.core.pace import AccountPace
from include.dispatch.journal import Journal
from include.dispatch.plan_files import PlanReader, parse_selection
from include.dispatch.send.admission import Admission
from include.dispatch.send.backoff import Backoff
from include.dispatch.send.outage_guard import OutageGuard
from include.dispatch.send.outcome import record, split_untracked
from include.dispatch.send.progress import Progress
from include.dispatch.send.request import TRACKED, Request, RequestBodies
from include.dispatch.send.withdrawals import Withdrawals
from include.ledger import chunks, pending
from include.ledger.chunk import Chunk, Plan
from include.ledger.outages import Suspended, Turn
from include.sendgrid.response_class import Kind, ResponseClass, classify
from include.sendgrid.transport import TOTAL_SECONDS, Transport

log = logging.getLogger(__name__)

LEDGER_PAUSE_SECONDS = 1.0
"""Wait between attempts to write an outcome while the ledger is unavailable."""


class ChunkSender:
    """Sends chunks of one plan. Chunks that are pending again go back to `queue`; all workers of a process share it.

    `in_ledger` runs a ledger function off the event loop.
    """

    def __init__(
        self,
        plan: Plan,
        reader: PlanReader,
        journal: Journal,
        batch_id: str | None,
        account_pace: AccountPace,
        queue: deque[Chunk],
        guard: OutageGuard,
        in_ledger: Callable[..., Awaitable[Any]],
        is_stopping: Callable[[], bool],
    ) -> None:
        campaign = Campaign.model_validate_json(plan.settings)
        self._plan, self._reader, self._journal, self._batch_id = plan, reader, journal, batch_id
        self._queue, self._guard, self._in_ledger, self._is_stopping = queue, guard, in_ledger, is_stopping
        self._admission = Admission(campaign, account_pace)
        self._bodies = RequestBodies(campaign, reader, batch_id)
        self._withdrawals = Withdrawals(
            plan.suppressions_seen,
            reader.other_addresses(),
            topic=campaign.topic,
            confirming=campaign.kind == "confirmation",
            planned_at=plan.planned_at,
        )
        self.backoff = Backoff()
        self.progress = Progress(f"{plan.campaign} {plan.occurrence}", sum(chunk.recipients for chunk in queue))

    async def send(self, esp: Transport, chunk: Chunk, turn: Turn) -> None:
        """Make one request for the chunk or a part of it, if it is admitted now."""
        admitted, requeued, wait = await self._admitted(chunk)
        self._queue.extendleft(reversed(requeued))
        if admitted is None or not await self._waited(wait):
            return
        request = await self._claim(admitted, turn)
        if request is None:
            await self._in_ledger(self._admission.release, admitted.recipients)
        elif untracked := self._no_longer_tracked(request, admitted.content):
            await self._in_ledger(split_untracked, request, untracked, admitted.content)
            await self._requeue(request)
        else:
            await self._post(esp, request, admitted, turn)

    async def _post(self, esp: Transport, request: Request, chunk: Chunk, turn: Turn) -> None:
        body = self._bodies.body(request, chunk)
        if request.claim.lease_left() < TOTAL_SECONDS:
            await self._in_ledger(chunks.release, request.claim, None, "the process was suspended before the request")
            self._queue.append(chunk)
            return
        await self._conclude(request, await self._posted(esp, request, body), turn)

    async def _posted(self, esp: Transport, request: Request, body: bytes) -> ResponseClass:
        """Make the request; return the class of its response."""
        claim, started = request.claim, clock.elapsed()
        about = {"chunk": claim.chunk, "attempt": claim.attempt, "recipients": len(request.rows)}
        with telemetry.span("dispatch.request", claim.plan_id, is_request=True, **about) as span:
            response = classify(await esp.post(body))
            kind = response.kind.name.lower()
            span.set(response=kind, status=response.status)
        metrics.REQUESTS.record(1, response=kind)
        metrics.REQUEST_SECONDS.record(clock.elapsed() - started, response=kind)
        return response

    async def _admitted(self, chunk: Chunk) -> tuple[Chunk | None, list[Chunk], float]:
        """The chunk to send, the chunks to requeue, and the wait in seconds (`Admission.admit`)."""
        if self._admission.is_free:
            return chunk, [], 0.0
        admitted: tuple[Chunk | None, list[Chunk], float] = await self._in_ledger(self._admission.admit, chunk)
        return admitted

    async def _waited(self, seconds: float) -> bool:
        """Wait for the pace; False if the campaign was stopped in the meantime."""
        self.progress.log_wait(seconds)
        until = clock.elapsed() + seconds
        while (left := until - clock.elapsed()) > 0 and not self._is_stopping():
            await asyncio.sleep(min(left, 0.5))
        return not self._is_stopping()

    async def _claim(self, chunk: Chunk, turn: Turn) -> Request | None:
        """Write the intent to the ledger and the journal; None if the chunk may not be sent now or has nobody left.

        Raises `ContentReplaced` if the plan was corrected since this process began to read it.
        """
        if not self._reader.has(chunk.file):
            raise ContentReplaced("its content was replaced meanwhile.", where=f"plan {chunk.plan_id}")
        people = self._reader.people(chunk.file, chunk.first_row, chunk.root_size)
        excluded = partial(self._excluded, chunk=chunk, people=people)
        try:
            claim = await self._in_ledger(chunks.claim, chunk, excluded, self._batch_id, self._guard.claim_check(turn))
        except Suspended:
            self._guard.require_turn()
            self._queue.appendleft(chunk)
            return None
        if claim is None:
            return None
        self._journal.append(claim)
        rows = parse_selection(claim.selection, chunk.root_size)
        return Request(claim, [row for row in rows if row not in claim.excluded] if claim.excluded else rows, people)

    async def _conclude(self, request: Request, response: ResponseClass, turn: Turn) -> None:
        """Write the outcome and requeue pending people; raise `EspUnavailable` if the retry budget is used up."""
        wait = self.backoff.note(response)
        if response.kind is Kind.DOUBT:
            await self._guard.record_doubt(turn)
        with telemetry.span("dispatch.outcome", request.claim.plan_id, chunk=request.claim.chunk) as span:
            people = await self._recorded(request, response, wait)
            span.set(**people)
        for state, messages in people.items():
            if state != "pending":
                metrics.MESSAGES.record(messages, state=state)
        await self._guard.record_response(turn, response, wait)
        self.progress.add(people)
        if response.kind is not Kind.ACCEPTED:
            log.warning("chunk %d of %s: %s", request.claim.chunk, self._plan.campaign, response.reason)
        if people.get("pending"):
            await self._requeue(request)
        if error := self.backoff.exhausted(response):
            raise error

    async def _requeue(self, request: Request) -> None:
        """Queue the pending chunks with people of the request."""
        await self._in_ledger(self._admission.release, len(request.rows))
        again = await self._in_ledger(pending.pending_descendants, request.claim.plan_id, request.claim.chunk)
        self._queue.extendleft(reversed(again))

    async def _recorded(self, request: Request, response: ResponseClass, wait: float) -> dict[str, int]:
        """Write the outcome; return people by state.

        Retries for as long as the lease lasts while the ledger is unavailable: without an outcome the request is in doubt.
        """
        unavailable: LedgerUnavailable | None = None
        while True:
            try:
                people: dict[str, int] = await self._in_ledger(record, request, response, wait)
                return people
            except LedgerUnavailable as error:
                unavailable = error
                if request.claim.lease_left() < LEDGER_PAUSE_SECONDS:
                    raise
                log.warning("chunk %d waits to write its outcome: %s", request.claim.chunk, error)
            except FenceLost:
                if unavailable:  # An earlier attempt was committed and its reply lost, or another process took over.
                    raise unavailable from None
                raise
            await asyncio.sleep(LEDGER_PAUSE_SECONDS)

    def _excluded(self, connection: Connection, chunk: Chunk, people: pa.Table) -> list[chunks.Outcome]:
        """People who may not be mailed any more when the mail is due. Runs inside the claim's transaction."""
        self._withdrawals.read(connection)
        due = max(clock.now().timestamp(), chunk.send_at or 0.0)
        return self._withdrawals.excluded(people, parse_selection(chunk.selection, chunk.root_size), due)

    def _no_longer_tracked(self, request: Request, content: str) -> list[int]:
        """The rows of people in a tracked request who refused tracking since the plan."""
        return self._withdrawals.untracked(request.people, request.rows) if content.endswith(TRACKED) else []
