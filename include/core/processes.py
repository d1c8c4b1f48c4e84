"""Which process a pid is: the kernel gives a pid again, and never with the same start time in the same boot."""

from __future__ import annotations

import os

import psutil


def start_time(pid: int) -> str:
    """A process's start in clock ticks since boot (proc(5), field 22 of stat); '' where it is gone or a zombie.

    The ledger and the pid files hold this text, so a claim of an earlier release is still understood.
    """
    try:
        process = psutil.Process(pid)
        ended = process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        return "" if ended else str(_ticks_since_boot(pid))
    except psutil.Error:
        return ""


def _ticks_since_boot(pid: int) -> int:
    """`create_time` moves when the clock is set, and so does `boot_time`; their difference does not."""
    boot = psutil.boot_time()
    created = psutil.Process(pid).create_time()
    if psutil.boot_time() != boot:  # Set between the two: a wrong figure would declare a living process dead.
        return _ticks_since_boot(pid)
    return round((created - boot) * os.sysconf("SC_CLK_TCK"))
