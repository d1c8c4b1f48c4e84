"""Reading a request's body without trusting it: bounded in bytes and in time, never decompressed."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

WEBHOOK_BYTES = 8 * 1024 * 1024
"""SendGrid posts about 768 KB; ten times that leaves room."""
FORM_BYTES = 64 * 1024
SECONDS = 30.0
MOST_BYTES = 256 * 1024 * 1024
"""Of all bodies that are being read at one moment, so that many at once cannot exhaust the memory."""
_held = 0


class Refused(Exception):
    """The body cannot be taken; `status` says why to the client, `why` to the log."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body. Raises `Refused`: 413 over `limit`, 415 when encoded, 408 when it dribbles, 400 when cut off, 503 when
    all bodies together are too much.

    Stops reading at the limit, so a body that lies about its length costs no more than `limit` bytes of memory.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise Refused(415, "content-encoding is not accepted")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise Refused(413, "body too large")
    try:
        async with asyncio.timeout(SECONDS):
            return await _read(request, limit)
    except TimeoutError:
        raise Refused(408, "body came too slowly") from None
    except ClientDisconnect:
        raise Refused(400, "body was cut off") from None


async def _read(request: Request, limit: int) -> bytes:
    global _held
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            _held += len(part)
            if len(body) > limit:
                raise Refused(413, "body too large")
            if _held > MOST_BYTES:
                raise Refused(503, "too much at once")
        return bytes(body)
    finally:
        _held -= len(body)
