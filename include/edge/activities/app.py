"""The ASGI application of the activities port: `python -m include.edge.activities`, a process of its own.

Shops and their back ends post here; the internet does not. It writes to the spool, and neither to the ledger nor to the
warehouse. It needs `TRADEWIND_DATA` and the tokens, and no key of the links or of the addresses.
"""

from __future__ import annotations

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from include.core.paths import data_paths
from include.edge import spool
from include.edge.activities.receive import receive

_threads = CapacityLimiter(2)


async def health(_request: Request) -> Response:
    """200 if the spool is writable, else 503. Needs no token, and says nothing else."""
    writable = await to_thread.run_sync(spool.is_writable, data_paths(), spool.ACTIVITIES, limiter=_threads)
    state = {"spool_writable": writable, "status": "ok" if writable else "unwell"}
    return JSONResponse(state, status_code=200 if writable else 503)


app = Starlette(
    routes=[Route("/activities", receive, methods=["POST"]), Route("/healthz", health, methods=["GET"])],
)
app.router.redirect_slashes = False
