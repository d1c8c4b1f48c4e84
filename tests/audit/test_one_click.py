"""The audit presses the link of a synthetic mail: from the public address to the ledger, without a trace in statistics."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from include.analyze.marts import build_marts
from include.audit import one_click
from include.core import token
from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import Secrets, load_secrets
from include.core.token import trial, verify
from include.ledger import opt_out_changes, opt_out_log, suppressions
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from tests.dispatch.tls_edge import certificate, resolve_here, tls_edge

NOWHERE = "http://127.0.0.1:9"
PUBLIC = "https://mail.harbour-records.shop"
AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A real edge behind TLS, and the folder of its data and certificate."""
    folder = tmp_path_factory.mktemp("edge")
    certificate(folder)
    with tls_edge(folder / "data", folder) as url:
        yield url, folder


@pytest.fixture
def installation(edge: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Stores]]:
    """The edge's public address, and its stores as tasks have them."""
    url, folder = edge
    resolve_here(monkeypatch)
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "edge.pem"))
    monkeypatch.setenv("TRADEWIND_DATA", str(folder / "data"))
    paths = DataPaths(folder / "data")
    secrets = load_secrets(paths)
    ledger = open_ledger(f"sqlite:///{paths.ledger}", secrets)
    yield url, Stores(paths, ledger, secrets)
    ledger.close()


def test_a_click_is_recorded_through_the_public_address_and_lifted(installation: tuple[str, Stores]) -> None:
    url, stores = installation
    result = one_click.check(stores, url, NOWHERE)
    assert (result.verdict, dict(result.evidence)) == (
        "pass", {"address": "public", "GET": 200, "POST": 200, "in the ledger": True},
    )  # fmt: skip
    key = trial(stores.secrets).address_key
    assert suppressions.reasons_in_force(stores.ledger, key) == frozenset()
    assert opt_out_log.in_force(stores.paths) == [], "a restored ledger has it lifted too"
    with stores.ledger.read() as connection:
        logged = [(action, reason) for _, _, action, reason in suppressions.since(connection, 0)]
    assert logged[-2:] == [("suppress", "unsubscribe"), ("lift", "unsubscribe")]


def test_a_click_leaves_no_trace_in_statistics_nor_at_sendgrid(installation: tuple[str, Stores]) -> None:
    url, stores = installation
    before = contents(stores)
    assert one_click.check(stores, url, NOWHERE).verdict == "pass"
    assert contents(stores) == before
    with open_warehouse(stores.paths) as warehouse:
        counted = "select (select count(*) from engagement.opt_outs), (select count(*) from core.suppressions)"
        assert warehouse.execute(counted).fetchall() == [(0, 0)]
    with stores.ledger.read() as connection:
        changes = opt_out_changes.changes_since(connection, 0)
    assert changes.opted_out == frozenset(), "nothing to export"


def contents(stores: Stores) -> dict[str, list[Any]]:
    build_marts(stores, as_of=AS_OF)
    with open_warehouse(stores.paths) as warehouse:
        names = warehouse.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        return {name: warehouse.execute(f"from marts.{name} order by all").fetchall() for (name,) in names}


def test_an_edge_with_another_ledger_fails(
    installation: tuple[str, Stores], stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, at_edge = installation
    monkeypatch.setattr(one_click, "RECORDED_WITHIN", 0.2)
    other = open_ledger(f"sqlite:///{stores.paths.root / 'other.sqlite'}", at_edge.secrets)
    result = one_click.check(Stores(stores.paths, other, at_edge.secrets), url, NOWHERE)
    other.close()
    one_click.check(at_edge, url, NOWHERE)
    assert (result.verdict, result.evidence["POST"], result.evidence["in the ledger"]) == ("fail", 200, False)
    assert "same ledger" in result.advice


def test_an_edge_with_other_keys_fails(installation: tuple[str, Stores], secrets: Secrets, stores: Stores) -> None:
    url, _ = installation
    result = one_click.check(stores, url, NOWHERE)
    assert (result.verdict, result.evidence["POST"]) == ("fail", 404)


def test_without_an_answer_it_fails(installation: tuple[str, Stores]) -> None:
    _, stores = installation
    result = one_click.check(stores, f"{PUBLIC}:9", NOWHERE)
    assert (result.verdict, result.evidence["POST"]) == ("fail", 0)
    assert "did not answer" in result.advice


def test_a_placeholder_is_tried_on_this_machine_and_never_a_pass(installation: tuple[str, Stores]) -> None:
    url, stores = installation
    result = one_click.check(stores, "https://mail.tradewind.example", url)
    assert (result.verdict, result.evidence["address"], result.evidence["POST"]) == ("unknown", "on this machine", 200)
    assert "edge_public_url is reserved" in result.advice
    assert one_click.check(stores, "https://mail.tradewind.example", NOWHERE).verdict == "fail"


def test_the_trial_is_of_nobody(secrets: Secrets) -> None:
    person = trial(secrets)
    assert person.address_key == address_key(secrets.address_key, token.TRIAL)
    assert "@" not in token.TRIAL, "no address has this key"
    assert verify(secrets, token.mint(secrets, person)) == person


Answer = Callable[[BaseHTTPRequestHandler], int]


@pytest.mark.parametrize(
    ("answers", "advice"),
    [
        ({"GET": 302, "POST": 302}, "answered 302"),
        ({"GET": 403, "POST": 200}, "answered 403"),
        ({"GET": 200, "POST": 200}, "does not know"),
    ],
    ids=["redirects", "refuses the page", "pretends"],
)
def test_another_server_fails(stores: Stores, answers: dict[str, int], advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_click, "RECORDED_WITHIN", 0.1)
    with answering(answers) as url:
        result = one_click.check(stores, "https://mail.tradewind.example", url)
    assert result.verdict == "fail"
    assert advice in result.advice


def test_a_page_that_unsubscribes_fails(stores: Stores) -> None:
    person = trial(stores.secrets)

    def unsubscribe() -> None:
        entry = suppressions.Suppression(person.address_key, "unsubscribe", "page", 1.0, person.message_key)
        suppressions.suppress(stores.ledger, [entry])

    with answering({"GET": 200, "POST": 200}, unsubscribe) as url:
        result = one_click.check(stores, "https://mail.tradewind.example", url)
    assert "scanners would unsubscribe" in result.advice
    assert suppressions.reasons_in_force(stores.ledger, person.address_key) == frozenset()


@contextmanager
def answering(answers: dict[str, int], on_get: Callable[[], None] = lambda: None) -> Iterator[str]:
    """A server that answers GET and POST with these codes."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            on_get()
            self._answer("GET")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer("POST")

        def _answer(self, method: str) -> None:
            self.send_response(answers[method])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
