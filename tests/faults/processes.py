"""Real processes, forked from a server that has imported everything; they can be killed and suspended."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import psutil

from include.core.paths import PROJECT

TIMEOUT_SECONDS = 300
"""The maximum duration of a process; a longer one is stuck, which fails the play."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([
    "pandas", "psycopg", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite", "uvicorn.lifespan.on",
    "uvicorn.loops.auto", "uvicorn.protocols.http.auto", "include.collect.load", "include.collect.doubt",
    "include.collect.suppress", "include.dispatch.account.settle", "include.dispatch.control",
    "include.dispatch.plan.freeze", "include.edge.app", "include.publish.file", "simulator.__main__",
    "tests.faults.task", "tests.faults.servers",
    "tests.faults.freeze_gc",
])  # fmt: skip
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG, see prctl(2)."""


class Child:
    """A process that runs `target(*arguments, pipe)` and may send one result through the pipe."""

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        os.environ["PYTHONPATH"] = str(PROJECT)
        self._results, sending = _context.Pipe(duplex=False)
        self._process = _context.Process(target=_enter, args=(target, *arguments, sending), daemon=True)
        self._process.start()
        sending.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def result(self, seconds: float = TIMEOUT_SECONDS) -> Any:
        """The result that it sends; None if it ends without one."""
        try:
            assert self._results.poll(seconds), f"process {self.pid} is stuck"
            return self._results.recv()
        except EOFError:
            return None

    def wait(self, seconds: float = TIMEOUT_SECONDS) -> int:
        """Its exit status, negative for a signal."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, f"process {self.pid} is stuck"
        return self._process.exitcode

    def is_running(self) -> bool:
        return self._process.is_alive()

    def signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.is_running():
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def is_stopped(self) -> bool:
        """Whether it is suspended by SIGSTOP."""
        try:
            return psutil.Process(self.pid).status() == psutil.STATUS_STOPPED
        except psutil.Error:
            return False


def _enter(target: Callable[..., None], *arguments: Any) -> None:
    """Runs in the new process, which ends with the fork server, so that an aborted run leaves no processes."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    target(*arguments)


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 30, every: float = 0.01) -> None:
    """Wait until `holds` returns true; raises an AssertionError that names `what` after a timeout."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(every)


ResultPipe = Connection
