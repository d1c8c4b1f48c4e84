"""Real processes, forked from a server that has imported everything: killed with SIGKILL, stopped with SIGSTOP."""

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

PATIENCE_SECONDS = 90
"""No fault takes longer; a process that does is stuck, which is a finding."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([
    "pandas", "psycopg", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite", "uvicorn.lifespan.on",
    "uvicorn.loops.auto", "uvicorn.protocols.http.auto", "include.collect.load", "include.collect.doubt",
    "include.collect.suppress", "include.dispatch.account.settle", "include.dispatch.control",
    "include.dispatch.plan.freeze", "include.edge.app", "include.publish.file", "simulator.__main__",
    "tests.faults.victim", "tests.faults.servers",
    "tests.faults.warm",
])  # fmt: skip
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG, see prctl(2)."""


class Child:
    """A process that runs `target(*arguments, answer)` and may send one small answer."""

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        os.environ["PYTHONPATH"] = str(PROJECT)
        self._answers, sending = _context.Pipe(duplex=False)
        self._process = _context.Process(target=_enter, args=(target, *arguments, sending), daemon=True)
        self._process.start()
        sending.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def answer(self, seconds: float = PATIENCE_SECONDS) -> Any:
        """What it sends; None where it ends without a word."""
        try:
            assert self._answers.poll(seconds), f"process {self.pid} is stuck"
            return self._answers.recv()
        except EOFError:
            return None

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
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
        """Whether it hangs in SIGSTOP."""
        try:
            return psutil.Process(self.pid).status() == psutil.STATUS_STOPPED
        except psutil.Error:
            return False


def _enter(target: Callable[..., None], *arguments: Any) -> None:
    """In the new process: end with the fork server, however that ends, so that an aborted run leaves nothing behind."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    target(*arguments)


def until(holds: Callable[[], bool], what: str, seconds: float = 30, every: float = 0.01) -> None:
    """Wait until something holds; an AssertionError says what did not."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(every)


Answer = Connection
