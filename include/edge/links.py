"""How the links arrive that people press: whole, or damaged on the way. Counted without any token.

`spool/links.json` is what `collect` watches: totals, and how many different tokens in a row did not verify. All of them
failing means that this edge has other keys than the sender; some failing, that a mail client or a scanner breaks links.
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
SUSPICIOUS = 5
"""So many different tokens in a row, and none that verified: the health page says so."""
FLUSH_SECONDS = 0.5
"""The file is written this long after a press at the latest, however many come meanwhile."""
_REMEMBERED = 64


@dataclass
class Links:
    """What this process has seen. `in_a_row` counts a token once, however often somebody reloads its page."""

    in_a_row: int = 0
    _verified: int = 0
    _damaged: int = 0
    _failed: deque[int] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _flushing: asyncio.Task[None] | None = None

    def note(self, paths: DataPaths, token: str, *, verified: bool) -> None:
        """Count one press, and have the file written soon. Called in the event loop."""
        if verified:
            self._verified += 1
            self.reset()
        else:
            self._damaged += 1
            self._note_failed(hash(token))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush_soon(paths))

    def reset(self) -> None:
        """A token verified: the keys are the right ones."""
        self.in_a_row = 0
        self._failed.clear()

    def _note_failed(self, token: int) -> None:
        if token in self._failed:
            return
        self._failed.append(token)
        self.in_a_row += 1
        if self.in_a_row == SUSPICIOUS:
            log.error("the last %d links all failed to verify: does the sender use the same secrets.json?", SUSPICIOUS)

    async def _flush_soon(self, paths: DataPaths) -> None:
        await asyncio.sleep(FLUSH_SECONDS)
        verified, damaged, self._verified, self._damaged = self._verified, self._damaged, 0, 0
        try:
            await to_thread.run_sync(_add, paths, verified, damaged, self.in_a_row)
        except OSError as error:
            self._verified, self._damaged = self._verified + verified, self._damaged + damaged
            log.error("the count of damaged links could not be written (%s)", type(error).__name__)


links = Links()
"""Of this process: there is one edge."""


def _add(paths: DataPaths, verified: int, damaged: int, in_a_row: int) -> None:
    """Add to the totals on disk; a file that is missing or torn begins anew."""
    path = paths.spool / NAME
    try:
        before = orjson.loads(path.read_bytes())
        verified, damaged = verified + int(before["verified"]), damaged + int(before["damaged"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        log.info("%s begins anew", NAME)
    counts = {"verified": verified, "damaged": damaged, "damaged_in_a_row": in_a_row, "at": clock.now().timestamp()}
    write_durably(path, orjson.dumps(counts))
