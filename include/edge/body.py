"""Reading a request's body without trusting it: bounded in bytes, in time and in memory, never decompressed.

A signature can only be checked over the whole body, so strangers' bytes must be held until then. All bodies of a kind share
a pool; when it is full, whoever holds most of it gives way, and not who comes last. Forms have a pool of their own: however
many event batches are held, there is room for a one-click post.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request

from include.edge.connection import network_of

WEBHOOK_BYTES = 8 * 1024 * 1024
"""SendGrid posts about 768 KB; ten times that leaves room."""
FORM_BYTES = 64 * 1024
SECONDS = 30.0


class Refused(Exception):
    """The body cannot be taken; `status` says why to the client, `why` to the log."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


@dataclass(eq=False)
class Held:
    """One body in memory, and who sent it. `time_left` is there while it is being read."""

    peer: str
    size: int = 0
    time_left: asyncio.Timeout | None = None
    gives_way: bool = False


@dataclass
class Pool:
    """The memory for bodies of one kind: `most` bytes in all, `share` bytes for one peer."""

    most: int
    share: int
    _held: list[Held] = field(default_factory=list)

    def enter(self, body: Held) -> None:
        self._held.append(body)

    def leave(self, body: Held) -> None:
        self._held.remove(body)

    def grow(self, body: Held, by: int) -> None:
        """Account for `by` more bytes. Raises `Refused` with 503 where it is this body that gives way."""
        body.size += by
        while (peer := self._over(body.peer)) is not None:
            victim = next((held for held in self._held if held.peer == peer and held.time_left and not held.gives_way), body)
            if victim is body:
                raise Refused(503, "too much at once")
            victim.gives_way, victim.size = True, 0
            assert victim.time_left
            victim.time_left.reschedule(asyncio.get_running_loop().time())

    def _over(self, peer: str) -> str | None:
        """Whose oldest body must give way: the peer's over its share, or the one's who holds most of a full pool.

        The oldest, because an honest upload is short, and what only takes up room stays.
        """
        by_peer: Counter[str] = Counter()
        for body in self._held:
            by_peer[body.peer] += body.size
        if by_peer[peer] > self.share:
            return peer
        return by_peer.most_common(1)[0][0] if by_peer.total() > self.most else None


BATCHES = Pool(most=128 * 1024 * 1024, share=48 * 1024 * 1024)
FORMS = Pool(most=16 * 1024 * 1024, share=4 * 1024 * 1024)


@asynccontextmanager
async def held_body(request: Request, limit: int, pool: Pool) -> AsyncIterator[bytes]:
    """The raw body, in the pool's account until the block ends.

    Raises `Refused`: 413 over `limit`, 415 when encoded, 408 when it dribbles, 400 when cut off, 503 when all bodies
    together are too much. Stops reading at the limit, so a body that lies about its length costs no more than `limit` bytes
    of memory.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise Refused(415, "content-encoding is not accepted")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise Refused(413, "body too large")
    body = Held(network_of(request.client.host if request.client else ""))
    pool.enter(body)
    try:
        yield await _read_in_time(request, limit, pool, body)
    finally:
        pool.leave(body)


async def read_body(request: Request, limit: int) -> bytes:
    """`held_body` for forms, which are small and given back at once."""
    async with held_body(request, limit, FORMS) as content:
        return content


async def _read_in_time(request: Request, limit: int, pool: Pool, body: Held) -> bytes:
    try:
        async with asyncio.timeout(SECONDS) as body.time_left:
            return await _read(request, limit, pool, body)
    except TimeoutError:
        raise (Refused(503, "too much at once") if body.gives_way else Refused(408, "body came too slowly")) from None
    except ClientDisconnect:
        raise Refused(400, "body was cut off") from None
    finally:
        body.time_left = None


async def _read(request: Request, limit: int, pool: Pool, body: Held) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > limit:
            raise Refused(413, "body too large")
        pool.grow(body, len(part))
    return bytes(content)
