"""Detection of lease owners that no longer run, with a real process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from include.core.processes import start_time
from include.ledger import lease_owner

NAMED = "import ctypes, sys; ctypes.CDLL(None).prctl(15, b') Z 1 ('); print(flush=True); sys.stdin.read()"
"""A process whose name imitates the end of the name field in proc(5), followed by the state of a zombie."""


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", NAMED], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()


def name_of(pid: int) -> str:
    machine = lease_owner.this_process().partition("|")[0]
    return f"{machine}|{pid}|{start_time(pid)}"


def test_current_process_is_not_gone() -> None:
    assert not lease_owner.is_gone(lease_owner.this_process())
    _machine, pid, started = lease_owner.this_process().split("|")
    assert int(pid) == os.getpid()
    assert int(started) > 0


def test_other_process_is_gone_after_it_ends(other: subprocess.Popen[bytes]) -> None:
    name = name_of(other.pid)
    assert name.rpartition("|")[2].isdecimal()
    assert not lease_owner.is_gone(name)
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.pid_exists(other.pid)  # A zombie: ended, but not yet reaped by its parent.
    assert lease_owner.is_gone(name)
    other.wait()
    assert lease_owner.is_gone(name)


def test_reused_pid_with_another_start_time_is_gone(other: subprocess.Popen[bytes]) -> None:
    machine, pid, started = name_of(other.pid).split("|")
    assert lease_owner.is_gone(f"{machine}|{pid}|{int(started) + 1}")


@pytest.mark.parametrize("name", [None, "", "x", "elsewhere/boot/1|1|2", "|", "{machine}", "{machine}|", "{machine}|x|1"])
def test_unknown_or_foreign_owner_is_not_gone(name: str | None) -> None:
    machine = lease_owner.this_process().partition("|")[0]
    assert not lease_owner.is_gone(name and name.format(machine=machine))
