"""The limits of connections, heads and bodies: an attack blocks neither unsubscribes nor event batches."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import resource
import socket
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import psutil
import pytest
from starlette.requests import Request

from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.core.token import Subject, mint
from include.edge import body, connection
from include.edge.body import Pool, Refused, held_body
from include.edge.connection import HEAD_BYTES, HEAD_SECONDS, MAX_PER_PEER, is_trusted_proxy, network_of
from include.ledger.database import open_ledger
from include.ledger.suppressions import reasons_in_force
from tests.edge.conftest import Edge, Signer

BATCH = orjson.dumps([{"event": "open", "useragent": "x" * 300, "n": n} for n in range(2_000)])
LOOKS_SIGNED = base64.b64encode(b"\x30" + os.urandom(70)).decode()
HALF = 7_500_000

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module", autouse=True)
def _raise_file_limit() -> None:
    """Allow enough open files for both ends of the attack's connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 4096:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))


def address_of(edge: Edge) -> tuple[str, int]:
    host, port = edge.url.removeprefix("http://").split(":")
    return host, int(port)


def post_head(length: int, **headers: str) -> bytes:
    fields = {
        "Host": "x", "Content-Length": str(length), "X-Twilio-Email-Event-Webhook-Signature": LOOKS_SIGNED,
        "X-Twilio-Email-Event-Webhook-Timestamp": "1790000000", **headers,
    }  # fmt: skip
    return ("POST /events/sendgrid HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n").encode()


