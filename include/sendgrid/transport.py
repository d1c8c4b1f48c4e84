"""The only module that calls mail/send. One POST without retries or redirects, bounded in time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import aiohttp

from include.core.connections import SendGridAccount

CONNECT_SECONDS = 5
READ_SECONDS = 60
TOTAL_SECONDS = 90
"""Limits responses that arrive one byte per second. Shorter than the lease of a chunk."""
BODY_LIMIT = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """The response. `status` is None if no readable response arrived.

    `reached` is False only if certainly no byte of the request was sent: failed name resolution, connection or TLS.
    """

    status: int | None
    reached: bool
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    problem: str = ""


class Transport:
    """A keep-alive session for one account."""

    def __init__(self, session: aiohttp.ClientSession, account: SendGridAccount) -> None:
        self._session = session
        self._url = f"{account.host}/v3/mail/send"
        self._headers = {
            "Authorization": f"Bearer {account.api_key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    async def post(self, body: bytes) -> Answer:
        """Make one request. Network errors do not raise; they are part of the answer."""
        context = SimpleNamespace(connected=False)
        try:
            async with self._session.post(
                self._url, data=body, headers=self._headers, allow_redirects=False, trace_request_ctx=context
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, True, headers, await _readable(response))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(None, context.connected, problem=type(error).__name__)


@asynccontextmanager
async def transport(account: SendGridAccount, connections: int) -> AsyncIterator[Transport]:
    """A session with at most `connections` keep-alive connections."""
    timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
    connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=15)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, trace_configs=[_watch_connections()], auto_decompress=False
    ) as session:
        yield Transport(session, account)


async def _readable(response: aiohttp.ClientResponse) -> bytes:
    """The body, at most `BODY_LIMIT` bytes; empty if it is incomplete, since only the status determines the outcome."""
    try:
        return await response.content.read(BODY_LIMIT)
    except (TimeoutError, aiohttp.ClientError, OSError):
        response.close()
        return b""


def _watch_connections() -> aiohttp.TraceConfig:
    """Record in the request's context when it gets a connection: from then on, bytes may have been sent."""

    async def connected(_session: object, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.connected = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(connected)
    return trace
