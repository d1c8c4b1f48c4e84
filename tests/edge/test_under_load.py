"""The edge while many clients post: what it acknowledged survives kill -9, and what it cannot store now it refuses."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from include.edge import body, spool
from include.edge.app import build
from include.edge.body import Pool
from tests.edge.conftest import Edge, Signer
from tests.edge.posts import PATH, Load, batch

MEMORY = 450 * 1024 * 1024
REFUSED = {("gzip", 415), ("garbage", 400), ("foreign", 403)}
StartEdge = Callable[..., Edge]


async def killed_under_load(edge: Edge, load: Load, clients: int, batches: int) -> int:
    """Post until so many more batches are acknowledged, and kill the edge; returns the memory that it had."""
    stop, enough = asyncio.Event(), len(load.acknowledged) + batches
    running = asyncio.create_task(load.run(clients, stop))
    while len(load.acknowledged) < enough:
        await asyncio.sleep(0.01)
    memory = psutil.Process(edge.process.pid).memory_info().rss
    edge.process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(edge.process.wait)
    await asyncio.sleep(0.1)  # Answers that were sent before the kill are still read.
    stop.set()
    await running
    return memory


def survives(start_edge: StartEdge, root: Path, *, rounds: int, clients: int, batches: int) -> Load:
    """Every acknowledged batch is whole on disk after each kill, and nothing else is there but what was signed."""
    signers = [Signer.new(), Signer.new()]
    load = Load(("", 0), signers)
    for _ in range(rounds):
        edge = start_edge(root, ", ".join(signer.public for signer in signers))
        host, _, port = edge.url.removeprefix("http://").partition(":")
        load.address = (host, int(port))
        assert asyncio.run(killed_under_load(edge, load, clients, batches)) < MEMORY
        stored = {path.read_bytes() for path in (root / "spool" / "incoming").glob("*.json")}
        assert load.acknowledged <= stored
        assert stored <= load.batches
    return load


def test_acknowledged_batches_survive_kill_9_under_load(start_edge: StartEdge, tmp_path: Path) -> None:
    load = survives(start_edge, tmp_path / "data", rounds=1, clients=24, batches=40)
    assert set(load.statuses) <= {("batch", 200), ("batch", 503), *REFUSED}
    assert load.statuses["batch", 200] >= 40


@pytest.mark.slow
def test_ten_kills_lose_nothing(start_edge: StartEdge, tmp_path: Path) -> None:
    """More clients than connections of one address, and more bytes than the edge holds in memory."""
    load = survives(start_edge, tmp_path / "data", rounds=10, clients=300, batches=150)
    assert {*REFUSED, ("batch", 200)} <= set(load.statuses) <= {("batch", 200), ("batch", 503), *REFUSED}


def test_a_spool_that_cannot_keep_up_is_503_with_retry_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that hangs: bodies wait in memory up to the pool's limit, the next ones are refused, none is lost."""
    signer, slow = Signer.new(), threading.Event()
    monkeypatch.setenv("TRADEWIND_DATA", str(tmp_path))
    monkeypatch.setenv("TRADEWIND_WEBHOOK_KEYS", signer.public)
    monkeypatch.setattr(body, "BATCHES", Pool(max_bytes=1_000_000, max_bytes_per_peer=1_000_000))
    written = spool.write_batch
    monkeypatch.setattr(spool, "write_batch", lambda *batch: slow.wait(60) and written(*batch))
    posted = [batch(number, 200_000) for number in range(12)]

    async def post_all() -> list[httpx.Response]:
        transport = httpx.ASGITransport(build())
        async with httpx.AsyncClient(transport=transport, base_url="http://edge") as client:
            tasks = [asyncio.create_task(client.post(PATH, content=each, headers=signer.headers(each))) for each in posted]
            while sum(task.done() for task in tasks) < len(posted) - 4:
                await asyncio.sleep(0.01)
            slow.set()
            return await asyncio.gather(*tasks)

    answers = asyncio.run(post_all())
    stored = {path.read_bytes() for path in (tmp_path / "spool" / "incoming").glob("*.json")}
    assert stored == {each for each, answer in zip(posted, answers, strict=True) if answer.status_code == 200}
    assert len(stored) == 4
    assert {(answer.status_code, answer.headers["retry-after"]) for answer in answers if answer.status_code != 200} == {
        (503, "60")
    }
