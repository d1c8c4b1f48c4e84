"""Lets the lives go on: starts runs that are due, turns moments into events, and hands these to the webhook and the edge.

One transaction a flush holds the posts, the progress of every run and all that follows from the events, so that a kill -9
neither loses an event nor lives a moment twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import logging
import sqlite3
import time
from dataclasses import asdict
from random import Random

from simulator.batching import Post, posts
from simulator.consequences import Consequences, tracked_day
from simulator.events import Event, event_of
from simulator.faults import Faults
from simulator.rates import Rates
from simulator.record import Record, count
from simulator.runs import Conditions, Run
from simulator.schedules import cancel_due, startable
from simulator.settings import Settings
from simulator.suppressing import suppressed_positions
from simulator.visits import visit_for

log = logging.getLogger(__name__)

MOST_PEOPLE = 100_000
"""Lives that go on at the same time: what bounds the memory. Later requests wait on disk."""
SLICE = 500
"""Moments between two breaths, so that a send is never kept waiting long."""
LOAD = (
    "select runs.*, requests.x_message_id, requests.body, requests.fate, "
    "(select min(seq) from accepted where accepted.request = runs.request) as first_seq "
    "from runs join requests on requests.id = runs.request where runs.id = ?"
)


class Engine:
    """The lives of everything that was accepted."""

    def __init__(self, settings: Settings, record: Record, faults: Faults, rates: dict[str, Rates]) -> None:
        self._settings, self._record, self._faults = settings, record, faults
        self.rates = rates
        self._active: dict[int, Run] = {}
        self._due: list[tuple[float, int]] = []
        self._dice = Random(settings.seed)
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """For ever; takes at most about half of the process's time."""
        await self.resume()
        while True:
            began = time.monotonic()
            await self.step()
            spent = time.monotonic() - began
            await asyncio.sleep(max(self._settings.flush_seconds - spent, spent))

    async def resume(self) -> None:
        """Take up the runs that were under way; the time in which nobody was here does not count."""
        rows = await self._record.read("select id from runs where state = 'active' order by id")
        for row in rows:
            loaded = (await self._record.read(LOAD, row["id"]))[0]
            pause = time.time() - loaded["progress_at"]
            self._begin(
                Run(loaded, Conditions.unpacked(loaded["conditions"]), self._settings.seed, loaded["activated_at"] + pause)
            )

    async def step(self, finish: bool = False) -> int:
        """Start what is due, let happen what is due (`finish`: everything), record it. The number of events."""
        async with self._turn:
            await self._start()
            happened = await self._happen(float("inf") if finish else time.time())
            if happened.progress:
                await self._record.write(happened.apply)
            return happened.events

    def pending(self) -> int:
        """Moments of the runs under way that are still to come."""
        return sum(run.left() for run in self._active.values())

    async def forget(self) -> None:
        """Drop every run under way, for a reset."""
        async with self._turn:
            self._active.clear()
            self._due.clear()
            self._dice = Random(self._settings.seed)

    def _begin(self, run: Run) -> None:
        self._active[run.id] = run
        heapq.heappush(self._due, (run.next_at(), run.id))

    async def _start(self) -> None:
        now = time.time()
        await cancel_due(self._record, now, self._settings.notice)
        room = MOST_PEOPLE - sum(run.people for run in self._active.values())
        for run_id in await startable(self._record, now, self._settings.notice, room):
            await self._activate(run_id)
            await asyncio.sleep(0)

    async def _activate(self, run_id: int) -> None:
        """Fix the conditions, keep them, begin."""
        row = (await self._record.read(LOAD, run_id))[0]
        conditions = Conditions(
            self._settings.speed, {name: asdict(rates) for name, rates in self.rates.items()}, {}, row["fate"]
        )
        run = Run(row, conditions, self._settings.seed, time.time())
        if suppressed := await suppressed_positions(self._record, run.mail):
            conditions.suppressed = suppressed
            run = Run(row, conditions, self._settings.seed, time.time())
        await self._record.execute(
            "update runs set state = 'active', activated_at = ?, progress_at = ?, conditions = ? where id = ?",
            run.base,
            run.base,
            conditions.packed(),
            run_id,
        )
        self._begin(run)

    async def _happen(self, until: float) -> Flush:
        flush = Flush(time.time(), self._dice, self._faults)
        done = 0
        while self._due and self._due[0][0] <= until:
            _, run_id = heapq.heappop(self._due)
            run = self._active.get(run_id)
            if run is None:
                continue
            while run.left() and run.at(run.emitted) <= until and done % SLICE != SLICE - 1:
                flush.take(run, min(int(run.at(run.emitted)), int(time.time())))
                done += 1
            flush.progress[run.id] = (run.emitted, "active" if run.left() else "done")
            if run.left():
                heapq.heappush(self._due, (run.next_at(), run.id))
            else:
                self._active.pop(run.id)
            if done % SLICE == SLICE - 1:
                done += 1
                await asyncio.sleep(0)
        flush.pack()
        return flush


class Flush:
    """What happened since the last flush, to be recorded in one transaction."""

    def __init__(self, now: float, dice: Random, faults: Faults) -> None:
        self.now, self.dice, self.faults = now, dice, faults
        self.progress: dict[int, tuple[int, str]] = {}
        self.events = 0
        self.consequences = Consequences()
        self._events: list[Event] = []
        self._posts: list[Post] = []

    def take(self, run: Run, timestamp: int) -> None:
        """The next moment of a run: an event, a visit to the edge, or nothing where tracking is off."""
        _, position, number, moment = run.timeline[run.emitted]
        run.emitted += 1
        message, seq = run.message(position), run.first_seq + position
        if visit := visit_for(message, moment):
            self.consequences.visits.append((seq, *visit, self.now))
            return
        event = event_of(message, moment, number, timestamp)
        if event is None:
            return
        self.events += 1
        self.consequences.follow(event, seq, tracked_day(timestamp), message.mail.categories or [])
        self._events.append(event)

    def pack(self) -> None:
        """Events into posts, with what the webhook faults make of them."""
        self._posts = posts(self.faults.disturbed(self._events), self.dice)
        self._events = []

    def apply(self, connection: sqlite3.Connection) -> None:
        """The transaction."""
        connection.executemany(
            "insert into posts (not_before, first_at, events, body) values (?, ?, ?, ?)",
            [(self.now + post.delay, self.now, post.events, post.body) for post in self._posts],
        )
        connection.executemany(
            "update runs set emitted = ?, state = ?, progress_at = ? where id = ?",
            [(emitted, state, self.now, run_id) for run_id, (emitted, state) in self.progress.items()],
        )
        self.consequences.apply(connection)
        count(connection, "events", self.events)


@contextlib.asynccontextmanager
async def background(*forever):  # type: ignore[no-untyped-def]
    """Run coroutines beside a block and end them with it."""
    tasks = [asyncio.create_task(each) for each in forever]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
