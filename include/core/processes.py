"""Identifies a process by pid and start time: the kernel reuses pids, but not with the same start time in one boot."""

from __future__ import annotations

import os

import psutil


def start_time(pid: int) -> str:
    """A process's start in clock ticks since boot (proc(5), field 22 of stat); '' if it has ended or is a zombie.

    The ledger and the pid files store this text, so claims of earlier releases remain readable.
    """
    try:
        process = psutil.Process(pid)
        ended = process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        return "" if ended else str(_ticks_since_boot(pid))
    except psutil.Error:
        return ""


def _ticks_since_boot(pid: int) -> int:
    """`create_time` and `boot_time` change when the clock is set; their difference does not."""
    boot = psutil.boot_time()
    created = psutil.Process(pid).create_time()
    if psutil.boot_time() != boot:  # The clock was set in between: a wrong value would make a running process look dead.
        return _ticks_since_boot(pid)
    return round((created - boot) * os.sysconf("SC_CLK_TCK"))
