"""A TCP proxy between sender and simulator that can run an action between any two bytes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

Action = Callable[[], None]


class Proxy:
    """Forwards all bytes and runs `action` once.

    `after_bytes`: run it after this many bytes from the sender, in total, and forward nothing more.
    `after_answers`: run it after this many responses from the simulator, before the last one is forwarded.
    `rewrite`: changes the simulator's responses.
    """

    def __init__(
        self,
        target: str,
        *,
        action: Action | None = None,
        after_bytes: int | None = None,
        after_answers: int | None = None,
        rewrite: Callable[[bytes], bytes] | None = None,
    ) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self.action, self._rewrite = action, rewrite
        self._bytes_left, self._answers_left = after_bytes, after_answers
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait(60)
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def triggered(self) -> bool:
        return 0 in (self._bytes_left, self._answers_left)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._forward, "127.0.0.1", 0))
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        open_tasks = asyncio.all_tasks(self._loop)
        for task in open_tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*open_tasks, return_exceptions=True))
        self._loop.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            up_reader, up_writer = await asyncio.open_connection(*self._target)
            await asyncio.gather(self._up(reader, up_writer), self._down(up_reader, writer))

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                if self._bytes_left is not None:
                    data = data[: self._bytes_left]
                    self._bytes_left -= len(data)
                writer.write(data)
                if self._bytes_left == 0:
                    self._trigger()
                    break
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self._answers_left and data.startswith(b"HTTP/1.1 202"):
                    self._answers_left -= 1
                    if self._answers_left == 0:
                        self._trigger()
                writer.write(self._rewrite(data) if self._rewrite else data)
        writer.close()

    def _trigger(self) -> None:
        if self.action:
            self.action()
