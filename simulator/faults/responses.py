"""The responses of faults on the wire."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web

from simulator import clock
from simulator.api.payload import HELP, Mail
from simulator.api.responses import (
    BAD_GATEWAY_PAGE,
    CREDITS,
    FORBIDDEN,
    TOO_LARGE_PAGE,
    TOO_MANY,
    UNAUTHORIZED,
    UNKNOWN,
    Problem,
    error_response,
    html_response,
)
from simulator.faults.armed import Armed, Fault, rejected_positions

STATUS = {
    "accept_then_timeout": 0, "accept_then_reset": 0, "half_header": 0, "garbage": 0,
    "accept_then_500": 500, "accept_then_502": 502,
}  # fmt: skip
"""Status of the response after an acceptance; 0: no complete response. 202 for kinds that are not listed."""


PLAIN = {
    "refuse_500": (500, UNKNOWN),
    "credits_exhausted": (401, CREDITS),
    "bad_key": (401, UNAUTHORIZED),
    "forbidden": (403, FORBIDDEN),
}


def rejection_response(armed: Armed, mail: Mail) -> web.Response:
    """The response of a fault that rejects the mail."""
    kind = armed.fault.kind
    if kind == "rate_limit":
        return error_response(429, [TOO_MANY], limit_headers(armed))
    if kind == "reject_address":
        return error_response(400, [_named(position) for position in rejected_positions(armed, mail)])
    if kind == "html_413":
        return html_response(413, TOO_LARGE_PAGE)
    status, problem = PLAIN[kind]
    return error_response(status, [problem])


def _named(position: int) -> Problem:
    return Problem(
        "Does not contain a valid address.", f"personalizations.{position}.to.0.email", f"{HELP}#message.personalizations.to"
    )


def limit_headers(armed: Armed) -> dict[str, str]:
    """X-RateLimit-* headers with the reset in the unit of the fault, or no headers."""
    fault = armed.fault
    if not fault.headers:
        return {}
    reset = clock.now() + fault.reset_after if fault.reset == "epoch" else fault.reset_after
    whole = int(reset) + (reset > int(reset))
    return {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(whole)}


async def fault_response(request: web.Request, armed: Armed, x_message_id: str) -> web.StreamResponse | None:
    """The response after an acceptance; None for the normal 202."""
    response = FAULT_RESPONSES.get(armed.fault.kind)
    return await response(request, armed.fault, x_message_id) if response else None


async def _error(request: web.Request, fault: Fault, x_message_id: str) -> web.StreamResponse:
    return error_response(500, [UNKNOWN])


async def _proxy_error(request: web.Request, fault: Fault, x_message_id: str) -> web.StreamResponse:
    return html_response(502, BAD_GATEWAY_PAGE)


async def _timeout(request: web.Request, fault: Fault, x_message_id: str) -> web.StreamResponse:
    await asyncio.sleep(fault.seconds)
    return _reset(request)


async def _late(request: web.Request, fault: Fault, x_message_id: str) -> None:
    await asyncio.sleep(fault.seconds)


async def _at_once(request: web.Request, fault: Fault, x_message_id: str) -> web.StreamResponse:
    return _reset(request)


async def _half(request: web.Request, fault: Fault, x_message_id: str) -> web.StreamResponse:
    return await _raw(request, f"HTTP/1.1 202 Accepted\r\nX-Message-Id: {x_message_id}\r\nContent-Le".encode(), 0)


async def _slow(request: web.Request, fault: Fault, x_message_id: str) -> web.StreamResponse:
    head = f"HTTP/1.1 202 Accepted\r\nX-Message-Id: {x_message_id}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return await _raw(request, head.encode(), fault.interval)


async def _garbage(request: web.Request, fault: Fault, x_message_id: str) -> web.StreamResponse:
    return await _raw(request, b"\x15\x03\x01 accepted, more or less\r\n\r\n", 0)


FAULT_RESPONSES: dict[str, Callable[[web.Request, Fault, str], Awaitable[web.StreamResponse | None]]] = {
    "accept_then_500": _error,
    "accept_then_502": _proxy_error,
    "accept_then_timeout": _timeout,
    "accept_then_reset": _at_once,
    "late_answer": _late,
    "half_header": _half,
    "slow_bytes": _slow,
    "garbage": _garbage,
}


class Gone(web.Response):
    """Writes nothing, because the connection is already closed."""

    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


def _reset(request: web.Request) -> web.StreamResponse:
    """Reset the TCP connection instead of responding."""
    transport = request.transport
    if transport is not None:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return _closed_response()


async def _raw(request: web.Request, content: bytes, interval: float) -> web.StreamResponse:
    """Write these bytes, one at a time if there is an interval, then close the connection."""
    step = 1 if interval else len(content)
    for at in range(0, len(content), step):
        transport = request.transport
        if transport is None or transport.is_closing():
            return _closed_response()
        transport.write(content[at : at + step])
        await asyncio.sleep(interval)
    if request.transport is not None:
        request.transport.close()
    return _closed_response()


def _closed_response() -> web.StreamResponse:
    response = Gone()
    response.force_close()
    return response
