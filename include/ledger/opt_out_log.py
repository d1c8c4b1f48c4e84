"""Who left by the edge, noted a second time: what tells a ledger that was restored from a backup.

`spool/departures.log` has a line of JSON for each step, in order: keys and times, no address. The newest of an address is
the one that stands. See `include.dispatch.journal` for what the same is for requests.
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


def note(paths: DataPaths, action: Literal["suppress", "lift"], wish: Suppression) -> None:
    """Append one step, durably. Never raises: the ledger has it already; a disk that will not take it is logged.

    The line begins with a line end, so that a part of one which a full disk left does not spoil it.
    """
    line = b"\n" + json.dumps({"action": action, **asdict(wish)}).encode() + b"\n"
    try:
        paths.spool.mkdir(parents=True, exist_ok=True)
        handle = os.open(paths.spool / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        log.error("a departure could not be noted beside the ledger (%s)", type(error).__name__)


def standing(paths: DataPaths) -> list[Suppression]:
    """Who left and did not come back, as noted."""
    newest = {step["address_key"]: step for step in _steps(paths)}
    left = [step for step in newest.values() if step["action"] == "suppress"]
    return [Suppression(**{name: value for name, value in step.items() if name != "action"}) for step in left]


def _steps(paths: DataPaths) -> Iterator[dict[str, Any]]:
    """Every line that is whole."""
    try:
        lines = (paths.spool / NAME).read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    for line in filter(None, lines):
        try:
            yield json.loads(line)
        except ValueError:
            log.warning("a torn line in %s is passed over", NAME)
