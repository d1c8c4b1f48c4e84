"""The event webhook: signed batches as SendGrid posts them, and requests of others."""

from __future__ import annotations

import contextlib
import gzip
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from include.core.paths import DataPaths
from tests.edge.conftest import Edge, Signer

PATH = "/events/sendgrid"
BATCH = b'[{"email":"ada@example.org","event":"open","timestamp":1790000000,"sg_event_id":"a"}]\r\n'


def post(edge: Edge, body: bytes, headers: dict[str, str]) -> int:
    return httpx.post(edge.url + PATH, content=body, headers=headers, timeout=120).status_code


def spooled(paths: DataPaths) -> list[bytes]:
    return [path.read_bytes() for path in sorted((paths.spool / "incoming").glob("*.json"))]


@pytest.fixture(autouse=True)
def _empty_spool(paths: DataPaths) -> None:
    for path in (paths.spool / "incoming").glob("*"):
        path.unlink()


def test_a_signed_batch_is_spooled_byte_for_byte(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    assert post(edge, BATCH, signer.headers(BATCH)) == 200
    assert spooled(paths) == [BATCH]
    name = next((paths.spool / "incoming").glob("*.json")).name
    assert name[8] == "T"
    assert name[15:].count("-") == 5


def test_a_replayed_batch_is_accepted_again(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    headers = signer.headers(BATCH)
    assert [post(edge, BATCH, headers) for _ in range(3)] == [200, 200, 200]
    assert spooled(paths) == [BATCH] * 3


def test_only_the_signed_bytes_verify(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    headers = signer.headers(BATCH)
    assert post(edge, BATCH.rstrip(), headers) == 403
    assert post(edge, BATCH, {**headers, "X-Twilio-Email-Event-Webhook-Timestamp": "1790000001"}) == 403
    assert post(edge, BATCH, Signer.new().headers(BATCH)) == 403
    assert spooled(paths) == []


@pytest.mark.parametrize("name", ["X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"])
@pytest.mark.parametrize(
    "value", [None, b"", b"%%%", b"MEUCIQ==", b"AAAA", b"\xff\xfe", b"9" * 5000, b"-1", "é".encode(), b"1e9"]
)
def test_missing_or_malformed_signature_headers_are_rejected(
    edge: Edge, signer: Signer, paths: DataPaths, name: str, value: bytes | None
) -> None:
    headers: dict[bytes, bytes] = {key.encode(): text.encode() for key, text in signer.headers(BATCH).items()}
    headers.pop(name.encode())
    if value is not None:
        headers[name.encode()] = value
    answer = httpx.post(edge.url + PATH, content=BATCH, headers=list(headers.items()))
    assert answer.status_code in (400, 403)
    assert spooled(paths) == []


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
def test_a_signed_body_of_another_shape_is_400_and_not_spooled(
    edge: Edge, signer: Signer, paths: DataPaths, body: bytes
) -> None:
    assert post(edge, body, signer.headers(body)) == 400
    assert spooled(paths) == []


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
def test_a_batch_with_one_odd_event_is_accepted(edge: Edge, signer: Signer, paths: DataPaths, body: bytes) -> None:
    assert post(edge, body, signer.headers(body)) == 200
    assert spooled(paths) == [body]


def test_an_empty_batch_is_accepted_and_not_spooled(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    assert post(edge, b"[]", signer.headers(b"[]")) == 200
    assert spooled(paths) == []


def test_a_batch_well_over_the_usual_size_is_accepted(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    body = orjson.dumps([{"event": "open", "useragent": "x" * 300, "n": n} for n in range(15_000)])
    assert len(body) > 4_000_000
    assert post(edge, body, signer.headers(body)) == 200
    assert spooled(paths) == [body]


def test_size_and_count_are_limited(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    many = b"[" + b",".join([b"{}"] * 60_000) + b"]"
    assert post(edge, many, signer.headers(many)) == 413
    large = b'[{"a":"' + b"x" * (9 * 1024 * 1024) + b'"}]'
    assert post(edge, large, signer.headers(large)) == 413
    assert spooled(paths) == []


def test_a_body_without_a_length_is_read_no_further_than_the_limit(edge: Edge, signer: Signer) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 200 * 1024 * 1024:
            sent += 65536
            yield b" " * 65536

    # The server may also close the connection while the client is still sending.
    with contextlib.suppress(httpx.TransportError):
        assert httpx.post(edge.url + PATH, content=endless(), headers=signer.headers(b""), timeout=120).status_code == 413
    assert sent < 40 * 1024 * 1024


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_compressed_bodies_are_rejected_unread(edge: Edge, signer: Signer, paths: DataPaths, encoding: str) -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    assert post(edge, bomb, {**signer.headers(bomb), "Content-Encoding": encoding}) == 415
    assert spooled(paths) == []


def test_other_methods_are_405(edge: Edge) -> None:
    assert [httpx.request(method, edge.url + PATH).status_code for method in ("GET", "PUT", "DELETE")] == [405] * 3
    assert httpx.options(edge.url + PATH).headers["allow"] == "POST, OPTIONS"


def test_a_client_that_disconnects_does_not_affect_later_requests(edge: Edge, signer: Signer, paths: DataPaths) -> None:
    host, port = edge.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        lines = [f"{name}: {value}" for name, value in signer.headers(BATCH).items()]
        connection.sendall(
            "\r\n".join([f"POST {PATH} HTTP/1.1", "Host: x", "Content-Length: 9999", *lines, "", "[{"]).encode()
        )
    assert post(edge, BATCH, signer.headers(BATCH)) == 200
    assert spooled(paths) == [BATCH]


def test_no_address_is_logged(edge: Edge, signer: Signer) -> None:
    post(edge, BATCH, Signer.new().headers(BATCH))
    post(edge, b"{" + BATCH, signer.headers(b"{" + BATCH))
    assert "rejected with 403" in edge.logged()
    assert "ada" not in edge.logged()


def test_without_a_key_batches_are_rejected_and_the_log_names_the_variable(
    start_edge: Callable[..., Edge], tmp_path: Path, signer: Signer
) -> None:
    edge = start_edge(tmp_path / "data", "not a key,AAAA")
    assert post(edge, BATCH, signer.headers(BATCH)) == 503
    assert "set TRADEWIND_WEBHOOK_KEYS" in edge.logged()
    assert "part 2 of 2 is not a base64 DER" in edge.logged()
    assert "AAAA" not in edge.logged()


def test_an_unwritable_spool_is_503_so_that_sendgrid_retries(
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
