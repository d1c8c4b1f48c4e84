"""Identifies the process that owns a lease, and checks whether it still runs.

A lease expires by itself; if its owner was a process of this machine and boot that has ended, nobody needs to wait for that.
"""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

from include.core.processes import start_time


def this_process() -> str:
    """`machine|pid|start`: machine identifies host, boot and pid namespace; the start time distinguishes reused pids."""
    return _process_id(os.getpid())


def is_gone(owner: str | None) -> bool:
    """Whether `owner` was a process of this machine in this boot that no longer runs."""
    machine, _, process = (owner or "").partition("|")
    pid, _, started = process.partition("|")
    return machine == _machine() and pid.isdecimal() and start_time(int(pid)) != started


@cache
def _process_id(pid: int) -> str:
    """Cached by pid, so that a forked process does not get its parent's id."""
    return f"{_machine()}|{pid}|{start_time(pid)}"


@cache
def _machine() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    try:
        return f"{platform.node()}/{boot.read_text().strip()}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return f"{platform.node()}/unknown/{os.getppid()}"
