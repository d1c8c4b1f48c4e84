"""Whom a link speaks for, and the ledger asked on their behalf.

A forged token must look like a known one, in the answer and in the time it takes, so every link goes the same way: what has
no subject asks the ledger about nobody, and no answer comes before the floor.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError

from include.core import clock
from include.core.errors import TradewindError
from include.core.paths import DataPaths
from include.core.token import UNSUBSCRIBE, Subject, read
from include.edge.settings import settings
from include.ledger.database import Ledger

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
FLOOR_SECONDS = 0.15
"""Longer than a commit takes; the difference between a write and no write hides below it."""
NOBODY = "0" * 64
_ledger_threads = CapacityLimiter(8)


class LedgerSilent(Exception):
    """The ledger did not take or give the answer; nothing was changed."""


async def ask(work: Callable[[Ledger, Subject | None], Answer], token: str, purpose: str = UNSUBSCRIBE) -> Answer:
    """Run `work(ledger, subject)` in a thread; `subject` is None for a forged token. Raises `LedgerSilent`."""

    def run() -> Answer:
        now = settings()
        return work(now.ledger, read(now.secrets, token, purpose))

    try:
        return await to_thread.run_sync(run, limiter=_ledger_threads)
    except (SQLAlchemyError, TradewindError, OSError) as error:
        log.error("the ledger did not answer the edge (%s)", type(error).__name__)
        raise LedgerSilent from None


async def keep(work: Callable[[DataPaths, Subject], None], token: str) -> None:
    """Run `work(paths, subject)` in a thread for a genuine token, without the ledger. Raises `LedgerSilent`."""

    def run() -> None:
        now = settings()
        if subject := read(now.secrets, token):
            work(now.paths, subject)

    try:
        await to_thread.run_sync(run, limiter=_ledger_threads)
    except (TradewindError, OSError) as error:
        log.error("nor did the disk (%s)", type(error).__name__)
        raise LedgerSilent from None


@asynccontextmanager
async def steady_time(seconds: float = FLOOR_SECONDS) -> AsyncIterator[None]:
    """Let the block take at least `seconds`, without holding anything meanwhile."""
    begun = clock.elapsed()
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, begun + seconds - clock.elapsed()))
