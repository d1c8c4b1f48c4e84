"""A running edge: uvicorn in a separate process on a free port, and keys that sign event batches."""

from __future__ import annotations

import base64
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from include.core.paths import PROJECT, DataPaths
from include.core.secrets import Secrets, load_secrets
from include.ledger.database import Ledger, open_ledger
from tests.ports import free_port


@dataclass
class Signer:
    """Signs event batches as SendGrid does, with a private key."""

    key: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls) -> Signer:
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @property
    def public(self) -> str:
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def headers(self, body: bytes, timestamp: str = "1790000000") -> dict[str, str]:
        signature = self.key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
            "Content-Type": "application/json",
        }


@dataclass
class Edge:
    """A running edge: its URL, process and log file."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def logged(self) -> str:
        return self.log.read_text()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def start(root: Path, webhook_keys: str, log: Path, **environment: str) -> Edge:
    """Start an edge with the data folder `root`; returns when it responds."""
    port = free_port()
    command = [sys.executable, "-m", "include.edge", "--port", str(port), "--access-log"]
    values = {**os.environ, "TRADEWIND_WEBHOOK_KEYS": webhook_keys, "TRADEWIND_DATA": str(root), **environment}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=values, stdout=output, stderr=output, preexec_fn=_limit_open_files
        )
    edge = Edge(f"http://127.0.0.1:{port}", process, log)
    _wait(edge)
    return edge


def _limit_open_files() -> None:
    """Limit open files to what most machines allow a service."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))


@dataclass
class Shared:
    """One edge and its stores, shared by the tests that leave them usable, because starting an edge takes a second."""

    paths: DataPaths
    secrets: Secrets
    ledger: Ledger
    signer: Signer
    edge: Edge


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    paths = DataPaths(tmp_path_factory.mktemp("edge") / "data")
    secrets = load_secrets(paths)
    ledger = open_ledger(f"sqlite:///{paths.ledger}", secrets)
    signer = Signer.new()
    edge = start(paths.root, f"{Signer.new().public}, {signer.public}", paths.root.with_name("log"))
    yield Shared(paths, secrets, ledger, signer, edge)
    edge.stop()
    ledger.close()


@pytest.fixture
def paths(shared: Shared) -> DataPaths:
    return shared.paths


@pytest.fixture
def secrets(shared: Shared) -> Secrets:
    return shared.secrets


@pytest.fixture
def ledger(shared: Shared) -> Ledger:
    return shared.ledger


@pytest.fixture
def signer(shared: Shared) -> Signer:
    return shared.signer


@pytest.fixture
def edge(shared: Shared) -> Edge:
    return shared.edge


@pytest.fixture
def start_edge(tmp_path: Path) -> Iterator[Callable[..., Edge]]:
    """Starts a separate edge for one test: `start_edge(root, webhook_keys, **environment)`."""
    running: list[Edge] = []

    def start_one(root: Path, webhook_keys: str, **environment: str) -> Edge:
        running.append(start(root, webhook_keys, tmp_path / f"log{len(running)}", **environment))
        return running[-1]

    yield start_one
    for edge in running:
        edge.stop()


def _wait(edge: Edge) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{edge.url}/healthz", timeout=5)
            return
        except httpx.TransportError:
            assert edge.process.poll() is None, edge.logged()
            time.sleep(0.05)
    raise AssertionError(edge.logged())
