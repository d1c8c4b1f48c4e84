"""Send a range of chunks: claim, post, classify, record. Nothing else.

Read aloud: take a pending chunk; write the intent, and let the suppressed leave in the same step; post once; write down
what came back, under the fence. Whatever stops this process between two of these steps leaves a chunk that was not sent
(pending) or one that may have been (in doubt), and only the first kind is ever sent by itself.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
from sqlalchemy import Connection, func, select

from include.core import clock
from include.core.campaign import Campaign
from include.core.connections import SendGridAccount
from include.core.errors import EspUnavailable, FenceLost, LedgerUnavailable, TradewindError
from include.core.pace import AccountPace
from include.dispatch import schedule
from include.dispatch.journal import Journal, require_no_lost_requests
from include.dispatch.plan_files import PlanReader, parse_selection
from include.dispatch.public_edge import require_public
from include.dispatch.send.admission import Admission
from include.dispatch.send.backoff import Backoff
from include.dispatch.send.outage_guard import OutageGuard
from include.dispatch.send.outcome import TRACKED, Request, record, split_untracked
from include.dispatch.send.progress import Progress
from include.dispatch.send.withdrawals import Withdrawals
from include.ledger import chunks, pending, plans
from include.ledger.chunk import Chunk, Plan
from include.ledger.database import Ledger
from include.ledger.outages import Suspended, Turn
from include.ledger.stores import Stores
from include.ledger.tables import chunks as chunks_table
from include.ledger.writer import LedgerWriter
from include.sendgrid import payload
from include.sendgrid.response_class import Kind, ResponseClass, classify
from include.sendgrid.transport import TOTAL_SECONDS, Transport, transport

log = logging.getLogger(__name__)

CONNECTIONS = 4
CHUNKS_PER_RANGE = 250
MAX_RANGES = 8
LEDGER_PAUSE_SECONDS = 1.0
"""Between two tries to write an outcome into a ledger that is away."""
UNLIMITED = AccountPace()
T = TypeVar("T")


def ranges(ledger: Ledger, plan_id: str) -> list[dict[str, Any]]:
    """The plan's chunks in a few large ranges, for mapped tasks; empty where nothing is pending."""
    with ledger.read() as connection:
        query = select(func.max(chunks_table.c.root), func.count()).where(chunks_table.c.plan_id == plan_id)
        last, pending = connection.execute(query.where(chunks_table.c.state.in_(("pending", "sending")))).one()
    if not pending:
        return []
    size = max(CHUNKS_PER_RANGE, -(-(last + 1) // MAX_RANGES))
    return [{"plan_id": plan_id, "first": first, "last": min(first + size - 1, last)} for first in range(0, last + 1, size)]


def send_range(
    stores: Stores,
    account: SendGridAccount,
    *,
    plan_id: str,
    first: int,
    last: int,
    account_pace: AccountPace = UNLIMITED,
) -> dict[str, int]:
    """Send what is pending of the plan's chunks `first` to `last`; returns requests and people by what became of them.

    Raises `CampaignStopped` (key, credits, sender, an operator, a refused request), `EspUnavailable` and `PaceHeld`
    (retryable: what was not sent is pending), `FenceLost`, and `ConservationBroken` where the ledger has forgotten requests.
    """
    plan = plans.find_plan(stores.ledger, plan_id)
    if plan is None:
        raise TradewindError("was never frozen.", where=f"plan {plan_id}", remedy="Run the plan task first.")
    folder = stores.paths.root / plan.folder
    require_no_lost_requests(stores.ledger, plan_id, folder)
    chunks.recover(stores.ledger, plan_id)
    work = pending.pending_chunks(stores.ledger, plan_id, first, last)
    if not work:
        return {}
    batch_id = schedule.batch_for(stores.ledger, account, plan, work)
    reader = PlanReader(folder, plan.manifest_sha256, payload.escape_values)
    for content in reader.contents.values():
        require_public(account, content["edge_url"], where=f"plan {plan_id}, links of its messages")
    reader.read_ahead(chunk.file for chunk in work)
    sender = Sender(stores.ledger, plan, reader, Journal(folder), account_pace, batch_id, account.host)
    log.info("%s %s: %d chunks to send", plan.campaign, plan.occurrence, len(work))
    gc.freeze()  # What is there now stays: the collector need not look at all modules again with every few chunks.
    try:
        return asyncio.run(sender.run(account, work))
    finally:
        gc.unfreeze()


class Sender:
    """One process's work on one plan. Ledger calls run in one thread, requests in a few coroutines."""

    def __init__(
        self,
        ledger: Ledger,
        plan: Plan,
        reader: PlanReader,
        journal: Journal,
        account_pace: AccountPace,
        batch_id: str | None,
        host: str,
    ) -> None:
        self._plan = plan
        self._reader = reader
        self._journal = journal
        self._batch_id = batch_id
        self._campaign = Campaign.model_validate_json(plan.settings)
        self._admission = Admission(self._campaign, account_pace)
        self._queue: deque[Chunk] = deque()
        self._backoff = Backoff()
        self._stopping: TradewindError | None = None
        self._withdrawals = Withdrawals(
            plan.suppressions_seen, reader.other_addresses(), topic=self._campaign.topic, planned_at=plan.planned_at
        )
        self._envelopes: dict[str, payload.Envelope] = {}
        self._writer = LedgerWriter(ledger)
        self._guard = OutageGuard(host, plan.plan_id, self._in_ledger)

    async def run(self, account: SendGridAccount, work: list[Chunk]) -> dict[str, int]:
        """Work the queue off; a stop lets requests under way finish, so that they do not end in doubt."""
        self._queue.extend(work)
        self._progress = Progress(f"{self._plan.campaign} {self._plan.occurrence}", sum(chunk.recipients for chunk in work))
        _on_sigterm(self._interrupt)
        try:
            await self._guard.start()
            async with transport(account, CONNECTIONS) as esp:
                await asyncio.gather(*(self._work(esp) for _ in range(min(CONNECTIONS, len(work)))))
        finally:
            self._writer.close()
            self._journal.close()
        sums = self._progress.end()
        if self._stopping:
            raise self._stopping
        return sums

    async def _work(self, esp: Transport) -> None:
        while self._queue and not self._stopping:
            await self._backoff.wait(self._is_stopping)
            try:
                await self._next(esp)
            except TradewindError as error:
                self._stopping = self._stopping or error

    def _is_stopping(self) -> bool:
        return self._stopping is not None

    async def _next(self, esp: Transport) -> None:
        """One request, when it is this worker's turn."""
        turn = await self._guard.wait_for_turn(self._is_stopping)
        try:
            if self._queue and not self._stopping:
                first, rest = await self._guard.take_part(self._queue.popleft(), turn)
                self._queue.extendleft(reversed(rest))
                if first is not None:
                    await self._send(esp, first, turn)
        finally:
            await self._guard.release(turn)

    async def _send(self, esp: Transport, chunk: Chunk, turn: Turn) -> None:
        admitted, again, wait = await self._admitted(chunk)
        self._queue.extendleft(reversed(again))
        if admitted is None or not await self._slept(wait):
            return
        request = await self._claim(admitted, turn)
        if request is None:
            await self._in_ledger(self._admission.give_back, admitted.recipients)
            return
        if untracked := self._no_longer_tracked(request, admitted.content):
            await self._in_ledger(split_untracked, request, untracked, admitted.content)
            await self._take_up_again(request)
            return
        body = self._body(request, admitted)
        if request.claim.lease_left() < TOTAL_SECONDS:
            await self._in_ledger(chunks.release, request.claim, None, "the process was held up before the request")
            self._queue.append(admitted)
            return
        await self._conclude(request, classify(await esp.post(body)), turn)

    async def _admitted(self, chunk: Chunk) -> tuple[Chunk | None, list[Chunk], float]:
        """What may go after how many seconds, and what is to be looked at again (`Admission.admit`)."""
        return (chunk, [], 0.0) if self._admission.is_free else await self._in_ledger(self._admission.admit, chunk)

    async def _slept(self, seconds: float) -> bool:
        """Wait for the pace; False where the campaign was stopped meanwhile."""
        self._progress.waits(seconds)
        until = clock.elapsed() + seconds
        while (left := until - clock.elapsed()) > 0 and not self._stopping:
            await asyncio.sleep(min(left, 0.5))
        return not self._stopping

    async def _claim(self, chunk: Chunk, turn: Turn) -> Request | None:
        """The intent, on disk and in the journal; None where it may not go now, somebody has it or nobody is left in it."""
        people = self._reader.people(chunk.file, chunk.first_row, chunk.root_size)
        leaving = partial(self._leaving, chunk=chunk, people=people)
        try:
            claim = await self._in_ledger(chunks.claim, chunk, leaving, self._batch_id, self._guard.claim_check(turn))
        except Suspended:
            self._guard.require_turn()
            self._queue.appendleft(chunk)
            return None
        if claim is None:
            return None
        self._journal.append(claim)
        places = parse_selection(claim.selection, chunk.root_size)
        return Request(claim, [row for row in places if row not in claim.gone] if claim.gone else places, people)

    async def _conclude(self, request: Request, response: ResponseClass, turn: Turn) -> None:
        """Write the outcome, take up what became pending by it, and give up where there is no getting on."""
        wait = self._backoff.note(response)
        if response.kind is Kind.DOUBT:
            await self._guard.record_doubt(turn)
        became = await self._recorded(request, response, wait)
        await self._guard.record_response(turn, response, wait)
        self._progress.note(became)
        if response.kind is not Kind.ACCEPTED:
            log.warning("chunk %d of %s: %s", request.claim.chunk, self._plan.campaign, response.reason)
        if became.get("pending"):
            await self._take_up_again(request)
        if error := self._backoff.exhausted(response):
            raise error

    async def _take_up_again(self, request: Request) -> None:
        """Queue what became pending of the request's people."""
        await self._in_ledger(self._admission.give_back, len(request.places))
        again = await self._in_ledger(pending.pending_descendants, request.claim.plan_id, request.claim.chunk)
        self._queue.extendleft(reversed(again))

    async def _recorded(self, request: Request, response: ResponseClass, wait: float) -> dict[str, int]:
        """The outcome, written down.

        A ledger that is away is waited for as long as the lease lasts, since without its outcome the request is in doubt.
        """
        away: LedgerUnavailable | None = None
        while True:
            try:
                return await self._in_ledger(record, request, response, wait)
            except LedgerUnavailable as error:
                away = error
                if request.claim.lease_left() < LEDGER_PAUSE_SECONDS:
                    raise
                log.warning("chunk %d waits to write its outcome down: %s", request.claim.chunk, error)
            except FenceLost:
                if away:  # Written down already, by the try whose answer was lost, or by somebody else: look again.
                    raise away from None
                raise
            await asyncio.sleep(LEDGER_PAUSE_SECONDS)

    async def _in_ledger(self, call: Callable[..., T], *args: Any) -> T:
        return await self._writer.run(call, *args)

    def _body(self, request: Request, chunk: Chunk) -> bytes:
        claim, everybody = request.claim, len(request.places) == request.people.num_rows
        return payload.body(
            self._envelope(chunk.content),
            request.people if everybody else request.people.take(pa.array(request.places, pa.int32())),
            attempt=claim.attempt,
            chunk=f"{claim.plan_id}.{claim.chunk}",
            send_at=claim.send_at,
        )

    def _leaving(self, connection: Connection, chunk: Chunk, people: pa.Table) -> list[chunks.Outcome]:
        """Who was suppressed since the plan. Asked inside the claim's transaction."""
        self._withdrawals.read(connection)
        return self._withdrawals.excluded(people, parse_selection(chunk.selection, chunk.root_size))

    def _no_longer_tracked(self, request: Request, content: str) -> list[int]:
        """The places of a tracked request's people who said no to tracking since the plan."""
        return self._withdrawals.untracked(request.people, request.places) if content.endswith(TRACKED) else []

    def _envelope(self, content: str) -> payload.Envelope:
        """The request-level part for a content id `variant.locale.tracked`."""
        if content not in self._envelopes:
            name, _, way = content.rpartition(".")
            self._envelopes[content] = payload.envelope(
                self._campaign, self._reader.contents[name], tracked=way == "tracked", batch_id=self._batch_id
            )
        return self._envelopes[content]

    def _interrupt(self) -> None:
        """SIGTERM: an operator cleared the task, or Airflow shuts down."""
        ended = EspUnavailable("the task was told to end.", remedy="Nothing was lost; run it again to send the rest.")
        self._stopping = self._stopping or ended


def _on_sigterm(handler: Callable[[], None]) -> None:
    """Have `handler` called instead of dying at once; only the main thread of a process can."""
    if threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, handler)
