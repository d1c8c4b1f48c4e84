"""Sends a range of chunks: the task `dispatch.send_range` and its workers."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import TypedDict

from sqlalchemy import func, select

from include.core import telemetry
from include.core.connections import SendGridAccount
from include.core.errors import ContentReplaced, EspUnavailable, TradewindError
from include.core.pace import AccountPace
from include.dispatch import schedule
from include.dispatch.journal import Journal, require_no_lost_requests
from include.dispatch.plan_files import PlanReader
from include.dispatch.public_edge import require_public
from include.dispatch.send.chunk_sender import ChunkSender
from include.dispatch.send.outage_guard import OutageGuard
from include.ledger import chunks, pending, plans
from include.ledger.chunk import Chunk, Plan
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import chunks as chunks_table
from include.ledger.writer import LedgerWriter
from include.sendgrid import payload
from include.sendgrid.transport import Transport, transport

log = logging.getLogger(__name__)

CONNECTIONS = 4
CHUNKS_PER_RANGE = 250
MAX_RANGES = 8
UNLIMITED = AccountPace()


class Range(TypedDict):
    """The arguments of one mapped task: the chunks `first` to `last` of a plan."""

    plan_id: str
    first: int
    last: int


def ranges(ledger: Ledger, plan_id: str) -> list[Range]:
    """The plan's chunks in at most `MAX_RANGES` ranges, for mapped tasks; empty where nothing is pending."""
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
    """Send the pending chunks among the plan's chunks `first` to `last`; return the number of requests and people by state.

    Raises `CampaignStopped` (key, credits, sender, an operator, a refused request), `EspUnavailable` and `PaceHeld`
    (retryable: unsent messages are pending), `FenceLost`, and `LedgerBehindJournal` if the ledger lacks requests.
    """
    with telemetry.span("dispatch.send_range", plan_id, first=first, last=last) as span:
        counts, is_replaced = Counter[str](), True
        while is_replaced:
            plan = plans.find_plan(stores.ledger, plan_id)
            if plan is None:
                raise TradewindError("was never frozen.", where=f"plan {plan_id}", remedy="Run the plan task first.")
            span.set(campaign=plan.campaign, occurrence=plan.occurrence)
            some, is_replaced = _send_chunks(stores, account, plan, first, last, account_pace)
            counts.update(some)
        span.set(**counts)
        return dict(counts)


def _send_chunks(
    stores: Stores, account: SendGridAccount, plan: Plan, first: int, last: int, account_pace: AccountPace
) -> tuple[dict[str, int], bool]:
    """Send the pending chunks; returns what became of them, and whether the plan's content was replaced meanwhile."""
    folder = stores.paths.root / plan.folder
    require_no_lost_requests(stores.ledger, plan.plan_id, folder)
    chunks.recover(stores.ledger, plan.plan_id)
    work = pending.pending_chunks(stores.ledger, plan.plan_id, first, last)
    if not work:
        return {}, False
    batch_id = schedule.batch_for(stores.ledger, account, plan, work)
    reader = PlanReader(folder, plan.manifest_sha256, payload.escape_values)
    for content in reader.contents.values():
        require_public(account, content["edge_url"], where=f"plan {plan.plan_id}, links of its messages")
    reader.read_ahead(chunk.file for chunk in work)
    sender = Sender(stores.ledger, plan, reader, Journal(folder), account_pace, batch_id, account.host)
    log.info("%s %s: %d chunks to send", plan.campaign, plan.occurrence, len(work))
    gc.freeze()  # Keeps the garbage collector from scanning all modules after every few chunks.
    try:
        return asyncio.run(sender.run(account, work)), sender.is_replaced
    finally:
        gc.unfreeze()


class Sender:
    """One process's work on one plan: a queue of chunks, a few workers for requests, one thread for the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        plan: Plan,
        reader: PlanReader,
        journal: Journal,
        pace: AccountPace,
        batch_id: str | None,
        host: str,
    ) -> None:
        self._plan, self._reader, self._journal, self._pace, self._batch_id = plan, reader, journal, pace, batch_id
        self._queue: deque[Chunk] = deque()
        self._stopping: TradewindError | None = None
        self.is_replaced = False
        self._writer = LedgerWriter(ledger)
        self._guard = OutageGuard(host, plan.plan_id, self._writer.run)

    async def run(self, account: SendGridAccount, work: list[Chunk]) -> dict[str, int]:
        """Send all chunks. After a stop, requests under way finish, so that they do not end in doubt.

        Ends early, with `is_replaced`, if the plan's content was replaced: the plan must be read again for the rest.
        """
        self._queue.extend(work)
        self._chunk_sender = ChunkSender(
            self._plan, self._reader, self._journal, self._batch_id, self._pace,
            self._queue, self._guard, self._writer.run, self._is_stopping,
        )  # fmt: skip
        _on_sigterm(self._interrupt)
        try:
            await self._guard.start()
            async with transport(account, CONNECTIONS) as esp:
                await asyncio.gather(*(self._work(esp) for _ in range(min(CONNECTIONS, len(work)))))
        finally:
            self._writer.close()
            self._journal.close()
        counts = self._chunk_sender.progress.end()
        self.is_replaced = isinstance(self._stopping, ContentReplaced)
        if self._stopping and not self.is_replaced:
            raise self._stopping
        return counts

    async def _work(self, esp: Transport) -> None:
        """One worker: send until the queue is empty or the campaign stops."""
        while self._queue and not self._stopping:
            await self._chunk_sender.backoff.wait(self._is_stopping)
            try:
                await self._send_next(esp)
            except TradewindError as error:
                self._stopping = self._stopping or error

    def _is_stopping(self) -> bool:
        return self._stopping is not None

    async def _send_next(self, esp: Transport) -> None:
        """Make one request, when it is this worker's turn."""
        turn = await self._guard.wait_for_turn(self._is_stopping)
        try:
            if self._queue and not self._stopping:
                first, rest = await self._guard.limit_to_turn(self._queue.popleft(), turn)
                self._queue.extendleft(reversed(rest))
                if first is not None:
                    await self._chunk_sender.send(esp, first, turn)
        finally:
            await self._guard.release(turn)

    def _interrupt(self) -> None:
        """Stop on SIGTERM: an operator cleared the task, or Airflow shuts down."""
        ended = EspUnavailable("the task was terminated.", remedy="Unsent messages are pending; run the task again.")
        self._stopping = self._stopping or ended


def _on_sigterm(handler: Callable[[], None]) -> None:
    """Call `handler` on SIGTERM instead of ending at once; possible only in a process's main thread."""
    if threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, handler)
