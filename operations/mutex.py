"""A mutex between processes, for commands that must not run at the same time."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def mutex(lock: Path, report: Callable[[str], None], what: str) -> Iterator[None]:
    """Hold the lock file `lock` during the block; report `what` while waiting. The kernel releases it with the process."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"waiting for {what}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
