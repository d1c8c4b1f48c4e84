"""Background processes, identified by pid and start time, so that no other process is ever stopped."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
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
    """A started process: its pid, its start time, and the fingerprint of its configuration."""

    pid: int
    started: str
    fingerprint: str

    @property
    def alive(self) -> bool:
        """Whether this process is still running. Another process with the same pid does not count."""
        return bool(self.started) and start_time(self.pid) == self.started


def spawn(
    command: Sequence[str], *, environment: dict[str, str], log: Path, folder: Path, account: str | None = None
) -> int:
    """Start a process in a session of its own, its output appended to `log`; returns its pid.

    `account`: the user as whom it runs, which only root may choose.
    """
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
            user=account,
            group=pwd.getpwnam(account).pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    return process.pid


def read(path: Path) -> Record | None:
    """The record in a pid file; None if the file is missing or unreadable."""
    try:
        return Record(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write(path: Path, pid: int, fingerprint: str) -> Record:
    """Write the pid file of a started process."""
    record = Record(pid, start_time(pid), fingerprint)
    write_durably(path, json.dumps(asdict(record)).encode())
    return record


def stop(records: Sequence[Record], timeout: float = TIMEOUT_SECONDS) -> None:
    """Send SIGTERM to each process, then to the rest of its session, then SIGKILL.

    The second step is for tasks: a scheduler waits for them, and a send task that gets SIGTERM completes its requests,
    which a SIGKILL would leave in doubt.
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
    """The processes in the session of a recorded process, if the session is still the same.

    It is while the recorded process runs, and also after its end: the kernel does not reuse a pid while a session with that
    number has members. If another process has the pid, the session belongs to that one.
    """
    if start_time(record.pid) not in ("", record.started):
        return []
    return [pid for pid in psutil.pids() if _session_id(pid) == record.pid]


def _session_id(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1
