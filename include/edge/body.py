"""Reading a request's body without trusting it: bounded in bytes and in time, never decompressed."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

WEBHOOK_BYTES = 8 * 1024 * 1024
"""SendGrid posts about 768 KB; ten times that leaves room."""
FORM_BYTES = 64 * 1024
SECONDS = 30.0


class Refused(Exception):
    """The body cannot be taken; `status` says why to the client, `why` to the log."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body. Raises `Refused`: 413 over `limit`, 415 when encoded, 408 when it dribbles, 400 when cut off.

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
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise Refused(413, "body too large")
    return bytes(body)
