"""The simulator's only clock: the machine's, unless a past is played with a set one."""

from __future__ import annotations

import time

_offset = 0.0


def now() -> float:
    """Seconds since the epoch, plus the offset of `set_offset`."""
    return time.time() + _offset


def set_offset(seconds: float) -> None:
    """Add `seconds` to the clock of this process. Only a program that runs the simulator inside itself can call it."""
    global _offset
    _offset = seconds
