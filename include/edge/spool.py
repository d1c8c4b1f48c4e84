"""Writes to the spool, durably before a 2xx: webhook bodies, activities, and unsubscribes while the ledger is away."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from functools import cache
from pathlib import Path

from include.core import clock
from include.core.durable import SharedSync, sync_folder, write_durably
from include.core.paths import DataPaths
from include.ledger.suppressions import Suppression

BATCHES, ACTIVITIES = "incoming", "activities/incoming"
"""The folders of webhook batches and of activities that are not loaded yet; created durably if missing."""


def write_batch(paths: DataPaths, body: bytes | bytearray) -> str:
    """Write one verified body unchanged and return the file's name. Raises OSError when the write fails.

    When this returns, the batch survives kill -9 and power loss: temporary file, fsync, rename, fsync of the folder (one for
    all batches that wait for it).
    The name is the arrival time in UTC and a random part. Only `collect` reads the content, which holds addresses.
    """
    name = _name()
    folder = _folder(paths, BATCHES)
    write_durably(folder / name, body, mode=0o640, sync=_sync_of(folder))
    return name


def write_activities(paths: DataPaths, lines: bytes) -> None:
    """Write the activities of one request, as durably as `write_batch`. Raises OSError when the write fails.

    JSON lines of `include.core.activity`; the file's name is the time when they were received.
    """
    write_durably(_folder(paths, ACTIVITIES) / f"{_name()}l", lines, mode=0o640)


def write_unsubscribe(paths: DataPaths, entry: Suppression) -> None:
    """Write a suppression that the ledger could not record, for `collect.suppress` to import. Raises OSError.

    Its fields as JSON in `unsubscribes/`: keys and a time, no address.
    """
    write_durably(_folder(paths, "unsubscribes") / _name(), json.dumps(asdict(entry)).encode(), mode=0o640)


def is_writable(paths: DataPaths, name: str = BATCHES) -> bool:
    """Whether the folder can be written now: by a write, since permissions and free space alone do not show it."""
    probe = paths.spool / name / ".probe"
    try:
        _folder(paths, name)
        write_durably(probe, b"x")
        probe.unlink(missing_ok=True)
    except OSError:
        return False
    return True


@cache
def _sync_of(folder: Path) -> SharedSync:
    return SharedSync(folder)


def _name() -> str:
    return f"{clock.now():%Y%m%dT%H%M%S%fZ}-{uuid.uuid4()}.json"


def _folder(paths: DataPaths, name: str) -> Path:
    folder = paths.spool / name
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for parent in (folder.parent, paths.spool, paths.root):
            sync_folder(parent)
    return folder
