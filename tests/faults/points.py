"""Points in the product's work at which a process of a test dies, stops or has its clock set.

Wrapped from outside, in that process alone. The product knows nothing of it.
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
from functools import wraps
from typing import Any

POINTS = {
    "files": ("include.dispatch.plan.freeze", "write_manifest"),
    "plan": ("include.ledger.plans", "freeze_plan"),
    "recover": ("include.ledger.chunks", "recover"),
    "intent": ("include.ledger.chunks", "claim"),
    "note": ("include.dispatch.journal", "Journal.append"),
    "post": ("include.sendgrid.transport", "Transport.post"),
    "answer": ("include.dispatch.send.chunk_sender", "ChunkSender._conclude"),
    "outcome": ("include.dispatch.send.chunk_sender", "record"),
    "told": ("include.ledger.writer", "LedgerWriter._deliver"),
    "close": ("include.ledger.plans", "change_state"),
    "there": ("include.dispatch.schedule", "hold"),
    "lifted": ("include.dispatch.schedule", "release"),
    "booked": ("include.ledger.plans", "set_batch_status"),
    "copy": ("include.dispatch.account.record", "_replace"),
    "load": ("include.collect.load", "_load"),
    "prove": ("include.collect.doubt", "prove"),
    "rename": ("os", "replace"),
}
"""What is wrapped, by the name of the point."""
COMMITS = (("include.ledger.database", "Ledger.write"), ("include.dispatch.account.record", "transaction"))
"""What ends in a commit; `inside` a point is just before the commit of what it writes."""


@dataclass(frozen=True)
class Doom:
    """What happens at the `passage`-th time that a point is reached, `when`: before, inside or after it.

    `deed`: kill, stop (SIGSTOP, until somebody continues it; not while another thread is in a transaction of the ledger,
    since everybody would wait for that; after a call whose transaction others share, once it has committed), or a number of
    seconds to which the clock's offset is set.
    """

    point: str
    when: str = "before"
    passage: int = 1
    deed: str | float = "kill"


class Dooms:
    """Counts the passages of this process."""

    def __init__(self, dooms: Iterable[Doom]) -> None:
        self._dooms = list(dooms)
        self._passed: Counter[tuple[str, str]] = Counter()
        self._within = threading.local()
        self._lock = threading.Lock()
        self._in_transaction = threading.RLock()

    def install(self) -> None:
        """Wrap every point that a doom names, and the transactions."""
        if not self._dooms:
            return
        for point in sorted({doom.point for doom in self._dooms}):
            _replace(POINTS[point], lambda call, point=point: self._around(point, call))
        for place in COMMITS:
            _replace(place, self._committing)

    def reach(self, point: str, when: str) -> None:
        """This process is there."""
        with self._lock:
            self._passed[point, when] += 1
            count = self._passed[point, when]
        for doom in self._dooms:
            if (doom.point, doom.when, doom.passage) == (point, when, count):
                if doom.deed == "stop" and when == "after" and getattr(self._within, "depth", 0):
                    self._within.stops = True  # Its transaction is shared with other calls: stop once it is committed.
                    continue
                with self._in_transaction:
                    _do(doom.deed)

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


def _do(deed: str | float) -> None:
    if deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif deed == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.05)  # The signal is on its way; hold what is held until it has arrived.
    else:
        os.environ["TRADEWIND_CLOCK_OFFSET_SECONDS"] = str(deed)


def _replace(place: tuple[str, str], wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    module, _, name = place[1].rpartition(".")
    owner: Any = importlib.import_module(place[0])
    owner = getattr(owner, module) if module else owner
    setattr(owner, name, wrap(getattr(owner, name)))
