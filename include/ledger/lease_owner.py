"""Who holds a claim, and whether that process is still there.

A lease runs out by itself; but where the owner was a process of this very machine and boot that is gone, nobody needs to
wait for it.
"""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

from include.core.processes import start_time


def this_process() -> str:
    """`machine|pid|start`: machine tells host, boot and pid namespace apart; start tells a reused pid apart."""
    return _living(os.getpid())


def is_gone(owner: str | None) -> bool:
    """True only where `owner` was on this machine in this boot and its process no longer runs."""
    machine, _, process = (owner or "").partition("|")
    pid, _, started = process.partition("|")
    return machine == _machine() and pid.isdecimal() and start_time(int(pid)) != started


@cache
def _living(pid: int) -> str:
    """By pid, so that a fork does not pass for its parent."""
    return f"{_machine()}|{pid}|{start_time(pid)}"


@cache
def _machine() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    try:
        return f"{platform.node()}/{boot.read_text().strip()}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return f"{platform.node()}/unknown/{os.getppid()}"
