"""Importing suppression lists from an HTTP server that answers like SendGrid, or with errors."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from include.collect.sync_suppressions import sync_suppressions
from include.core.connections import SendGridAccount
from include.core.errors import ConfigurationError, EspUnavailable
from include.core.keys import address_key
from include.ledger import suppressions
from include.ledger.stores import Stores
from include.ledger.suppression_tables import in_force
from include.ledger.suppressions import reasons_in_force
from include.sendgrid import management
from tests.collect.conftest import KEY, SendGrid


def row(email: str, created: float) -> dict[str, Any]:
    return {"email": email, "created": int(created), "reason": "550", "status": "5.1.1"}


def test_each_list_suppresses_with_its_reason_page_by_page(
    sendgrid: tuple[SendGrid, SendGridAccount], stores: Stores
) -> None:
    state, account = sendgrid
    now = time.time()
    state.lists["bounces"] = [row(f"b{n}@example.org", now) for n in range(1000)]
    state.lists["spam_reports"] = [row(" Ada@Example.org", now), {"created": 1}, None, {"email": ""}]
    state.lists["unsubscribes"] = [{"email": "ben@example.org", "created": None}]
    result = sync_suppressions(stores, account)
    assert result == {
        "bounces": {"rows": 1000, "new": 1000, "unreadable": 0},
        "invalid_emails": {"rows": 0, "new": 0, "unreadable": 0},
        "spam_reports": {"rows": 4, "new": 1, "unreadable": 3},
        "unsubscribes": {"rows": 1, "new": 1, "unreadable": 0},
        "groups": {"rows": 0, "new": 0, "unreadable": 0},
    }
    assert [query["offset"] for name, query in state.requests if name == "bounces"] == [["0"], ["500"], ["1000"]]
    assert "blocks" not in {name for name, _ in state.requests}
    assert reasons_in_force(stores.ledger, address_key(stores.secrets.address_key, "ada@example.org")) == {"spam_complaint"}
    with stores.ledger.read() as connection:
        assert in_force(connection)[0].num_rows == 1002


def test_a_second_run_reads_from_the_watermark_and_adds_only_new_rows(
    sendgrid: tuple[SendGrid, SendGridAccount], stores: Stores
) -> None:
    state, account = sendgrid
    now = time.time()
    state.lists["bounces"] = [row("old@example.org", now - 10 * 86_400), row("young@example.org", now)]
    assert sync_suppressions(stores, account)["bounces"] == {"rows": 2, "new": 2, "unreadable": 0}
    state.lists["bounces"].append(row("new@example.org", now))
    assert sync_suppressions(stores, account)["bounces"] == {"rows": 2, "new": 1, "unreadable": 0}


def test_a_lifted_suppression_stays_lifted(sendgrid: tuple[SendGrid, SendGridAccount], stores: Stores) -> None:
    state, account = sendgrid
    key = address_key(stores.secrets.address_key, "ada@example.org")
    state.lists["unsubscribes"] = [row("ada@example.org", time.time() - 60)]
    sync_suppressions(stores, account)
    assert suppressions.lift(stores.ledger, key, "preference_page")
    sync_suppressions(stores, account)
    assert reasons_in_force(stores.ledger, key) == frozenset()


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_list_that_is_not_offered_is_not_an_error(
    sendgrid: tuple[SendGrid, SendGridAccount], stores: Stores, status: int
) -> None:
    state, account = sendgrid
    state.answer = (status, b"<html>no</html>")
    assert set(sync_suppressions(stores, account).values()) == {"not offered"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((401, b"{}"), ConfigurationError),
        ((403, b"{}"), ConfigurationError),
        ((429, b"{}"), EspUnavailable),
        ((500, b"<html>ada@example.org</html>"), EspUnavailable),
        ((503, b""), EspUnavailable),
        ((200, b"<html>"), EspUnavailable),
        ((200, b'{"errors": []}'), EspUnavailable),
    ],
)
def test_an_error_response_is_reported_without_secrets_or_addresses(
    sendgrid: tuple[SendGrid, SendGridAccount],
    stores: Stores,
    caplog: pytest.LogCaptureFixture,
    answer: tuple[int, bytes],
    error: type[Exception],
) -> None:
    state, account = sendgrid
    state.answer = answer
    with caplog.at_level(logging.DEBUG), pytest.raises(error) as raised:
        sync_suppressions(stores, account)
    assert (type(raised.value), "GET /v3/suppression/bounces" in str(raised.value)) == (error, True)
    assert KEY not in caplog.text + str(raised.value)
    assert "ada@" not in caplog.text + str(raised.value)


@pytest.mark.parametrize("status", [400, 422])
def test_a_rejected_request_does_not_blame_the_host(
    sendgrid: tuple[SendGrid, SendGridAccount], stores: Stores, status: int
) -> None:
    state, account = sendgrid
    state.answer = (status, b"{}")
    with pytest.raises(ConfigurationError, match=f"responded {status}.*A retry will not help") as raised:
        sync_suppressions(stores, account)
    assert "host" not in str(raised.value)


def test_a_timeout_or_a_refused_connection_raises_esp_unavailable(
    sendgrid: tuple[SendGrid, SendGridAccount], stores: Stores
) -> None:
    state, account = sendgrid
    state.slow = 0.5
    with pytest.raises(EspUnavailable):
        management.call(account, "get", "suppression/bounces", timeout=0.1)
    with pytest.raises(EspUnavailable):
        sync_suppressions(stores, SendGridAccount("http://127.0.0.1:9", KEY))
