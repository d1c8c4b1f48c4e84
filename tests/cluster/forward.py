"""Forwards TCP ports from one address to another: `python -m tests.cluster.forward LISTEN TARGET PORT…`.

A bridge between a network namespace, in which a host's services are expected on loopback, and the loopback where they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from functools import partial


async def forward(listen: str, target: str, ports: list[int]) -> None:
    """Forward until the process ends."""

    async def accept(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError), contextlib.closing(writer):
            upstream, downstream = await asyncio.open_connection(target, port)
            with contextlib.closing(downstream):
                copies = [asyncio.create_task(each) for each in (_copy(reader, downstream), _copy(upstream, writer))]
                await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
                for copy in copies:
                    copy.cancel()

    for port in ports:
        await asyncio.start_server(partial(accept, port), listen, port)
    await asyncio.Event().wait()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()


if __name__ == "__main__":
    asyncio.run(forward(sys.argv[1], sys.argv[2], [int(port) for port in sys.argv[3:]]))
