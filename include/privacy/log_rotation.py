"""Rotates the logs of the services: their processes keep the files open, so the content is moved and not the file."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

from include.core import clock
from include.core.durable import sync_file, sync_folder
from include.core.paths import DataPaths

AT_LEAST_BYTES = 1_000_000
"""Smaller logs are left to grow."""
ROTATED = "*.log.*.gz"


def rotate(paths: DataPaths) -> int:
    """Move the content of each large log to `<service>.log.<time>.gz` beside it; returns how many.

    A service appends to its log (O_APPEND), so that it goes on at the new end. What it writes between the last read and the
    truncation, usually nothing, is lost. A crash in between leaves the content in both.
    """
    large = [log for log in sorted(paths.services.glob("*.log")) if log.stat().st_size >= AT_LEAST_BYTES]
    for log in large:
        _rotate(log)
    return len(large)


def _rotate(log: Path) -> None:
    rotated = log.with_name(f"{log.name}.{clock.now():%Y%m%dT%H%M%S}.gz")
    partial = rotated.with_suffix(".tmp")
    with log.open("rb") as content, gzip.open(partial, "wb", compresslevel=6) as compressed:
        shutil.copyfileobj(content, compressed, 1 << 20)
    sync_file(partial)
    partial.replace(rotated)
    sync_folder(log.parent)
    os.truncate(log, 0)