class Attack:
    """Many hostile connections, in a thread with its own event loop; each one that is closed is opened again."""

    def __init__(self, address: tuple[str, int], source: str) -> None:
        self._address, self._source = address, source
        self._stop = threading.Event()
        self.opened = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Attack:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_until_opened(self, connections: int) -> None:
        """Wait until so many connections were opened: above 1,105, the edge has closed some, which were opened again."""
        while self.opened <= connections:
            time.sleep(0.05)

    async def _run(self) -> None:
        behaviours = [self._idle] * 900 + [self._dribble] * 150 + [self._half_body] * 45 + [self._huge] * 10
        tasks = [asyncio.create_task(self._repeat(behaviour)) for behaviour in behaviours]
        while not self._stop.is_set():
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self, behaviour: Behaviour) -> None:
        while True:
            writer = None
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(*self._address, local_addr=(self._source, 0))
                self.opened += 1
                await behaviour(reader, writer)
            if writer:
                writer.transport.abort()
            await asyncio.sleep(1)

    async def _idle(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async def _dribble(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /u/x HTTP/1.1\r\nHost: x\r\n")
        while not reader.at_eof():
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(1)

    async def _half_body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(post_head(8_000_000))
        for _ in range(HALF // 500_000):
            writer.write(b" " * 500_000)
            await writer.drain()
        await reader.read()

    async def _huge(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /" + b"a" * 300_000)
        await writer.drain()
        await reader.read()


@pytest.mark.parametrize(
    "source",
    [pytest.param("127.0.0.2", marks=pytest.mark.slow), "127.0.0.1"],
    ids=["one client", "a proxy that does not name its clients"],
)
def test_an_attack_blocks_no_unsubscribe_and_no_event_batch(
    start_edge: Callable[..., Edge], tmp_path: Path, signer: Signer, source: str
) -> None:
    root = tmp_path / "data"
    edge = start_edge(root, signer.public)
    secrets = load_secrets(DataPaths(root))
    people = [Subject(str(uuid.uuid4()), address_key(secrets.address_key, f"{n}@example.org")) for n in range(4)]
    with Attack(address_of(edge), source) as attack:
        attack.wait_until_opened(1_200)
        for person in people:
            link = f"{edge.url}/u/{mint(secrets, person)}"
            assert httpx.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=60).status_code == 200
            answer = httpx.post(f"{edge.url}/events/sendgrid", content=BATCH, headers=signer.headers(BATCH), timeout=60)
            assert answer.status_code == 200
            time.sleep(0.4)
        memory = psutil.Process(edge.process.pid).memory_info().rss
        files = psutil.Process(edge.process.pid).num_fds()
    assert memory < 450 * 1024 * 1024
    assert files < 512 + 100
    ledger = open_ledger(f"sqlite:///{DataPaths(root).ledger}", secrets)
    assert all(reasons_in_force(ledger, person.address_key) for person in people)
    ledger.close()
    assert len(list((root / "spool" / "incoming").glob("*.json"))) == len(people)


def test_the_connections_of_a_peer_are_limited(edge: Edge) -> None:
    attackers = [socket.create_connection(address_of(edge), source_address=("127.0.0.9", 0)) for _ in range(150)]
    proxied = [socket.create_connection(address_of(edge)) for _ in range(100)]
    time.sleep(1)
    assert (still_open(attackers), still_open(proxied)) == (64, 100)
    assert still_open(attackers[:86]) == 0, "the oldest are evicted"
    for one in attackers + proxied:
        one.close()


@pytest.mark.parametrize("kind", ["trailers", "one trailer", "the next head"])
def test_what_comes_after_a_head_and_is_no_body_is_limited(edge: Edge, kind: str) -> None:
    chunked = post_head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"2\r\n[]\r\n"
    first, more = {
        "trailers": (chunked + b"0\r\n", b"X: " + b"y" * 500 + b"\r\n"),
        "one trailer": (chunked + b"0\r\nX: ", b"y" * 500),
        "the next head": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX: ", b"y" * 500),
    }[kind]
    with socket.create_connection(address_of(edge), timeout=10) as client, contextlib.suppress(OSError):
        client.sendall(first)
        for _ in range(200):
            client.sendall(more)
            time.sleep(0.005)
        pytest.fail("a hundred kilobytes were taken")


def test_small_chunks_are_a_body(edge: Edge, signer: Signer) -> None:
    content = b"[" + b",".join([b'{"event":"open"}'] * 3_000) + b"]"
    parts = [content[start : start + 16] for start in range(0, len(content), 16)]
    answer = httpx.post(f"{edge.url}/events/sendgrid", content=iter(parts), headers=signer.headers(content))
    assert answer.status_code == 200


def still_open(connections: list[socket.socket]) -> int:
    count = 0
    for one in connections:
        one.setblocking(False)
        try:
            one.recv(1)
        except BlockingIOError:
            count += 1
        except OSError:
            pass
    return count


def test_an_incomplete_form_is_evicted_after_event_batches(edge: Edge) -> None:
    form = b"POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\nList-"
    clients = []
    for number in range(MAX_PER_PEER + 10):
        clients.append(socket.create_connection(address_of(edge), source_address=("127.0.0.8", 0)))
        clients[-1].sendall(form if number < 2 else post_head(8_000_000) + b"[")
        time.sleep(0.01)
    time.sleep(1)
    assert (still_open(clients[:2]), still_open(clients[2:12]), still_open(clients[12:])) == (2, 0, MAX_PER_PEER - 2)
    for one in clients:
        one.close()


def test_incomplete_heads_are_evicted_first_and_forms_last() -> None:
    def incomplete(peer: str, waiting_for: int | None) -> Any:
        transport = SimpleNamespace(abort=lambda: evicted.append((peer, waiting_for)))
        return SimpleNamespace(peer=peer, waiting_for=waiting_for, transport=transport)

    evicted: list[tuple[str, int | None]] = []
    peers = [("a", None), ("b", 3), ("a", 2), ("b", 2), ("b", 2), ("a", 1), ("c", 1), ("c", 1)]
    connections = [incomplete(*one) for one in peers]
    while connection._evict(connections):
        at = next(n for n, one in enumerate(connections) if (one.peer, one.waiting_for) == evicted[-1])
        connections.pop(at)
    assert evicted == [("c", 1), ("a", 1), ("c", 1), ("b", 2), ("a", 2), ("b", 2), ("b", 3)]


def closed_after(edge: Edge, first: bytes, then: bytes = b"") -> tuple[float, bytes]:
    """How long the edge keeps a connection to which `then` is sent twice a second, and its response."""
    with socket.create_connection(address_of(edge)) as client:
        started, response = time.monotonic(), b""
        client.settimeout(0.5)
        with contextlib.suppress(OSError):
            client.sendall(first)
        while time.monotonic() - started < 20:
            try:
                part = client.recv(65536)
                if not part:
                    break
                response += part
                continue
            except TimeoutError:
                pass
            except OSError:
                break
            with contextlib.suppress(OSError):
                client.sendall(then)
        return time.monotonic() - started, response


def test_slow_connections_are_closed(edge: Edge) -> None:
    found: dict[str, tuple[float, bytes]] = {}
    slow = {
        "nothing sent": (b"", b""),
        "a head without end": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"X: y\r\n"),
        "a body after the response": (b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", b"x"),
        "a second head without end": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /u", b"x"),
    }
    threads = [
        threading.Thread(target=lambda name=name, sent=sent: found.update({name: closed_after(edge, *sent)}))
        for name, sent in slow.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, (seconds, _) in found.items():
        assert seconds < HEAD_SECONDS + 3, name
    assert found["nothing sent"][1].startswith(b"HTTP/1.1 408")
    assert found["a head without end"][1].startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /u/" + b"a" * 3_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"GET /u/x?" + b"a" * 3_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (HEAD_BYTES - 200) + b"\r\n\r\n", b"200"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * HEAD_BYTES + b"\r\n\r\n", b"431"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 5_000 + b"\r\n", b"431"),
        (b"GET /" + b"a" * 100_000, b"431"),
        (b"GET /" + b"a" * 1_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
    ],
    ids=range(7),
)
def test_the_size_of_the_head_is_limited(edge: Edge, request_: bytes, status: bytes) -> None:
    _, response = closed_after(edge, request_)
    assert response.split(b" ")[1] == status


def test_malformed_signature_headers_are_rejected_before_the_body(edge: Edge) -> None:
    with socket.create_connection(address_of(edge), timeout=5) as client:
        client.sendall(post_head(8_000_000, **{"X-Twilio-Email-Event-Webhook-Signature": "AAAA"}))
        assert client.recv(100).startswith(b"HTTP/1.1 403")


def request_of(host: str, parts: list[bytes | None]) -> Request:
    """A POST whose body arrives in `parts`; after None, nothing more arrives."""
    waiting = iter(parts)

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0)
        part = next(waiting, b"")
        if part is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": part, "more_body": bool(part)}

    scope = {"type": "http", "method": "POST", "headers": [], "client": (host, 1), "path": "/", "query_string": b""}
    return Request(scope, receive)


async def outcome(host: str, parts: list[bytes | None], pool: Pool, limit: int = 100) -> int:
    try:
        async with held_body(request_of(host, parts), limit, pool):
            return 200
    except Refused as refusal:
        return refusal.status


@pytest.fixture
def short_body_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "SECONDS", 0.3)


def test_a_full_pool_evicts_a_body_of_the_peer_that_holds_the_most(short_body_timeout: None) -> None:
    async def requests() -> list[int]:
        pool = Pool(max_bytes=100, max_bytes_per_peer=80)
        held = [asyncio.create_task(outcome("6.6.6.6", [b"x" * 20, None], pool)) for _ in range(4)]
        await asyncio.sleep(0.05)
        other = asyncio.create_task(outcome("7.7.7.7", [b"x" * 15, None], pool))
        await asyncio.sleep(0.05)
        last = await outcome("8.8.8.8", [b"x" * 30], pool)
        found = [last, *(await asyncio.gather(*held)), await other]
        assert pool._held == []
        return found

    assert asyncio.run(requests()) == [200, 503, 503, 408, 408, 408]


def test_a_peer_over_its_limit_loses_its_oldest_body(short_body_timeout: None) -> None:
    async def requests() -> list[int]:
        pool = Pool(max_bytes=1_000, max_bytes_per_peer=50)
        first = asyncio.create_task(outcome("6.6.6.6", [b"x" * 40, None], pool))
        await asyncio.sleep(0.05)
        second = await outcome("6.6.6.6", [b"x" * 40], pool)
        return [await first, second, await outcome("6.6.6.6", [b"x" * 60], pool)]

    assert asyncio.run(requests()) == [503, 200, 503]


def test_a_complete_body_counts_until_its_block_ends() -> None:
    async def requests() -> list[int]:
        pool = Pool(max_bytes=50, max_bytes_per_peer=50)
        async with held_body(request_of("6.6.6.6", [b"x" * 40]), 100, pool):
            during = await outcome("7.7.7.7", [b"x" * 40], pool)
        return [during, *[await outcome(peer, [b"x" * 40], pool) for peer in ("7.7.7.7", "6.6.6.6", "6.6.6.6")]]

    assert asyncio.run(requests()) == [503, 200, 200, 200]


def test_forms_have_a_separate_pool() -> None:
    assert body.FORMS is not body.BATCHES
    assert body.FORMS.max_bytes_per_peer >= 16 * body.FORM_BYTES


def test_a_peer_is_an_ipv4_address_or_an_ipv6_network(monkeypatch: pytest.MonkeyPatch) -> None:
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7") != network_of("192.0.2.8")
    known = [is_trusted_proxy.__wrapped__(host) for host in ("127.0.0.1", "::1", "127.0.0.2", "10.0.0.1")]
    assert known == [True, True, False, False]
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "10.0.0.0/8")
    assert [is_trusted_proxy.__wrapped__(host) for host in ("127.0.0.1", "10.9.9.9", "unix")] == [False, True, False]
