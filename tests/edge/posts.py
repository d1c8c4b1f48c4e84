"""Posts to the edge over bare sockets, many at a time: a client that costs little beside the server that it loads."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.edge.conftest import Signer

PATH = "/events/sendgrid"
BATCH_BYTES = 768 * 1024
"""The size of a batch that SendGrid posts at most."""
SLOW_SECONDS = 0.5


@dataclass(frozen=True)
class Post:
    """A request; a slow one is sent in pieces."""

    kind: str
    head: bytes
    body: bytes
    is_slow: bool = False

    @classmethod
    def of(cls, kind: str, body: bytes, headers: dict[str, str], *, is_slow: bool = False) -> Post:
        fields = {"Host": "edge", "Content-Length": str(len(body)), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return cls(kind, f"POST {PATH} HTTP/1.1\r\n{lines}\r\n".encode(), body, is_slow)


def batch(number: int, size: int = BATCH_BYTES) -> bytes:
    """A batch of events of 400 bytes each, whose first event has the number."""
    pad = b'{"event":"open","email":"ada@example.org","useragent":"%s"}' % (b"x" * 345)
    return b"[" + b",".join([b'{"event":"open","sg_event_id":"%d"}' % number, *[pad] * (size // 400)]) + b"]"


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, post: Post) -> int:
    """Send a post and read the response; its status."""
    writer.write(post.head)
    pieces = 8 if post.is_slow else 1
    size = len(post.body) // pieces + 1
    for start in range(0, len(post.body), size):
        writer.write(post.body[start : start + size])
        await writer.drain()
        if post.is_slow:
            await asyncio.sleep(SLOW_SECONDS / pieces)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
    await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))
    return int(head.split(" ")[1])


@dataclass
class Load:
    """Clients that post until they are stopped; what was answered is kept."""

    address: tuple[str, int]
    signers: Sequence[Signer]
    size: int = BATCH_BYTES
    acknowledged: set[bytes] = field(default_factory=set)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    _posted: list[Post] = field(default_factory=list)
    _number: int = 0

    @property
    def batches(self) -> set[bytes]:
        """Every signed batch that was posted."""
        return {post.body for post in self._posted}

    async def run(self, clients: int, until: asyncio.Event) -> None:
        """Post with so many clients until the event is set; then none waits for an answer any more."""
        tasks = [asyncio.create_task(self._client(random.Random(number))) for number in range(clients)]
        await until.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _client(self, chance: random.Random) -> None:
        while True:
            post = self._next(chance)
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection(*self.address)
                try:
                    status = await exchange(reader, writer, post)
                    self.statuses[post.kind, status] += 1
                    if status == 200:
                        self.acknowledged.add(post.body)
                finally:
                    writer.transport.abort()
            await asyncio.sleep(0)

    def _next(self, chance: random.Random) -> Post:
        """Mostly batches; sometimes what a webhook also gets."""
        kind = chance.choices(("batch", "slow", "replay", "gzip", "garbage", "foreign"), (12, 2, 2, 1, 1, 1))[0]
        if kind == "replay" and self._posted:
            return chance.choice(self._posted)
        self._number += 1
        body = batch(self._number, self.size)
        signer = chance.choice(self.signers)
        match kind:
            case "gzip":
                body = gzip.compress(body)
                return Post.of(kind, body, {**signer.headers(body), "Content-Encoding": "gzip"})
            case "garbage":
                body = b"[{" + str(self._number).encode()
                return Post.of(kind, body, signer.headers(body))
            case "foreign":
                return Post.of(kind, body[:2_000], Signer.new().headers(body))
        self._posted.append(Post.of("batch", body, signer.headers(body), is_slow=kind == "slow"))
        return self._posted[-1]
