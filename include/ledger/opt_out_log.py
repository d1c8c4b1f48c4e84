"""Append-only log of opt-outs at the edge, from which suppressions are rebuilt after a ledger restore.

`spool/departures.log` has one line of JSON per change, in order: keys and times, no address. The newest line of an address
and reason is in force. `include.dispatch.journal` does the same for requests.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Literal

from include.core.paths import DataPaths
from include.ledger.suppressions import Suppression

NAME = "departures.log"
log = logging.getLogger(__name__)


def append(paths: DataPaths, action: Literal["suppress", "lift"], *entries: Suppression) -> None:
    """Append changes durably. Never raises, since the ledger has them already; a failed write is logged.

    A line starts with a newline, so that a partial line left by a full disk does not corrupt it.
    """
    lines = b"".join(b"\n" + json.dumps({"action": action, **asdict(entry)}).encode() + b"\n" for entry in entries)
    try:
        paths.spool.mkdir(parents=True, exist_ok=True)
        handle = os.open(paths.spool / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(handle, lines)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        log.error("an opt-out could not be appended to %s (%s)", NAME, type(error).__name__)


def in_force(paths: DataPaths) -> list[Suppression]:
    """The opt-outs that were not lifted again."""
    return [entry for action, entry in _newest(paths) if action == "suppress"]


def lifted(paths: DataPaths) -> list[Suppression]:
    """The opt-outs that the person lifted again; `happened_at` is the time of lifting."""
    return [entry for action, entry in _newest(paths) if action == "lift"]


def _newest(paths: DataPaths) -> list[tuple[str, Suppression]]:
    """The newest change of each address and reason, with its action."""
    newest = {(entry["address_key"], entry["reason"]): entry for entry in _entries(paths)}
    return [
        (entry["action"], Suppression(**{name: value for name, value in entry.items() if name != "action"}))
        for entry in newest.values()
    ]


def _entries(paths: DataPaths) -> Iterator[dict[str, Any]]:
    """Every complete line."""
    try:
        lines = (paths.spool / NAME).read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    for line in filter(None, lines):
        try:
            yield json.loads(line)
        except ValueError:
            log.warning("ignored an incomplete line in %s", NAME)
