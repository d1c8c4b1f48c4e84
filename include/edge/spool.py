"""The spool: webhook bodies made durable before SendGrid is told 2xx."""

from __future__ import annotations

import uuid
from pathlib import Path

from include.core import clock
from include.core.durable import sync_folder, write_durably
from include.core.paths import DataPaths


def incoming(paths: DataPaths) -> Path:
    """The folder of batches that are not loaded yet; made, durably, where it is missing."""
    folder = paths.spool / "incoming"
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(paths.spool)
        sync_folder(paths.root)
    return folder


def keep(paths: DataPaths, body: bytes) -> str:
    """Write one verified body as it came and return the file's name. Raises OSError when the disk will not take it.

    When this returns, the batch survives kill -9 and power loss: written beside, fsync, rename, fsync of the folder.
    The name is the arrival time in UTC and a random part; nobody but the collector reads the content (it holds addresses).
    """
    name = f"{clock.now():%Y%m%dT%H%M%S%fZ}-{uuid.uuid4()}.json"
    write_durably(incoming(paths) / name, body, mode=0o640)
    return name


def is_writable(paths: DataPaths) -> bool:
    """Whether a batch could be kept now: tried by writing, because permissions and free space do not tell."""
    probe = paths.spool / "incoming" / ".probe"
    try:
        incoming(paths)
        write_durably(probe, b"x")
        probe.unlink(missing_ok=True)
    except OSError:
        return False
    return True
