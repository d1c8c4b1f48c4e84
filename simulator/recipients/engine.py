"""Advances the simulated recipients: starts due runs and emits their due events."""

from __future__ import annotations

import asyncio
import heapq
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from random import Random

from simulator import clock
from simulator.database import Change, Database
from simulator.faults.armed import Faults
from simulator.recipients.flush import Flush
from simulator.recipients.rates import Rates
from simulator.recipients.runs import Conditions, Run
from simulator.recipients.schedules import discard_due, startable_runs
from simulator.recipients.suppression import suppressed_positions
from simulator.settings import Settings

log = logging.getLogger(__name__)

MAX_PEOPLE = 60_000
"""People in active runs at the same time, which bounds memory. Later runs wait in the database."""
SLICE_ENTRIES = 100
"""Entries processed before the event loop gets control, so that requests do not wait long."""
MAX_ENTRIES = 2_000
"""Entries of one flush and its transaction; accepting a mail may have to wait for it."""
LOAD = (
    "select runs.*, requests.x_message_id, requests.body, requests.drop_reason, requests.first_seq "
    "from runs join requests on requests.id = runs.request where runs.id = ?"
)


class Engine:
    """The simulated recipients of all accepted messages."""

    def __init__(self, settings: Settings, database: Database, faults: Faults, rates: dict[str, Rates]) -> None:
        self._settings, self._database, self._faults = settings, database, faults
        self.rates = rates
        self._active: dict[int, Run] = {}
        self._due: list[tuple[float, int]] = []
        self._random = Random(settings.seed)
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Run forever; uses at most about half of the process's time."""
        await self.resume()
        while True:
            began = time.monotonic()
            await self.advance()
            spent = time.monotonic() - began
            behind = self._due and self._due[0][0] <= clock.now()
            await asyncio.sleep(spent if behind else max(self._settings.flush_seconds - spent, spent))

    async def resume(self) -> None:
        """Resume the active runs after a restart; the downtime does not count."""
        now = clock.now()
        move = "update runs set activated_at = activated_at + (? - progress_at), progress_at = ? where state = 'active'"
        await self._database.execute(move, now, now)
        for row in await self._database.read("select id from runs where state = 'active' order by id"):
            loaded = (await self._database.read(LOAD, row["id"]))[0]
            self._track(Run(loaded, Conditions.from_json(loaded["conditions"]), self._settings.seed, loaded["activated_at"]))

    async def advance(self) -> int:
        """Start due runs and emit due events in one transaction; returns the number of events."""
        async with self._lock:
            await self._start_due_runs()
            return await self._flush(clock.now())

    async def finish(self) -> int:
        """Start due runs and emit all remaining events of active runs now; returns the number of events."""
        async with self._lock:
            await self._start_due_runs()
            events = 0
            while self._active:
                events += await self._flush(float("inf"))
            return events

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Within the context, no run starts and no event is between its timeline and the table of posts."""
        async with self._lock:
            yield

    def pending(self) -> int:
        """Number of timeline entries of active runs that have not been emitted."""
        return sum(run.left() for run in self._active.values())

    async def reset(self, also_write: Change) -> None:
        """Discard all active runs and apply `also_write` to the database, under the lock."""
        async with self._lock:
            self._active.clear()
            self._due.clear()
            self._random = Random(self._settings.seed)
            await self._database.write(also_write)

    def _track(self, run: Run) -> None:
        self._active[run.id] = run
        heapq.heappush(self._due, (run.next_at(), run.id))

    async def _start_due_runs(self) -> None:
        now = clock.now()
        await discard_due(self._database, now, self._settings.notice, self._settings.paused_retention)
        room = MAX_PEOPLE - sum(run.people for run in self._active.values())
        for run_id in await startable_runs(self._database, now, self._settings.notice, room):
            await self._start_run(run_id)
            await asyncio.sleep(0)

    async def _start_run(self, run_id: int) -> None:
        """Fix and store the conditions of a run, and activate it."""
        row = (await self._database.read(LOAD, run_id))[0]
        conditions = Conditions(
            self._settings.speed, {name: asdict(rates) for name, rates in self.rates.items()}, {}, row["drop_reason"]
        )
        run = Run(row, conditions, self._settings.seed, clock.now())
        if suppressed := await suppressed_positions(self._database, run.mail):
            conditions.suppressed = suppressed
            run = Run(row, conditions, self._settings.seed, clock.now())
        await self._database.execute(
            "update runs set state = 'active', activated_at = ?, progress_at = ?, conditions = ? where id = ?",
            run.base,
            run.base,
            conditions.to_json(),
            run_id,
        )
        self._track(run)

    async def _flush(self, until: float) -> int:
        flush = await self._collect_due(until)
        if flush.progress:
            await self._database.write(flush.apply)
        return flush.events

    async def _collect_due(self, until: float) -> Flush:
        flush = Flush(clock.now(), self._random, self._faults, self._settings.speed)
        left = MAX_ENTRIES
        while left > 0 and self._due and self._due[0][0] <= until:
            _, run_id = heapq.heappop(self._due)
            left -= self._emit_due(self._active[run_id], until, flush)
            await asyncio.sleep(0)
        flush.pack()
        return flush

    def _emit_due(self, run: Run, until: float, flush: Flush) -> int:
        """Emit at most one slice of a run's due entries; returns how many."""
        before = run.emitted
        while run.left() and run.at(run.emitted) <= until and run.emitted - before < SLICE_ENTRIES:
            flush.add_next(run, min(int(run.at(run.emitted)), int(clock.now())))
        flush.progress[run.id] = (run.emitted, "active" if run.left() else "done")
        if run.left():
            heapq.heappush(self._due, (run.next_at(), run.id))
        else:
            self._active.pop(run.id)
        return run.emitted - before
