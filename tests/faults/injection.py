"""Injection points: calls of the product at which a test kills or suspends its process, or sets its clock.

The calls are wrapped from outside, in the test's process only; the product has no hooks for it.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

POINTS = {
    "write_manifest": ("include.dispatch.plan.freeze", "write_manifest"),
    "approve": ("include.ledger.approvals", "keep"),
    "plan": ("include.ledger.plans", "freeze_plan"),
    "recover": ("include.ledger.chunks", "recover"),
    "claim": ("include.ledger.chunks", "claim"),
    "journal": ("include.dispatch.journal", "Journal.append"),
    "post": ("include.sendgrid.transport", "Transport.post"),
    "conclude": ("include.dispatch.send.chunk_sender", "ChunkSender._conclude"),
    "outcome": ("include.dispatch.send.chunk_sender", "record"),
    "deliver": ("include.ledger.writer", "LedgerWriter._deliver"),
    "change_state": ("include.ledger.plans", "change_state"),
    "write_part": ("include.dispatch.plan.correction", "_write_part"),
    "next_manifest": ("include.dispatch.plan.correction", "_write_manifest"),
    "correction": ("include.ledger.correction", "commit"),
    "hold_batch": ("include.dispatch.schedule", "hold"),
    "release_batch": ("include.dispatch.schedule", "release"),
    "set_batch_status": ("include.ledger.plans", "set_batch_status"),
    "copy": ("include.dispatch.account.record", "_replace"),
    "enter": ("include.ledger.journeys", "enter"),
    "apply": ("include.ledger.journeys", "apply"),
    "move": ("include.dispatch.journey.tick", "move"),
    "saw": ("include.dispatch.journey.changes", "saw"),
    "load": ("include.collect.load", "_load"),
    "prove": ("include.collect.doubt", "prove"),
    "rename": ("os", "replace"),
}
"""The wrapped call of each point."""
COMMITS = (("include.ledger.database", "Ledger.write"), ("include.dispatch.account.record", "transaction"))
"""Context managers that end in a commit; `inside` a point means just before that commit."""


@dataclass(frozen=True)
class Injection:
    """An action at the `hit`-th time that a point is reached; `when` is before, inside or after the call.

    `action`: kill; stop (SIGSTOP, but not while another thread is in a transaction of the ledger, since all other
    processes would wait for it, and after the commit if the call shares its transaction with others); or a number of
    seconds to which the clock's offset is set.
    """

    point: str
    when: str = "before"
    hit: int = 1
    action: str | float = "kill"


class Injector:
    """Counts how often this process reaches each point, and performs the injections."""

    def __init__(self, injections: Iterable[Injection]) -> None:
        self._injections = list(injections)
        self._hits: Counter[tuple[str, str]] = Counter()
        self._within = threading.local()
        self._lock = threading.Lock()
        self._in_transaction = threading.RLock()

    def install(self) -> None:
        """Wrap every point that an injection names, and the transactions."""
        if not self._injections:
            return
        for point in sorted({injection.point for injection in self._injections}):
            _replace(POINTS[point], partial(self._around, point))
        for place in COMMITS:
            _replace(place, self._committing)

    def reach(self, point: str, when: str) -> None:
        """Count the point and perform a due injection."""
        with self._lock:
            self._hits[point, when] += 1
            count = self._hits[point, when]
        for injection in self._injections:
            if (injection.point, injection.when, injection.hit) == (point, when, count):
                if injection.action == "stop" and when == "after" and getattr(self._within, "depth", 0) > 0:
                    self._within.stops = True  # Its transaction is shared with other calls: stop after the commit.
                    continue
                with self._in_transaction:
                    _do(injection.action)

    def _around(self, point: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def plain(*args: Any, **kwargs: Any) -> Any:
            self.reach(point, "before")
            before, self._within.point = getattr(self._within, "point", None), point
            try:
                result = call(*args, **kwargs)
            finally:
                self._within.point = before
            self.reach(point, "after")
            return result

        @wraps(call)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            self.reach(point, "before")
            result = await call(*args, **kwargs)
            self.reach(point, "after")
            return result

        return awaited if asyncio.iscoroutinefunction(call) else plain

    def _committing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def transaction(*args: Any, **kwargs: Any) -> Iterator[Any]:
            self._within.depth = getattr(self._within, "depth", 0) + 1
            try:
                with self._in_transaction, call(*args, **kwargs) as connection:
                    yield connection
                    if point := getattr(self._within, "point", None):
                        self.reach(point, "inside")
            finally:
                self._within.depth -= 1
            if not self._within.depth and getattr(self._within, "stops", False):
                self._within.stops = False
                with self._in_transaction:
                    _do("stop")

        return transaction


def _do(action: str | float) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.05)  # Keep the lock until the signal has arrived.
    else:
        os.environ["TRADEWIND_CLOCK_OFFSET_SECONDS"] = str(action)


def _replace(place: tuple[str, str], wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    module, _, name = place[1].rpartition(".")
    owner: Any = importlib.import_module(place[0])
    owner = getattr(owner, module) if module else owner
    setattr(owner, name, wrap(getattr(owner, name)))
