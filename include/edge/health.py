"""GET /healthz: may mail be answered here?"""

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
from include.edge.links import SUSPICIOUS, links
from include.edge.settings import Settings, settings
from include.ledger.tables import ledger_metadata

log = logging.getLogger(__name__)
_threads = CapacityLimiter(2)


async def health(request: Request) -> Response:
    """200 while a batch can be kept and an unsubscribe recorded, else 503; the JSON says which of the two fails.

    `webhook_keys` counts the readable keys: with 0 the webhook refuses every batch, but people can still leave. A sender
    that shows a probe is told whether it verifies: whether the links that it signs would work here.

    `tokens` says when the last links all failed, as they do where the sender has another `secrets.json`; the status is
    "unwell" then, and still 200: any stranger can make up tokens, and must not take the edge out of a balancer by them.
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
        answer["probe"] = await to_thread.run_sync(_tried, now, probe, limiter=_threads)
    foreign = links.in_a_row >= SUSPICIOUS
    answer["tokens"] = f"all of the last {links.in_a_row} failed" if foreign else "ok"
    answer["status"] = "ok" if well and not foreign else "unwell"
    return JSONResponse(answer, status_code=200 if well else 503)


def _tried(now: Settings, probe: str) -> str:
    try:
        known = is_valid_probe(now.secrets, probe)
    except (TradewindError, OSError) as error:
        log.error("the keys of the links cannot be read (%s)", type(error).__name__)
        known = False
    if known:
        links.reset()
    return "verifies" if known else "does not verify"


def _ledger_reachable(now: Settings) -> bool:
    try:
        with now.ledger.read() as connection:
            connection.execute(select(ledger_metadata.c.name)).first()
    except (SQLAlchemyError, TradewindError, OSError) as error:
        log.warning("the ledger cannot be reached (%s)", type(error).__name__)
        return False
    return True
