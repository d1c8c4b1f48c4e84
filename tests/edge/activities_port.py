"""A running activities port, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from include.core.activity import Activity, decode
from include.core.paths import PROJECT, DataPaths
from tests.edge.conftest import Edge
from tests.ports import free_port

TOKEN = "a-token-of-a-test-" + "0" * 32


def start_port(paths: DataPaths, log: Path, **environment: str) -> Edge:
    """Start a port on loopback that accepts `TOKEN`; returns when it answers."""
    number = free_port()
    values = {
        **os.environ, "TRADEWIND_DATA": str(paths.root), "TRADEWIND_ACTIVITIES_PORT": str(number),
        "TRADEWIND_ACTIVITIES_TOKEN": TOKEN, **environment,
    }  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "include.edge.activities"], cwd=PROJECT, env=values, stdout=output, stderr=output
        )
    port = Edge(f"http://127.0.0.1:{number}", process, log)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{port.url}/healthz", timeout=5)
            return port
        except httpx.TransportError:
            assert process.poll() is None, port.logged()
            time.sleep(0.05)
    raise AssertionError(port.logged())


def post(port: Edge, body: bytes, token: str | None = TOKEN, **headers: str) -> httpx.Response:
    """Post a body, with `token` as bearer token."""
    sent = headers | ({"Authorization": f"Bearer {token}"} if token is not None else {})
    return httpx.post(f"{port.url}/activities", content=body, headers=sent, timeout=120)


def spooled(paths: DataPaths) -> list[Activity]:
    """The activities in the spool that are not loaded yet."""
    files = sorted((paths.spool / "activities" / "incoming").glob("*.jsonl"))
    return [one for path in files for one in decode(path.read_bytes())]
