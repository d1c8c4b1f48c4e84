"""Event batches, really signed, as SendGrid posts them and as others might."""

from __future__ import annotations

import contextlib
import gzip
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import orjson
import pytest

from include.core.paths import DataPaths
from tests.edge.conftest import Edge, Signer

PATH = "/events/sendgrid"
BATCH = b'[{"email":"ada@example.org","event":"open","timestamp":1790000000,"sg_event_id":"a"}]\r\n'


def post(edge: Edge, body: bytes, headers: dict[str, str]) -> int:
    return httpx.post(edge.url + PATH, content=body, headers=headers, timeout=30).status_code


def kept(paths: DataPaths) -> list[bytes]:
    return [path.read_bytes() for path in sorted((paths.spool / "incoming").glob("*.json"))]


@pytest.fixture(autouse=True)
def _empty_spool(paths: DataPaths) -> None:
    for path in (paths.spool / "incoming").glob("*"):
        path.unlink()


def test_a_signed_batch_is_kept_byte_for_byte(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    assert post(edge, BATCH, signer.headers(BATCH)) == 200
    assert kept(paths) == [BATCH]
    name = next((paths.spool / "incoming").glob("*.json")).name
    assert name[8] == "T"
    assert name[15:].count("-") == 5


def test_a_replay_is_taken_again(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    headers = signer.headers(BATCH)
    assert [post(edge, BATCH, headers) for _ in range(3)] == [200, 200, 200]
    assert kept(paths) == [BATCH] * 3


def test_only_the_signed_bytes_verify(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    headers = signer.headers(BATCH)
    assert post(edge, BATCH.rstrip(), headers) == 403
    assert post(edge, BATCH, {**headers, "X-Twilio-Email-Event-Webhook-Timestamp": "1790000001"}) == 403
    assert post(edge, BATCH, Signer.new().headers(BATCH)) == 403
    assert kept(paths) == []


@pytest.mark.parametrize("name", ["X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"])
@pytest.mark.parametrize(
    "value", [None, b"", b"%%%", b"MEUCIQ==", b"AAAA", b"\xff\xfe", b"9" * 5000, b"-1", "é".encode(), b"1e9"]
)
def test_missing_or_garbled_headers_are_4xx(
    edge: Edge, signer: Signer, paths: DataPaths, name: str, value: bytes | None
) -> None:
    headers: dict[bytes, bytes] = {key.encode(): text.encode() for key, text in signer.headers(BATCH).items()}
    headers.pop(name.encode())
    if value is not None:
        headers[name.encode()] = value
    answer = httpx.post(edge.url + PATH, content=BATCH, headers=list(headers.items()))
    assert answer.status_code in (400, 403)
    assert kept(paths) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"7",
        b'"text"',
        b"[null]",
        b"[1, 2]",
        b"[[]]",
        b"[{}",
        b"not json",
        b'[{"timestamp": NaN}]',
        b'[{"timestamp": Infinity}]',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'[{"a":' * 500 + b"1" + b"}]" * 500,
        b'[{"a":' + b"[" * 40 + b"]" * 40 + b"}]",
        b"\xff\xfe[\x00]\x00",
        gzip.compress(BATCH),
    ],
    ids=range(18),
)
def test_signed_nonsense_is_400_and_not_kept(edge: Edge, signer: Signer, paths: DataPaths, body: bytes) -> None:
    assert post(edge, body, signer.headers(body)) == 400
    assert kept(paths) == []


@pytest.mark.parametrize(
    "body",
    [
        b'[{"event":"open","event":"click"}]',
        b'[null, {"event":"open"}]',
        b'[{"event":"open","useragent":"\\ud800"}]',
        b'[{"event":"open","useragent":"\xff"}]',
        b'[{"event":"bounce","reason":"' + b"[{" * 200 + b'"}]',
    ],
    ids=range(5),
)
def test_one_odd_event_does_not_cost_the_batch(edge: Edge, signer: Signer, paths: DataPaths, body: bytes) -> None:
    assert post(edge, body, signer.headers(body)) == 200
    assert kept(paths) == [body]


def test_an_empty_batch_is_taken_and_leaves_nothing(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    assert post(edge, b"[]", signer.headers(b"[]")) == 200
    assert kept(paths) == []


def test_a_batch_well_over_the_usual_size_is_taken(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    body = orjson.dumps([{"event": "open", "useragent": "x" * 300, "n": n} for n in range(15_000)])
    assert len(body) > 4_000_000
    assert post(edge, body, signer.headers(body)) == 200
    assert kept(paths) == [body]


def test_size_and_count_are_capped(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    many = b"[" + b",".join([b"{}"] * 60_000) + b"]"
    assert post(edge, many, signer.headers(many)) == 413
    large = b'[{"a":"' + b"x" * (9 * 1024 * 1024) + b'"}]'
    assert post(edge, large, signer.headers(large)) == 413
    assert kept(paths) == []


def test_a_body_without_a_length_is_read_no_further_than_the_cap(edge: Edge, signer: Signer) -> None:
    sent = 0

    def endless() -> object:
        nonlocal sent
        while sent < 200 * 1024 * 1024:
            sent += 65536
            yield b" " * 65536

    # The server may hang up while we are still talking: that is the cap, too.
    with contextlib.suppress(httpx.TransportError):
        assert httpx.post(edge.url + PATH, content=endless(), headers=signer.headers(b""), timeout=30).status_code == 413
    assert sent < 40 * 1024 * 1024


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_compressed_bodies_are_refused_unread(edge: Edge, signer: Signer, paths: DataPaths, encoding: str) -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    assert post(edge, bomb, {**signer.headers(bomb), "Content-Encoding": encoding}) == 415
    assert kept(paths) == []


def test_other_methods_are_405(edge: Edge) -> None:
    assert [httpx.request(method, edge.url + PATH).status_code for method in ("GET", "PUT", "DELETE")] == [405] * 3
    assert httpx.options(edge.url + PATH).headers["allow"] == "POST, OPTIONS"


def test_a_client_that_hangs_up_breaks_nothing(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    host, port = edge.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        lines = [f"{name}: {value}" for name, value in signer.headers(BATCH).items()]
        connection.sendall(
            "\r\n".join([f"POST {PATH} HTTP/1.1", "Host: x", "Content-Length: 9999", *lines, "", "[{"]).encode()
        )
    assert post(edge, BATCH, signer.headers(BATCH)) == 200
    assert kept(paths) == [BATCH]


def test_no_address_is_logged(edge: Edge, signer: Signer) -> None:
    post(edge, BATCH, Signer.new().headers(BATCH))
    post(edge, b"{" + BATCH, signer.headers(b"{" + BATCH))
    assert "rejected with 403" in edge.logged()
    assert "ada" not in edge.logged()


def test_without_a_key_everything_is_refused_and_the_log_says_why(
    start_edge: Callable[..., Edge], tmp_path: Path, signer: Signer
) -> None:
    edge = start_edge(tmp_path / "data", "not a key,AAAA")
    assert post(edge, BATCH, signer.headers(BATCH)) == 503
    assert "set TRADEWIND_WEBHOOK_KEYS" in edge.logged()
    assert "part 2 of 2 is not a base64 DER" in edge.logged()
    assert "AAAA" not in edge.logged()


def test_a_spool_that_cannot_be_written_makes_sendgrid_try_again(
    start_edge: Callable[..., Edge], tmp_path: Path, signer: Signer
) -> None:
    edge = start_edge(tmp_path / "data", signer.public)
    incoming = tmp_path / "data" / "spool" / "incoming"
    incoming.rmdir()
    incoming.symlink_to("/dev/full")
    assert post(edge, BATCH, signer.headers(BATCH)) == 503
    health = httpx.get(f"{edge.url}/healthz")
    assert (health.status_code, health.json()["spool_writable"]) == (503, False)
    incoming.unlink()
    assert post(edge, BATCH, signer.headers(BATCH)) == 200


def test_what_was_answered_2xx_survives_kill_9(start_edge: Callable[..., Edge], tmp_path: Path, signer: Signer) -> None:
    """Four clients post while the process is killed: every batch with a 200 is whole on disk, and nothing else counts."""
    edge = start_edge(tmp_path / "data", signer.public)
    acknowledged: list[bytes] = []

    def talk(client: int) -> None:
        for number in range(10_000):
            body = b'[{"event":"open","client":%d,"n":%d,"pad":"%s"}]' % (client, number, b"x" * 20_000)
            try:
                if post(edge, body, signer.headers(body)) == 200:
                    acknowledged.append(body)
            except httpx.TransportError:
                return

    threads = [threading.Thread(target=talk, args=(client,)) for client in range(4)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 20:
        time.sleep(0.01)
    os.kill(edge.process.pid, signal.SIGKILL)
    for thread in threads:
        thread.join()
    whole = {path.read_bytes() for path in (tmp_path / "data" / "spool" / "incoming").glob("*.json")}
    assert len(acknowledged) >= 20
    assert set(acknowledged) <= whole
    assert all(orjson.loads(body) for body in whole)
