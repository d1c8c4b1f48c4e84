"""Writes to the spool, durably before a 2xx: webhook bodies, and unsubscribes while the ledger is unavailable."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from pathlib import Path

from include.core import clock
from include.core.durable import sync_folder, write_durably
from include.core.paths import DataPaths
from include.ledger.suppressions import Suppression


def incoming(paths: DataPaths) -> Path:
    """The folder of batches that are not loaded yet; created durably if missing."""
    return _folder(paths, "incoming")


def write_batch(paths: DataPaths, body: bytes) -> str:
    """Write one verified body unchanged and return the file's name. Raises OSError when the write fails.

    When this returns, the batch survives kill -9 and power loss: temporary file, fsync, rename, fsync of the folder.
    The name is the arrival time in UTC and a random part. Only `collect` reads the content, which holds addresses.
    """
    name = _name()
    write_durably(incoming(paths) / name, body, mode=0o640)
    return name


def write_unsubscribe(paths: DataPaths, entry: Suppression) -> None:
    """Write a suppression that the ledger could not record, for `collect.suppress` to import. Raises OSError.

    Its fields as JSON in `unsubscribes/`: keys and a time, no address.
    """
    write_durably(_folder(paths, "unsubscribes") / _name(), json.dumps(asdict(entry)).encode(), mode=0o640)


def is_writable(paths: DataPaths) -> bool:
    """Whether a batch can be written now: by a write, since permissions and free space alone do not show it."""
    probe = paths.spool / "incoming" / ".probe"
    try:
        incoming(paths)
        write_durably(probe, b"x")
        probe.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _name() -> str:
    return f"{clock.now():%Y%m%dT%H%M%S%fZ}-{uuid.uuid4()}.json"


def _folder(paths: DataPaths, name: str) -> Path:
    folder = paths.spool / name
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(paths.spool)
        sync_folder(paths.root)
    return folder
