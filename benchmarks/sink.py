"""An HTTP server that takes any POST and answers 202: at once, so that what is left is the client's time, or after a while.

python -m benchmarks.sink [seconds]          prints its port, serves until it is ended
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: sink\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def running_sink(seconds: float = 0.0) -> Iterator[int]:
    """The sink in a process of its own, answering after some seconds; its port."""
    command = [sys.executable, "-m", "benchmarks.sink", str(seconds)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield int(server.stdout.readline())
    finally:
        server.terminate()
        server.wait()


class Sink(asyncio.Protocol):
    """Reads headers and as many bytes of body as they announce, and forgets both."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._head = b""
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._left -= len(data)
        else:
            self._head += data
            head, found, rest = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self._left = int(length.partition(b":")[2]) - len(rest)
            self._head = b""
        if self._left == 0:
            asyncio.get_running_loop().call_later(self._seconds, self._transport.write, ANSWER)


async def _serve(seconds: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Sink(seconds), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
