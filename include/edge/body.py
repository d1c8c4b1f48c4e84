"""Reads request bodies with limits on bytes, time and memory, and never decompresses them.

A signature can be verified only over the whole body, so unauthenticated bytes stay in memory until then. Bodies of one kind
share a pool; when it is full, the peer that holds the most of it loses its oldest incomplete body, and the newest request
stays. Forms have a separate pool, so that one-click requests have room however many event batches are in memory.
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
"""SendGrid posts about 768 KB; the limit is ten times that."""
FORM_BYTES = 64 * 1024
SECONDS = 30.0


class Refused(Exception):
    """The request is rejected: `status` is the response to the client, `why` the reason in the log."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


@dataclass(eq=False)
class Held:
    """One body in memory and its sender. `time_left` is set while the body is being read."""

    peer: str
    size: int = 0
    time_left: asyncio.Timeout | None = None
    is_evicted: bool = False


@dataclass
class Pool:
    """The memory for bodies of one kind, limited in total and per peer."""

    max_bytes: int
    max_bytes_per_peer: int
    _held: list[Held] = field(default_factory=list)
    _by_peer: Counter[str] = field(default_factory=Counter)

    def add(self, body: Held) -> None:
        self._held.append(body)

    def remove(self, body: Held) -> None:
        self._held.remove(body)
        self._account(body, -body.size)

    def grow(self, body: Held, by: int) -> None:
        """Account for `by` more bytes. Raises `Refused` with 503 if this body is the one to evict."""
        self._account(body, by)
        while (peer := self._over(body.peer)) is not None:
            victim = next(
                (held for held in self._held if held.peer == peer and held.time_left and not held.is_evicted), body
            )
            if victim is body:
                raise Refused(503, "too many bodies in memory")
            victim.is_evicted = True
            self._account(victim, -victim.size)
            assert victim.time_left
            victim.time_left.reschedule(asyncio.get_running_loop().time())

    def _account(self, body: Held, by: int) -> None:
        body.size += by
        self._by_peer[body.peer] += by
        if not self._by_peer[body.peer]:
            del self._by_peer[body.peer]

    def _over(self, peer: str) -> str | None:
        """The peer whose oldest body must be evicted: this one over its limit, or the largest one of a full pool.

        The oldest body, because a legitimate upload is short.
        """
        if self._by_peer[peer] > self.max_bytes_per_peer:
            return peer
        return self._by_peer.most_common(1)[0][0] if self._by_peer.total() > self.max_bytes else None


BATCHES = Pool(max_bytes=128 * 1024 * 1024, max_bytes_per_peer=48 * 1024 * 1024)
FORMS = Pool(max_bytes=16 * 1024 * 1024, max_bytes_per_peer=4 * 1024 * 1024)


@asynccontextmanager
async def held_body(request: Request, limit: int, pool: Pool) -> AsyncIterator[bytearray]:
    """The raw body, which counts towards the pool until the block ends.

    Raises `Refused`: 413 over `limit`, 415 with a content encoding, 408 when too slow, 400 when cut off, 503 when the pool
    is full. Stops reading at the limit, so that a false content length costs at most `limit` bytes of memory.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise Refused(415, "content-encoding is not accepted")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise Refused(413, "body too large")
    body = Held(network_of(request.client.host if request.client else ""))
    pool.add(body)
    try:
        yield await _read_in_time(request, limit, pool, body)
    finally:
        pool.remove(body)


async def read_body(request: Request, limit: int) -> bytes:
    """The body of a form, which leaves the pool immediately."""
    async with held_body(request, limit, FORMS) as content:
        return bytes(content)


async def _read_in_time(request: Request, limit: int, pool: Pool, body: Held) -> bytearray:
    try:
        async with asyncio.timeout(SECONDS) as body.time_left:
            return await _read(request, limit, pool, body)
    except TimeoutError:
        raise (
            Refused(503, "too many bodies in memory") if body.is_evicted else Refused(408, "the body arrived too slowly")
        ) from None
    except ClientDisconnect:
        raise Refused(400, "the body is incomplete") from None
    finally:
        body.time_left = None


async def _read(request: Request, limit: int, pool: Pool, body: Held) -> bytearray:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > limit:
            raise Refused(413, "body too large")
        pool.grow(body, len(part))
    return content
