"""Runs ledger functions for an event loop: in one thread, in the order of the calls.

With SQLite, calls that wait at the same time share a transaction, and so one fsync. Each `Ledger.write` in it is a
savepoint: it is committed or rolled back on its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from include.ledger.database import Ledger

T = TypeVar("T")
Call = tuple["asyncio.Future[Any]", Callable[[], Any]]


class LedgerWriter:
    """One thread for one ledger. Create, use and `close` it in one event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._waiting: deque[Call] = deque()
        self._is_running = False

    async def run(self, call: Callable[..., T], *args: Any) -> T:
        """Run `call(ledger, *args)`; return its result after its writes are committed, or raise its exception."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, lambda: call(self._ledger, *args)))
        if not self._is_running:
            self._start()
        return await future

    def close(self) -> None:
        """Wait for the last transaction and end the thread."""
        self._thread.shutdown()

    def _start(self) -> None:
        count = len(self._waiting) if self._ledger.is_sqlite else 1
        calls = [self._waiting.popleft() for _ in range(count)]
        self._is_running = True
        work = asyncio.get_running_loop().run_in_executor(self._thread, self._run_all, [call for _, call in calls])
        work.add_done_callback(lambda done: self._deliver(done, [future for future, _ in calls]))

    def _run_all(self, calls: list[Callable[[], Any]]) -> list[Any]:
        """The result, or the exception, of each call."""
        if len(calls) == 1:
            return [_outcome(calls[0])]
        with self._ledger.together():
            return [_outcome(call) for call in calls]

    def _deliver(self, done: asyncio.Future[list[Any]], futures: list[asyncio.Future[Any]]) -> None:
        """Resolve the futures; if the shared transaction could not be committed, all of its calls fail."""
        failure = done.exception()
        outcomes = [failure] * len(futures) if failure else done.result()
        for future, outcome in zip(futures, outcomes, strict=True):
            if future.cancelled():
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        self._is_running = False
        if self._waiting:
            self._start()


def _outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # noqa: BLE001  (raised where the call was made)
        return error
