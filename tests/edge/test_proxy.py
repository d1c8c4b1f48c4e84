"""The documented proxy configuration, docs/edge-proxy/nginx.conf, in front of a running edge."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from include.core.keys import address_key
from include.core.paths import PROJECT, DataPaths
from include.core.secrets import load_secrets
from include.core.token import Subject, mint
from include.edge.connection import MAX_PER_PEER
from include.ledger.database import open_ledger
from include.ledger.suppressions import reasons_in_force
from tests.dispatch.tls_edge import NAME, certificate, resolve_here
from tests.edge.conftest import Edge, Signer, start
from tests.edge.test_limits import post_head
from tests.ports import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
CONFIG = PROJECT / "docs" / "edge-proxy" / "nginx.conf"
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: nginx-light)")


@dataclass
class Proxied:
    """An edge behind nginx. `root` is the edge's data folder."""

    url: str
    edge: Edge
    root: Path
    signer: Signer
    log: Path
    certificate: Path

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.url.rpartition(":")[2])


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder, signer = tmp_path_factory.mktemp("proxy"), Signer.new()
    certificate_file = certificate(folder)
    edge = start(folder / "data", signer.public, folder / "edge.log")
    port = free_port()
    (folder / "nginx.conf").write_text(configuration(folder, port, edge.url.removeprefix("http://")))
    with (folder / "nginx.log").open("wb") as log:
        files = ("-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf"))
        command = [str(NGINX), *files, "-g", f"daemon off; {user_directive()}"]
        nginx = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(port, nginx, folder / "nginx.log")
        yield Proxied(f"https://{NAME}:{port}", edge, folder / "data", signer, folder / "nginx.log", certificate_file)
    finally:
        nginx.terminate()
        nginx.wait()
        edge.stop()


def user_directive() -> str:
    """Keeps root's rights: nginx would otherwise drop them and could not write to the test's folder."""
    return "user root;" if os.getuid() == 0 else ""


