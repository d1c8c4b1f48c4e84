"""A real edge behind TLS, under a name that only this process resolves to loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from include.core.paths import PROJECT
from tests.ports import free_port

NAME = "mail.harbour-records.shop"


def certificate(folder: Path) -> Path:
    """A self-signed certificate for `NAME` with its key: `edge.pem` and `edge.key`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "edge.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "edge.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "edge.pem"


@contextmanager
def tls_edge(data: Path, folder: Path) -> Iterator[str]:
    """Run an edge over `data`; yields its base URL."""
    port = free_port()
    files = ("--ssl-certfile", str(folder / "edge.pem"), "--ssl-keyfile", str(folder / "edge.key"))
    command = [sys.executable, "-m", "include.edge", "--port", str(port), *files]
    process = subprocess.Popen(
        command, cwd=PROJECT, env={**os.environ, "TRADEWIND_DATA": str(data)}, stderr=subprocess.DEVNULL
    )
    try:
        _wait(process, port)
        yield f"https://{NAME}:{port}"
    finally:
        process.kill()
        process.wait()


def resolve_here(patch: pytest.MonkeyPatch) -> None:
    """Resolve `NAME` to loopback in this process, and ignore proxies in the environment."""
    known = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        return known("127.0.0.1" if host == NAME else host, *rest, **named)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        patch.delenv(name, raising=False)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, "the edge did not start"
            time.sleep(0.05)
    raise AssertionError("the edge did not listen")
