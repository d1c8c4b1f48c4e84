"""GET /healthz: whether the edge can accept event batches and record unsubscribes."""

from __future__ import annotations

import logging

from anyio import CapacityLimiter, to_thread
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from include.core.errors import TradewindError
from include.core.token import PROBE_HEADER, is_valid_probe
from include.edge import spool
from include.edge.link_counts import MANY_FAILED, link_counts
from include.edge.settings import Settings, settings
from include.ledger.tables import ledger_metadata

log = logging.getLogger(__name__)
_threads = CapacityLimiter(2)


async def health(request: Request) -> Response:
    """200 if the spool is writable and the ledger responds, else 503; the JSON body names the check that failed.

    `webhook_keys` counts the readable keys: with 0, the webhook rejects every batch, but people can still unsubscribe. For
    a sender that sends a probe, `probe` says whether it verifies, and so whether the links that it signs work here.

    `tokens` says whether all of the most recent links failed, as they do if the sender has another `secrets.json`. The
    status is "unwell" then, and the code still 200: anybody can invent tokens, which must not remove the edge from a load
    balancer.
    """
    now = settings()
    probe = request.headers.get(PROBE_HEADER)
    state = {
        "spool_writable": await to_thread.run_sync(spool.is_writable, now.paths, limiter=_threads),
        "ledger_reachable": await to_thread.run_sync(_ledger_reachable, now, limiter=_threads),
    }
    well = all(state.values())
    answer: dict[str, object] = {**state, "webhook_keys": len(now.webhook_keys)}
    if probe is not None:
        answer["probe"] = await to_thread.run_sync(_check_probe, now, probe, limiter=_threads)
    all_failed = link_counts.in_a_row >= MANY_FAILED
    answer["tokens"] = f"all of the last {link_counts.in_a_row} failed" if all_failed else "ok"
    answer["status"] = "ok" if well and not all_failed else "unwell"
    return JSONResponse(answer, status_code=200 if well else 503)


def _check_probe(now: Settings, probe: str) -> str:
    try:
        known = is_valid_probe(now.secrets, probe)
    except (TradewindError, OSError) as error:
        log.error("the secrets of the links cannot be read (%s)", type(error).__name__)
        known = False
    if known:
        link_counts.reset()
    return "verifies" if known else "does not verify"


def _ledger_reachable(now: Settings) -> bool:
    try:
        with now.ledger.read() as connection:
            connection.execute(select(ledger_metadata.c.name)).first()
    except (SQLAlchemyError, TradewindError, OSError) as error:
        log.warning("the ledger cannot be reached (%s)", type(error).__name__)
        return False
    return True
