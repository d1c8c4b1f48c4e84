"""The simulator and the edge inside this process, so that they share its set clock."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import uvicorn
from aiohttp import web
from anyio.from_thread import start_blocking_portal

from include.core.connections import SendGridAccount
from include.core.errors import TradewindError
from include.core.http_client import client
from include.core.paths import DataPaths
from include.core.settings import variable
from include.edge.connection import options
from simulator.app import build
from simulator.settings import Settings
from simulator.webhook.signing import PUBLIC_FILE

HOST, QUIET_WITHIN_SECONDS = "127.0.0.1", 60.0


class SimulatedAccount:
    """An account of the simulator, whose recipients act when they are told to."""

    def __init__(self, url: str) -> None:
        self.account = SendGridAccount(url, "SG.simulator")
        self._http = client(60, keep_alive=True)

    def start_recipients(self) -> None:
        """Deliver what was accepted: from now on, its recipients act."""
        self._call("post", "flush")

    def finish_recipients(self) -> None:
        """Let the recipients finish, and wait until the edge has all their events and visits. Raises `TradewindError`."""
        deadline = time.monotonic() + QUIET_WITHIN_SECONDS
        self._call("post", "flush?recipients=finish")
        while not self._call("get", "status")["quiet"]:
            if time.monotonic() > deadline:
                raise TradewindError("has events that the edge does not accept.", where="the simulator")
            time.sleep(0.05)
            self._call("post", "flush")  # also what is delayed, or waits for a second try

    def _call(self, method: str, path: str) -> Any:
        return self._http.request(method, f"{self.account.host}/control/{path}").raise_for_status().json()


@contextmanager
def services(paths: DataPaths, *, seed: int) -> Iterator[SimulatedAccount]:
    """Serve simulator and edge on free ports of loopback, for the data folder `paths`, until the context ends."""
    with socket.create_server((HOST, 0)) as for_edge, socket.create_server((HOST, 0)) as for_simulator:
        edge_url, simulator_url = (f"http://{HOST}:{bound.getsockname()[1]}" for bound in (for_edge, for_simulator))
        settings = Settings(paths.simulator, seed, f"{edge_url}/events/sendgrid", edge_url, recipients=False)
        paths.simulator.mkdir(parents=True)
        serving = _serving(settings, for_simulator, for_edge)
        with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving):
            yield SimulatedAccount(simulator_url)


@asynccontextmanager
async def _serving(settings: Settings, for_simulator: socket.socket, for_edge: socket.socket) -> AsyncIterator[None]:
    runner = web.AppRunner(build(settings), access_log=None, shutdown_timeout=0.5, auto_decompress=False)
    os.environ[variable("webhook_keys")] = (settings.data / PUBLIC_FILE).read_text().strip()
    edge = uvicorn.Server(
        uvicorn.Config("include.edge.app:app", log_config=None, access_log=False, log_level="warning", **options())
    )
    await runner.setup()
    await web.SockSite(runner, for_simulator).start()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(edge.serve, [for_edge])
        try:
            yield
        finally:
            await runner.cleanup()
            edge.should_exit = True
