"""Verifies the token of a link and runs ledger work for its person.

The response to an invalid link says that it is invalid: the link may have been damaged on its way, and "you are
unsubscribed" would be false. This does not help a forger, since a MAC cannot be guessed. For a valid link, neither the
response nor its time reveals whether the person is known or has unsubscribed already.
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
from include.core.token import TEST, UNSUBSCRIBE, Subject, repaired, verify
from include.edge.link_counts import link_counts
from include.edge.settings import settings
from include.ledger.database import Ledger

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
MIN_SECONDS = 0.15
"""Longer than a commit takes, so that response times do not show whether something was written."""
_token_threads = CapacityLimiter(4)
_ledger_threads = CapacityLimiter(8)


class LedgerUnavailable(Exception):
    """The ledger did not respond; nothing was changed."""


class DamagedLink(Exception):
    """The token does not verify, not even with the changes that mail clients make. Nothing was changed."""


class LinkOfTest(Exception):
    """The link is in a test send. Nothing was changed."""


async def verify_link(token: str, purpose: str = UNSUBSCRIBE) -> Subject:
    """The person of a link, without the ledger; counts the link.

    Raises `DamagedLink`, `LinkOfTest`, or `LedgerUnavailable` if the secrets cannot be read.
    """
    now = settings()
    try:
        secrets = await to_thread.run_sync(lambda: now.secrets, limiter=_token_threads)
    except (TradewindError, OSError) as error:
        log.error("the secrets of the links cannot be read (%s)", type(error).__name__)
        raise LedgerUnavailable from None
    subject = verify(secrets, repaired(token, purpose), purpose)
    is_test = subject is None and verify(secrets, repaired(token, TEST), TEST) is not None
    link_counts.count(now.paths, token, verified=subject is not None or is_test)
    if is_test:
        raise LinkOfTest
    if subject is None:
        raise DamagedLink
    return subject


async def with_ledger(work: Callable[[Ledger, Subject], Answer], subject: Subject) -> Answer:
    """Run `work(ledger, subject)` in a thread. Raises `LedgerUnavailable`."""

    def run() -> Answer:
        return work(settings().ledger, subject)

    try:
        return await to_thread.run_sync(run, limiter=_ledger_threads)
    except (SQLAlchemyError, TradewindError, OSError) as error:
        log.error("the ledger did not respond (%s)", type(error).__name__)
        raise LedgerUnavailable from None


async def with_paths(work: Callable[[DataPaths, Subject], None], subject: Subject) -> None:
    """Run `work(paths, subject)` in a thread, without the ledger. Raises `LedgerUnavailable`."""

    def run() -> None:
        work(settings().paths, subject)

    try:
        await to_thread.run_sync(run, limiter=_ledger_threads)
    except (TradewindError, OSError) as error:
        log.error("the spool cannot be written either (%s)", type(error).__name__)
        raise LedgerUnavailable from None


@asynccontextmanager
async def minimum_duration(seconds: float = MIN_SECONDS) -> AsyncIterator[None]:
    """Let the block take at least `seconds`, without holding a thread."""
    started = clock.elapsed()
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, started + seconds - clock.elapsed()))
