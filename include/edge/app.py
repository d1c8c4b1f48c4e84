"""The ASGI application that faces the internet: `python -m include.edge`, a process apart from Airflow's API server.

Configured by the environment: `TRADEWIND_DATA`, `TRADEWIND_WEBHOOK_KEYS`, `AIRFLOW_CONN_LEDGER_DEFAULT`. It has no cookies,
sessions or scripts, so that cross-site request forgery does not apply. A proxy in front of it terminates TLS.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from include.edge import page
from include.edge.body import Refused
from include.edge.confirm import confirm
from include.edge.health import health
from include.edge.images import image
from include.edge.preferences import preferences
from include.edge.subject import DamagedLink, LedgerUnavailable, LinkOfTest
from include.edge.unsubscribe import unsubscribe
from include.edge.webhook import receive

Endpoint = Callable[[Request], Awaitable[Response]]
MAX_TARGET = 2_048
"""Bytes of path and query. A link has less than 150; the rest is room for parameters that mail tools append."""
_TOKEN_PATH = re.compile(r"^(/(?:u|preferences|confirm)/)[^?\s]+")


class SecurityHeaders:
    """Adds the security headers to every response; a header that it has stays."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in page.HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class TargetLimit:
    """Rejects a path and query that are too long, without reading the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        long = scope["type"] == "http" and len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET
        await (PlainTextResponse("URI too long", 414, {"Connection": "close"}) if long else self.app)(scope, receive, send)


class TokenFilter(logging.Filter):
    """Removes tokens from the access log, because a token lets its bearer act for a person."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_TOKEN_PATH.sub(r"\1…", value) if isinstance(value, str) else value for value in record.args)
        return True


def _route(path: str, endpoint: Endpoint, *methods: str) -> Route:
    """A route that also answers OPTIONS; HEAD comes with GET."""
    allowed = [*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"]

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(allowed)})
        return await endpoint(request)

    return Route(path, answer, methods=allowed)


async def _refused(request: Request, error: Exception) -> Response:
    answer = page.render_problem(request, error.status if isinstance(error, Refused) else 400, "unreadable")
    answer.headers["Connection"] = "close"
    return answer


async def _ledger_unavailable(request: Request, _error: Exception) -> Response:
    return page.render_unavailable(request)


async def _damaged(request: Request, _error: Exception) -> Response:
    return page.render_damaged_link(request)


async def _of_test(request: Request, _error: Exception) -> Response:
    """200, also for one-click requests: the mail was a test, and its links change nothing."""
    return page.render(request, "test_mail")


async def _not_found(request: Request, _error: Exception) -> Response:
    """A path without a route; one that starts like a link is a damaged link."""
    return (
        page.render_damaged_link(request)
        if _TOKEN_PATH.match(request.url.path)
        else PlainTextResponse("Not Found", status_code=404)
    )


def build() -> Starlette:
    """Build the application. It reads its settings at each request, so the data folder and the ledger may appear later."""
    app = Starlette(
        routes=[
            _route("/events/sendgrid", receive, "POST"),
            _route("/u/{token}", unsubscribe, "GET", "POST"),
            _route("/preferences/{token}", preferences, "GET", "POST"),
            _route("/confirm/{token}", confirm, "GET", "POST"),
            _route("/images/{name}", image, "GET"),
            _route("/healthz", health, "GET"),
        ],
        middleware=[Middleware(SecurityHeaders), Middleware(TargetLimit)],
        exception_handlers={
            Refused: _refused,
            LedgerUnavailable: _ledger_unavailable,
            DamagedLink: _damaged,
            LinkOfTest: _of_test,
            404: _not_found,
        },
    )
    app.router.redirect_slashes = False
    return app


logging.getLogger("uvicorn.access").addFilter(TokenFilter())
app = build()
