"""Processes are identified by pid and start time, and are stopped with all their descendants."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.core.processes import start_time
from operations import processes
from operations.processes import Record

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable, "-c",
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); time.sleep(60)",
)  # fmt: skip


@pytest.fixture
def started() -> Iterator[list[Record]]:
    """Records of processes that a test starts; they are stopped afterwards."""
    records: list[Record] = []
    yield records
    processes.stop(records, timeout=0.1)


def start(tmp_path: Path, command: tuple[str, ...]) -> Record:
    pid = processes.spawn(command, environment=dict(os.environ), log=tmp_path / "log", folder=tmp_path)
    return processes.write(tmp_path / "service.pid", pid, "mark")


def test_a_record_is_read_back_from_disk(tmp_path: Path, started: list[Record]) -> None:
    started.append(record := start(tmp_path, SLEEPER))
    assert record.alive
    assert processes.read(tmp_path / "service.pid") == record
    assert os.getsid(record.pid) == record.pid, "it must survive the shell that ran make"


def test_a_reused_pid_is_neither_alive_nor_stopped() -> None:
    other = subprocess.Popen(SLEEPER, start_new_session=True)
    try:
        stale = Record(other.pid, "1", "mark")
        assert not stale.alive
        processes.stop([stale], timeout=0.1)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_stop_ends_the_whole_session_even_if_it_ignores_sigterm(tmp_path: Path, started: list[Record]) -> None:
    started.append(record := start(tmp_path, STUBBORN))
    deadline = time.monotonic() + 120
    while not (tmp_path / "log").read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.05)
    child = int((tmp_path / "log").read_text())
    assert start_time(child)
    processes.stop([record], timeout=0.3)
    time.sleep(0.2)
    assert not record.alive
    assert start_time(child) == ""


def test_children_are_stopped_even_if_their_session_leader_ended(tmp_path: Path, started: list[Record]) -> None:
    started.append(record := start(tmp_path, STUBBORN))
    while not (tmp_path / "log").read_text().strip():
        time.sleep(0.05)
    child = int((tmp_path / "log").read_text())
    os.kill(record.pid, signal.SIGKILL)
    while record.alive:
        time.sleep(0.02)
    processes.stop([record], timeout=0.1)
    time.sleep(0.2)
    assert start_time(child) == ""


@pytest.mark.parametrize("content", ["", "{", "[]", "17", '{"pid": 1}'])
def test_a_corrupt_pid_file_counts_as_stale(tmp_path: Path, content: str) -> None:
    (tmp_path / "service.pid").write_text(content)
    assert processes.read(tmp_path / "service.pid") is None
