"""How many batches of 768 KB a second the edge stores, against the least that a webhook can do.

    python -m benchmarks.edge [--batches 300] [--rounds 4]

The baseline (`benchmarks/bare_edge.py`) is a bare Starlette route that reads the same body, checks the same signature and
fsyncs; it has no limits, does not look at the body, and does not fsync the folder. Both run as processes of their own and
take turns, so that other work on the machine slows both. CPU is the server's, user and system. The target is 70 % of the
baseline's rate.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.edge.conftest import Signer
from tests.edge.posts import BATCH_BYTES, Post, batch, exchange
from tests.ports import free_port

CLIENTS = 8
TARGET = 0.7
WARM_UP = 20


@dataclass
class Server:
    """A running server, and what it has done in the rounds so far."""

    process: psutil.Process
    port: int
    batches: int = 0
    wall: float = 0.0
    cpu: float = 0.0

    def measure(self, posts: list[Post]) -> None:
        """Post all, and add what it took."""
        wall, cpu = time.perf_counter(), sum(self.process.cpu_times()[:2])
        asyncio.run(_post_all(self.port, posts))
        self.wall, self.cpu = self.wall + time.perf_counter() - wall, self.cpu + sum(self.process.cpu_times()[:2]) - cpu
        self.batches += len(posts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=300, help="a round and server")
    parser.add_argument("--rounds", type=int, default=4)
    chosen = parser.parse_args()
    bare, edge = measured(chosen.batches, chosen.rounds)
    for what, server in (("a bare route that fsyncs", bare), ("the edge", edge)):
        print(f"{what:28} {server.batches:6,} batches {server.batches / server.wall:7.1f} a second "
              f"{server.cpu / server.batches * 1000:7.2f} ms of CPU a batch", flush=True)  # fmt: skip
    rate = bare.wall / edge.wall
    print(f"the edge's rate is {rate:.0%} of the bare one (target {TARGET:.0%}: {'met' if rate >= TARGET else 'missed'}), "
          f"its CPU {edge.cpu / bare.cpu:.2f} times")  # fmt: skip


def measured(batches: int, rounds: int, size: int = BATCH_BYTES) -> tuple[Server, Server]:
    """The bare server and the edge, after so many rounds of so many batches each."""
    signer = Signer.new()
    posts = [Post.of("batch", each, signer.headers(each)) for each in (batch(number, size) for number in range(WARM_UP))]
    posts *= batches // WARM_UP + 1
    with tempfile.TemporaryDirectory(prefix="tradewind-bench-") as folder, _running(Path(folder), signer) as servers:
        for server in servers:
            asyncio.run(_post_all(server.port, posts[:WARM_UP]))
        for _ in range(rounds):
            for server in servers:
                server.measure(posts[:batches])
    return servers


@contextmanager
def _running(folder: Path, signer: Signer) -> Iterator[tuple[Server, Server]]:
    """The bare server and the edge, as soon as both accept connections."""
    ports = free_port(), free_port()
    commands = (
        ["benchmarks.bare_edge", str(folder), str(ports[0]), signer.public],
        ["include.edge", "--port", str(ports[1]), "--log-level", "error"],
    )
    environment = {**os.environ, "TRADEWIND_DATA": str(folder / "data"), "TRADEWIND_WEBHOOK_KEYS": signer.public}
    started = [subprocess.Popen([sys.executable, "-m", *command], env=environment) for command in commands]
    try:
        for port in ports:
            asyncio.run(_accepts(port))
        bare, edge = (Server(psutil.Process(process.pid), port) for process, port in zip(started, ports, strict=True))
        yield bare, edge
    finally:
        for process in started:
            process.kill()
            process.wait()


async def _accepts(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return


async def _post_all(port: int, posts: list[Post]) -> None:
    """Post over a few connections that are kept. Raises RuntimeError if a batch is not stored."""
    waiting = iter(posts)

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for post in waiting:
            if (status := await exchange(reader, writer, post)) != 200:
                raise RuntimeError(f"a batch was answered with {status}")
        writer.close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


if __name__ == "__main__":
    main()