def configuration(folder: Path, port: int, edge: str) -> str:
    """The documented file, in which only the lines marked `# yours` are replaced."""
    replacements = {
        "pid /run/tradewind-nginx.pid;": f"pid {folder}/nginx.pid;",
        "access_log /dev/stdout without_tokens;": f"access_log {folder}/access.log without_tokens;",
        "client_body_temp_path /var/tmp/tradewind-nginx;": f"client_body_temp_path {folder}/bodies;",
        "server 127.0.0.1:8081;": f"server {edge};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "server_name mail.your-shop.com;": f"server_name {NAME};",
        "/etc/ssl/edge.pem": f"{folder}/edge.pem",
        "/etc/ssl/edge.key": f"{folder}/edge.key",
    }
    text = CONFIG.read_text()
    for line, replacement in replacements.items():
        assert f"{line}" in text
        assert "# yours" in next(found for found in text.splitlines() if line in found)
        text = text.replace(line, replacement)
    return text


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.fixture
def client(proxied: Proxied, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    resolve_here(monkeypatch)
    with httpx.Client(verify=ssl.create_default_context(cafile=str(proxied.certificate)), timeout=120) as opened:
        yield opened


def unsubscribe(proxied: Proxied, client: httpx.Client) -> float:
    """Unsubscribe a new person with one click; returns the seconds that it took."""
    secrets = load_secrets(DataPaths(proxied.root))
    person = Subject(str(uuid.uuid4()), address_key(secrets.address_key, f"{uuid.uuid4()}@example.org"))
    started = time.monotonic()
    answer = client.post(f"{proxied.url}/u/{mint(secrets, person)}", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    seconds = time.monotonic() - started
    ledger = open_ledger(f"sqlite:///{DataPaths(proxied.root).ledger}", secrets)
    assert reasons_in_force(ledger, person.address_key)
    ledger.close()
    return seconds


def test_unsubscribes_and_events_pass_the_proxy_unchanged(proxied: Proxied, client: httpx.Client) -> None:
    unsubscribe(proxied, client)
    body = b'[{"event":"open","pad":"' + b"\xff" * 700_000 + b'"}]\r\n'
    answer = client.post(f"{proxied.url}/events/sendgrid", content=body, headers=proxied.signer.headers(body))
    assert answer.status_code == 200
    assert body in [path.read_bytes() for path in (proxied.root / "spool" / "incoming").glob("*.json")]
    assert client.get(f"{proxied.url}/healthz").json()["status"] == "ok"


def test_a_damaged_link_is_404_through_the_proxy_and_no_token_is_logged(proxied: Proxied, client: httpx.Client) -> None:
    answer = client.post(f"{proxied.url}/u/{'x' * 80}")
    assert (answer.status_code, "This link is damaged" in answer.text) == (404, True)
    assert logged(proxied, "127.0.0.1 ", '"POST /u/-" 404', 1)
    assert "xxxx" not in access_log(proxied) + proxied.log.read_text() + proxied.edge.logged()


def access_log(proxied: Proxied) -> str:
    return (proxied.root.parent / "access.log").read_text()


def logged(proxied: Proxied, start: str, part: str, at_least: int) -> bool:
    """Whether nginx logs so many such lines within two minutes: it logs a request only when it has ended."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if sum(line.startswith(start) and part in line for line in access_log(proxied).splitlines()) >= at_least:
            return True
        time.sleep(0.1)
    return False


def test_the_proxy_rejects_requests_that_are_too_large(proxied: Proxied, client: httpx.Client) -> None:
    assert client.post(f"{proxied.url}/u/x", content=b"x" * 70_000).status_code == 413
    assert client.post(f"{proxied.url}/events/sendgrid", content=b"x" * 9_000_000).status_code == 413
    assert client.get(f"{proxied.url}/u/{'a' * 9_000}").status_code == 414
    assert client.get(f"{proxied.url}/healthz", headers={"X": "a" * 9_000}).status_code == 400


def test_many_connections_from_one_address_do_not_block_unsubscribes(proxied: Proxied, client: httpx.Client) -> None:
    """More connections than nginx accepts from one address, with incomplete heads and bodies that the edge never gets."""
    context = ssl.create_default_context(cafile=str(proxied.certificate))
    connections = []
    for number in range(MAX_PER_PEER * 2):
        with contextlib.suppress(OSError):
            raw = socket.create_connection(proxied.address, timeout=5, source_address=("127.0.0.3", 0))
            connection = context.wrap_socket(raw, server_hostname=NAME)
            connection.sendall(post_head(8_000_000) + b"[" * 50_000 if number % 2 else b"GET /u/x HT")
            connections.append(connection)
    try:
        assert max(unsubscribe(proxied, client) for _ in range(3)) < 2
        body = b'[{"event":"open"}]'
        answer = client.post(f"{proxied.url}/events/sendgrid", content=body, headers=proxied.signer.headers(body))
        assert answer.status_code == 200
        assert logged(proxied, "127.0.0.3 ", '" 429 ', 20), "nginx rejects connections over its limit per address"
    finally:
        for connection in connections:
            connection.close()


def test_only_a_trusted_proxy_sets_the_client_address(proxied: Proxied, client: httpx.Client) -> None:
    client.get(f"{proxied.url}/healthz", headers={"X-Forwarded-For": "203.0.113.7"})
    direct = httpx.get(f"{proxied.edge.url}/healthz", headers={"X-Forwarded-For": "203.0.113.8"})
    assert direct.status_code == 200
    lines = [line for line in proxied.edge.logged().splitlines() if "/healthz" in line]
    assert "203.0.113.8" in lines[-1], "a client on this machine is trusted as a proxy"
    assert "203.0.113.7" not in proxied.edge.logged(), "nginx sets the header itself"
    untrusted = httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.4"))
    untrusted.get(f"{proxied.edge.url}/healthz", headers={"X-Forwarded-For": "203.0.113.9"})
    assert "203.0.113.9" not in proxied.edge.logged()
    assert "127.0.0.4" in proxied.edge.logged().splitlines()[-1]
