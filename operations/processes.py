"""Processes that outlive the command that started them: known by pid and start time, so that no other is ever stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from include.core.durable import write_durably
from include.core.processes import start_time

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True)
class Record:
    """What was started: its pid, when the kernel says it started, and the configuration that it got."""

    pid: int
    started: str
    fingerprint: str

    @property
    def alive(self) -> bool:
        """Whether that very process still runs (a pid that was given to another program does not count)."""
        return bool(self.started) and start_time(self.pid) == self.started


def spawn(command: Sequence[str], *, environment: dict[str, str], log: Path, folder: Path) -> int:
    """Start a process in a session of its own, its output appended to `log`; returns its pid."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return process.pid


def read(path: Path) -> Record | None:
    """The record in a pid file; None where there is none, or none that can be read (a torn file is a stale one)."""
    try:
        return Record(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write(path: Path, pid: int, fingerprint: str) -> Record:
    """Remember a process that was just started."""
    record = Record(pid, start_time(pid), fingerprint)
    write_durably(path, json.dumps(asdict(record)).encode())
    return record


def stop(records: Sequence[Record], timeout: float = TIMEOUT_SECONDS) -> None:
    """Ask each process to end, then what else is in its session, then insist. Returns when all are gone.

    The second step is for tasks: a scheduler that ends waits for them, and a send that is asked finishes its requests under
    way, where a kill would leave them in doubt.
    """
    for record in records:
        if record.alive:
            _signal(record.pid, signal.SIGTERM)
    _wait_for_end(records, timeout / 3)
    for record in records:
        for member in _session(record):
            _signal(member, signal.SIGTERM)
    _wait_for_end(records, timeout * 2 / 3)
    for record in records:
        for member in _session(record):
            _signal(member, signal.SIGKILL)


def _wait_for_end(records: Sequence[Record], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while any(record.alive for record in records) and time.monotonic() < deadline:
        time.sleep(0.1)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _session(record: Record) -> list[int]:
    """The processes of a record's session, if it is still ours.

    It is, while its leader lives, and after the leader's end too: the kernel gives a pid to nobody as long as a session of
    that number has members. A living process of that pid that is not ours means that the session is not either.
    """
    if start_time(record.pid) not in ("", record.started):
        return []
    return [pid for pid in psutil.pids() if _session_id(pid) == record.pid]


def _session_id(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1
