"""Counts the links that verify and those that are damaged, without storing tokens.

`collect` monitors `spool/links.json`: totals, and how many different tokens in a row did not verify. If all of them fail,
the edge and the sender have different keys; if some fail, a mail client or a scanner breaks links.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field

import orjson
from anyio import to_thread

from include.core import clock
from include.core.durable import write_durably
from include.core.paths import DataPaths

log = logging.getLogger(__name__)

NAME = "links.json"
MANY_FAILED = 5
"""From this many different tokens in a row that did not verify, the health page reports it."""
FLUSH_SECONDS = 0.5
"""The file is written at most this long after a request, however many arrive meanwhile."""
_DISTINCT_TOKENS = 64


@dataclass
class LinkCounts:
    """The counts of this process. `in_a_row` counts a token once, however often its page is reloaded."""

    in_a_row: int = 0
    _verified: int = 0
    _damaged: int = 0
    _failed: deque[int] = field(default_factory=lambda: deque(maxlen=_DISTINCT_TOKENS))
    _flushing: asyncio.Task[None] | None = None

    def count(self, paths: DataPaths, token: str, *, verified: bool) -> None:
        """Count one request and schedule the write of the file. Runs in the event loop."""
        if verified:
            self._verified += 1
            self.reset()
        else:
            self._damaged += 1
            self._count_failed(hash(token))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush_soon(paths))

    def reset(self) -> None:
        """Restart the count of failures, because a token verified."""
        self.in_a_row = 0
        self._failed.clear()

    def _count_failed(self, token: int) -> None:
        if token in self._failed:
            return
        self._failed.append(token)
        self.in_a_row += 1
        if self.in_a_row == MANY_FAILED:
            log.error("the last %d links all failed to verify: does the sender use the same secrets.json?", MANY_FAILED)

    async def _flush_soon(self, paths: DataPaths) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        verified, damaged, self._verified, self._damaged = self._verified, self._damaged, 0, 0
        try:
            await to_thread.run_sync(_add_to_file, paths, verified, damaged, self.in_a_row)
        except OSError as error:
            self._verified, self._damaged = self._verified + verified, self._damaged + damaged
            log.error("the count of damaged links could not be written (%s)", type(error).__name__)


link_counts = LinkCounts()
"""The counts of this process, which is the only edge."""


def _add_to_file(paths: DataPaths, verified: int, damaged: int, in_a_row: int) -> None:
    """Add to the totals on disk; a missing or damaged file starts at zero."""
    path = paths.spool / NAME
    try:
        before = orjson.loads(path.read_bytes())
        verified, damaged = verified + int(before["verified"]), damaged + int(before["damaged"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        log.info("%s is missing or damaged; its totals start at zero", NAME)
    counts = {"verified": verified, "damaged": damaged, "damaged_in_a_row": in_a_row, "at": clock.now().timestamp()}
    write_durably(path, orjson.dumps(counts))
