"""The spool: what is made durable before a 2xx: webhook bodies, and unsubscribes while the ledger is away."""

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
    """The folder of batches that are not loaded yet; made, durably, where it is missing."""
    return _folder(paths, "incoming")


def keep(paths: DataPaths, body: bytes) -> str:
    """Write one verified body as it came and return the file's name. Raises OSError when the disk will not take it.

    When this returns, the batch survives kill -9 and power loss: written beside, fsync, rename, fsync of the folder.
    The name is the arrival time in UTC and a random part; nobody but the collector reads the content (it holds addresses).
    """
    name = _name()
    write_durably(incoming(paths) / name, body, mode=0o640)
    return name


def keep_unsubscribe(paths: DataPaths, wish: Suppression) -> None:
    """Write a suppression that the ledger could not take, for `collect.suppress` to bring there. Raises OSError.

    Its fields as JSON in `unsubscribes/`: keys and a time, no address.
    """
    write_durably(_folder(paths, "unsubscribes") / _name(), json.dumps(asdict(wish)).encode(), mode=0o640)


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


def _name() -> str:
    return f"{clock.now():%Y%m%dT%H%M%S%fZ}-{uuid.uuid4()}.json"


def _folder(paths: DataPaths, name: str) -> Path:
    folder = paths.spool / name
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(paths.spool)
        sync_folder(paths.root)
    return folder
