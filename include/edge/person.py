"""Whom a link speaks for, and the ledger asked on their behalf.

A link that does not verify is told so: it may be a person's, damaged on the way, and "you are unsubscribed" would be a lie.
That helps nobody who forges, since a MAC cannot be guessed; whether a genuine link's person is known, or has left already,
is still told by neither answer nor time.
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
from include.core.token import UNSUBSCRIBE, Subject, repaired, verify
from include.edge.links import links
from include.edge.settings import settings
from include.ledger.database import Ledger

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
FLOOR_SECONDS = 0.15
"""Longer than a commit takes; the difference between a write and no write hides below it."""
_token_threads = CapacityLimiter(4)
_ledger_threads = CapacityLimiter(8)


class LedgerSilent(Exception):
    """The ledger did not take or give the answer; nothing was changed."""


class Damaged(Exception):
    """The token verifies in no form that a mail client may have made of it. Nothing was changed."""


async def subject_of(token: str, purpose: str = UNSUBSCRIBE) -> Subject:
    """Whom a link speaks for, asked of no ledger. Counts it. Raises `Damaged`, and `LedgerSilent` without readable keys."""
    now = settings()
    try:
        secrets = await to_thread.run_sync(lambda: now.secrets, limiter=_token_threads)
    except (TradewindError, OSError) as error:
        log.error("the keys of the links cannot be read (%s)", type(error).__name__)
        raise LedgerSilent from None
    subject = verify(secrets, repaired(token, purpose), purpose)
    links.note(now.paths, token, verified=subject is not None)
    if subject is None:
        raise Damaged
    return subject


async def ask(work: Callable[[Ledger, Subject], Answer], subject: Subject) -> Answer:
    """Run `work(ledger, subject)` in a thread. Raises `LedgerSilent`."""

    def run() -> Answer:
        return work(settings().ledger, subject)

    try:
        return await to_thread.run_sync(run, limiter=_ledger_threads)
    except (SQLAlchemyError, TradewindError, OSError) as error:
        log.error("the ledger did not answer the edge (%s)", type(error).__name__)
        raise LedgerSilent from None


async def keep(work: Callable[[DataPaths, Subject], None], subject: Subject) -> None:
    """Run `work(paths, subject)` in a thread, without the ledger. Raises `LedgerSilent`."""

    def run() -> None:
        work(settings().paths, subject)

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
