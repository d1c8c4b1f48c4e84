"""The check of the edge's public URL before a plan is frozen, against a real edge behind TLS."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from include.core import public_name
from include.core.connections import SendGridAccount
from include.core.errors import ConfigurationError, EdgeUnavailable, TradewindError, may_retry
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.core.token import CONFIRM, PROBE, UNSUBSCRIBE, Subject, is_valid_probe, mint, probe, verify
from include.dispatch import public_edge, start
from include.dispatch.preview.test_send import SeedChoice
from include.dispatch.send import sender
from include.ledger import plans
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from tests.campaign import CAMPAIGN
from tests.dispatch.test_plan import AT, Shop, shop  # noqa: F401
from tests.dispatch.tls_edge import NAME, certificate, resolve_here, tls_edge

REAL = SendGridAccount("https://api.sendgrid.com", "SG.x")
SIMULATORS = [SendGridAccount(f"http://{host}:8082", "SG.x") for host in ("127.0.0.1", "localhost", "[::1]", "127.8.8.8")]
NOWHERE = [
    "https://mail.tradewind.example", "https://mail.example.com", "https://EXAMPLE.org.", "https://a.b.example.net/x",
    "https://edge.test", "https://x.invalid", "https://localhost:8081", "https://a.localhost", "https://127.0.0.1:8081",
    "https://127.1", "https://2130706433", "https://[::1]/", "https://10.0.0.7", "https://192.168.1.1", "https://intranet",
    "https://mail.corp.internal", "https://printer.local", "https://169.254.169.254", "https://a..com",
]  # fmt: skip
MALFORMED = [
    "", "mail.shop.com", "http://mail.shop.com", "ftp://mail.shop.com", "https://", "https://mail.shop.com:0",
    "https://mail.shop.com:99999", "https://user@mail.shop.com", "https://mail.shop.com/?a=1", "https://mail.shop.com/#a",
    "https://mail.shop.com/>\r\nBcc: x@y", "https://mail .shop.com", "https://[::1",
]  # fmt: skip


def run_of(shop: Shop, mode: Any, account: SendGridAccount, edge_url: str) -> Mapping[str, Any]:  # noqa: F811
    started, _ = start.start_run(
        shop.stores, shop.campaign, account=account, mode=mode, run="manual__1", at=AT,
        edge_url=edge_url, test=SeedChoice(["anna"]),
    )  # fmt: skip
    return started


def frozen(ledger: Ledger, paths: DataPaths) -> list[Path]:
    return list(paths.plans.glob("*/*/manifest.json"))


@pytest.mark.parametrize("url", NOWHERE + MALFORMED)
@pytest.mark.parametrize("mode", ["live", "test"])
def test_send_to_sendgrid_is_refused_with_an_unreachable_edge_url(
    paths: DataPaths, ledger: Ledger, secrets: Secrets, mode: Any, url: str
) -> None:
    with pytest.raises(ConfigurationError, match="edge_public_url") as error:
        start.start_run(Stores(paths, ledger, secrets), CAMPAIGN, account=REAL, mode=mode, run="r", at=AT, edge_url=url)
    assert "Set it to the public https address" in str(error.value)
    assert "user@" not in str(error.value)
    assert not may_retry(error.value)
    assert not paths.plans.exists()


@pytest.mark.parametrize("url", [url for url in MALFORMED if url])
def test_simulator_requires_https_too(url: str) -> None:
    with pytest.raises(ConfigurationError, match="https"):
        public_edge.require_public(SIMULATORS[0], url)


@pytest.mark.parametrize("account", SIMULATORS, ids=lambda account: account.host)
def test_simulator_allows_any_https_host_with_a_warning(account: SendGridAccount, caplog: pytest.LogCaptureFixture) -> None:
    for url in NOWHERE:
        caplog.clear()
        public_edge.require_public(account, url)
        assert "edge_public_url" in caplog.text, url
    caplog.clear()
    public_edge.require_public(account, "https://mail.shop.com/base/")
    assert caplog.text == ""


def test_host_similar_to_a_reserved_name_is_allowed() -> None:
    for host in ("example.com.shop.de", "myexample.com", "test.shop.de", "localhost.shop.de", "8.8.8.8", "latest", "a.b"):
        assert (public_name.why_not_public(host) is None) == (host != "latest"), host


def test_preview_only_warns_about_an_unreachable_edge_url(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:  # noqa: F811
    with caplog.at_level(logging.WARNING):
        assert run_of(shop, "preview", REAL, "https://mail.example.com")["planned"] > 0
    assert "a send would be refused" in caplog.text


@dataclass
class TlsEdge:
    """A running edge behind TLS."""

    url: str
    paths: DataPaths
    certificate: Path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsEdge]:
    folder = tmp_path_factory.mktemp("tls")
    made = certificate(folder)
    with tls_edge(folder / "data", folder) as url:
        yield TlsEdge(url, DataPaths(folder / "data"), made)


@pytest.fixture
def edge(running: TlsEdge, monkeypatch: pytest.MonkeyPatch) -> TlsEdge:
    resolve_here(monkeypatch)
    monkeypatch.setenv("SSL_CERT_FILE", str(running.certificate))
    return running


def test_edge_with_the_same_keys_passes(shop: Shop, edge: TlsEdge) -> None:  # noqa: F811
    from include.core.secrets import load_secrets

    shop.stores = replace(shop.stores, secrets=load_secrets(edge.paths))
    public_edge.require_answer(REAL, edge.url, shop.stores.secrets)
    public_edge.require_answer(REAL, f"{edge.url}/", shop.stores.secrets)
    with pytest.raises(ConfigurationError, match="returned 404 for"):
        public_edge.require_answer(REAL, f"{edge.url}/elsewhere", shop.stores.secrets)


def test_edge_with_other_keys_is_refused_before_freezing(shop: Shop, edge: TlsEdge) -> None:  # noqa: F811
    from include.core.secrets import load_secrets

    known = load_secrets(edge.paths)
    others = [replace(known, address_key=b"o" * 32), replace(known, token_keys={1: b"o" * 32}), shop.stores.secrets]
    for secrets in others:
        shop.stores = replace(shop.stores, secrets=secrets)
        with pytest.raises(ConfigurationError, match="does not know the keys"):
            run_of(shop, "live", REAL, edge.url)
    assert frozen(shop.stores.ledger, shop.stores.paths) == []
    assert plans.find_plan(shop.stores.ledger, plans.plan_id_of("spring", "2026-W48")) is None


def test_plan_frozen_with_a_reserved_host_is_not_sent_to_sendgrid(shop: Shop, edge: TlsEdge) -> None:  # noqa: F811
    started = run_of(shop, "live", SIMULATORS[0], "https://mail.tradewind.example")
    with pytest.raises(ConfigurationError, match=r"links of its messages: 'mail\.tradewind\.example' is reserved"):
        sender.send_range(shop.stores, REAL, plan_id=started["plan_id"], first=0, last=9)
    asked: list[str] = []

    def healthy(url: str, _probe: str, _where: str) -> tuple[int, dict[str, Any]]:
        asked.append(url)
        return 200, {"probe": "verifies", "spool_writable": True, "ledger_reachable": True}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(public_edge, "_health", healthy)
        with pytest.raises(ConfigurationError, match="links of its messages"):
            run_of(shop, "live", REAL, "https://mail.shop.com")
    assert asked == ["https://mail.shop.com/healthz"]


def test_unreachable_edge_is_retryable_and_a_bad_certificate_is_not(
    edge: TlsEdge, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EdgeUnavailable) as error:
        public_edge.require_answer(REAL, f"https://{NAME}:9", secrets)
    assert may_retry(error.value)
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ConfigurationError, match="certificate there is not trusted"):
        public_edge.require_answer(REAL, edge.url, secrets)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"<html>parked</html>", ConfigurationError),
        (200, b"[]", ConfigurationError),
        (200, b'{"status": "ok", "spool_writable": true, "ledger_reachable": true}', ConfigurationError),
        (301, b"", ConfigurationError),
        (401, b"{}", ConfigurationError),
        (502, b"<html>bad gateway</html>", EdgeUnavailable),
        (503, b'{"probe": "verifies", "spool_writable": true, "ledger_reachable": false}', EdgeUnavailable),
        (503, b'{"probe": "does not verify", "ledger_reachable": false}', ConfigurationError),
        (200, b'{"probe": "verifies", "spool_writable": true, "ledger_reachable": true}', None),
    ],
)
def test_response_of_the_edge_decides_the_error(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, error: type[TradewindError] | None
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Location", "https://elsewhere.shop/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    ask = public_edge._health
    plain = f"http://127.0.0.1:{server.server_port}/healthz"
    monkeypatch.setattr(public_edge, "_health", lambda url, probe, where: ask(plain, probe, where))
    try:
        if error is None:
            public_edge.require_answer(REAL, "https://mail.shop.com", secrets)
        else:
            with pytest.raises(error):
                public_edge.require_answer(REAL, "https://mail.shop.com", secrets)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_probe_token_and_link_token_are_not_interchangeable(secrets: Secrets) -> None:
    person = Subject("00000000-0000-0000-0000-000000000001", "ab" * 32)
    assert is_valid_probe(secrets, probe(secrets))
    assert [verify(secrets, probe(secrets), purpose) for purpose in (UNSUBSCRIBE, CONFIRM)] == [None, None]
    assert not is_valid_probe(secrets, mint(secrets, replace(person, valid_until=9), PROBE)), "a different address key"
    assert not is_valid_probe(secrets, mint(secrets, person))
    assert not is_valid_probe(secrets, mint(secrets, replace(person, valid_until=9), CONFIRM))
    assert not is_valid_probe(secrets, "")


def test_unreachable_urls_of_the_tests_use_https() -> None:
    assert {urlsplit(url).scheme for url in NOWHERE} == {"https"}
