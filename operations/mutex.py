"""One at a time: two commands that would get in each other's way take turns."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def mutex(lock: Path, report: Callable[[str], None], what: str) -> Iterator[None]:
    """Wait until nobody else holds `lock`, telling `what` is waited for. The kernel lets go of it when its process dies."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"waiting for {what}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
