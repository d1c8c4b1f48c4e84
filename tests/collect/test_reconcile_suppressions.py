"""SendGrid's lists are compared with the ledger as a whole; differences are repaired on both sides and counted."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from include.analyze.marts import build_marts
from include.collect.export_unsubscribes import export_unsubscribes
from include.collect.reconcile_suppressions import reconcile_suppressions
from include.collect.sync_suppressions import sync_suppressions
from include.core.connections import SendGridAccount
from include.core.errors import EspUnavailable
from include.ledger import suppressions, withheld
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.ledger.tables import suppression_log
from include.sendgrid.management import call
from include.warehouse.connection import open_warehouse
from tests.collect.conftest import SendGrid
from tests.collect.list_simulator import esp, module_esp
from tests.collect.test_export_unsubscribes import PEOPLE, account, add_identities, key_of, record_plan, unsubscribe
from tests.running_simulator import RunningSimulator

__all__ = ["esp", "module_esp"]
DAY = 86_400


def row(email: str, days_ago: float) -> dict[str, Any]:
    return {"email": email, "created": int(time.time() - days_ago * DAY)}


def counts(stores: Stores) -> dict[str, tuple[int, ...]]:
    """(entries, matched, explained, repaired) by list, of the last comparison."""
    build_marts(stores, as_of=datetime(2026, 11, 29, tzinfo=UTC))
    query = """
        select list, entries, matched, explained, repaired from marts.suppression_reconciliation
        qualify checked_at = max(checked_at) over ()
    """
    with open_warehouse(stores.paths) as warehouse:
        return {name: tuple(rest) for name, *rest in warehouse.execute(query).fetchall()}


def test_entries_that_the_watermark_passed_by_are_imported(
    sendgrid: tuple[SendGrid, SendGridAccount], stores: Stores
) -> None:
    state, esp_account = sendgrid
    state.lists |= {"bounces": [row("known@example.org", 20)], "blocks": [row("full@example.org", 1)]}
    sync_suppressions(stores, esp_account)
    came_back, held = key_of(stores.secrets, "back@example.org"), key_of(stores.secrets, "held@example.org")
    unsubscribe(stores.ledger, stores.secrets, "back@example.org")
    suppressions.lift(stores.ledger, came_back, "preference_page")
    withheld.record_pending(stores.ledger, [held])
    state.lists["bounces"].append(row("old@example.org", 10))
    state.lists["unsubscribes"] = [row("back@example.org", 0.5), row("held@example.org", 0), row("Csv@Example.org", 90)]
    sync_suppressions(stores, esp_account)
    assert not suppressions.reasons_in_force(stores.ledger, key_of(stores.secrets, "csv@example.org"))
    assert reconcile_suppressions(stores, esp_account) == {"imported": 2, "exported": 0}
    expected = {"old": {"hard_bounce"}, "csv": {"unsubscribe"}, "back": set[str](), "held": set[str](), "full": set[str]()}
    for email, reasons in expected.items():
        assert suppressions.reasons_in_force(stores.ledger, key_of(stores.secrets, f"{email}@example.org")) == reasons, email
    assert counts(stores) == {
        "bounces": (2, 1, 0, 1), "blocks": (1, 0, 1, 0), "unsubscribes": (3, 0, 2, 1),
        "ledger hard_bounce": (1, 1, 0, 0),
    }  # fmt: skip
    assert reconcile_suppressions(stores, esp_account) == {"imported": 0, "exported": 0}
    assert counts(stores)["unsubscribes"] == (3, 1, 2, 0)


@pytest.mark.usefixtures("tokyo")
def test_an_imported_entry_keeps_its_time_in_any_time_zone(
    sendgrid: tuple[SendGrid, SendGridAccount], stores: Stores
) -> None:
    state, esp_account = sendgrid
    entry = row("csv@example.org", 90)
    state.lists["unsubscribes"] = [entry]
    assert reconcile_suppressions(stores, esp_account)["imported"] == 1
    with stores.ledger.read() as connection:
        assert connection.scalars(select(suppression_log.c.happened_at)).all() == [entry["created"]]


def test_an_entry_in_one_of_our_groups_is_imported(esp: RunningSimulator, stores: Stores) -> None:
    group = esp.post("/v3/asm/groups", {"name": "news", "description": "d"})["id"]
    record_plan(stores.ledger, group)
    esp.post(f"/v3/asm/groups/{group}/suppressions", {"recipient_emails": ["Csv@Example.org"]})
    assert reconcile_suppressions(stores, account(esp)) == {"imported": 1, "exported": 0}
    key = key_of(stores.secrets, "csv@example.org")
    assert suppressions.reasons_in_force(stores.ledger, key) == {"unsubscribe"}
    assert counts(stores)[f"group {group}"] == (1, 0, 0, 1)


def test_an_unsubscribe_that_was_removed_at_sendgrid_is_exported_again(esp: RunningSimulator, stores: Stores) -> None:
    add_identities(stores.paths, stores.secrets, PEOPLE[:2])
    for email in (*PEOPLE[:2], "erased@example.org"):
        unsubscribe(stores.ledger, stores.secrets, email)
    export_unsubscribes(stores, account(esp))
    assert reconcile_suppressions(stores, account(esp)) == {"imported": 0, "exported": 0}
    assert counts(stores)["ledger"] == (3, 2, 1, 0)
    call(account(esp), "delete", f"asm/suppressions/global/{PEOPLE[0]}")
    assert reconcile_suppressions(stores, account(esp)) == {"imported": 0, "exported": 1}
    assert counts(stores)["ledger"] == (3, 1, 1, 1)
    assert {entry["email"] for entry in esp.get("/v3/suppression/unsubscribes")} == set(PEOPLE[:2])


def test_each_reason_is_compared_and_those_from_elsewhere_are_exported_again(esp: RunningSimulator, stores: Stores) -> None:
    """A bounce that came from SendGrid is not: others shorten its lists, and the address gets no mail from here."""
    add_identities(stores.paths, stores.secrets, PEOPLE)
    found = [
        ("manual", "operator"),
        ("spam_complaint", "operator"),
        ("spam_complaint", "webhook"),
        ("hard_bounce", "webhook"),
    ]
    for email, (reason, source) in zip(PEOPLE, found, strict=True):
        entry = Suppression(key_of(stores.secrets, email), reason, source, time.time())
        suppressions.suppress(stores.ledger, [entry])
    export_unsubscribes(stores, account(esp))
    for email in PEOPLE[:2]:
        call(account(esp), "delete", f"asm/suppressions/global/{email}")
    assert reconcile_suppressions(stores, account(esp)) == {"imported": 0, "exported": 2}
    assert counts(stores) == {
        "ledger manual": (1, 0, 0, 1), "ledger spam_complaint": (2, 0, 1, 1), "ledger hard_bounce": (1, 0, 1, 0),
    }  # fmt: skip
    assert {entry["email"] for entry in esp.get("/v3/suppression/unsubscribes")} == set(PEOPLE[:2])


def test_nothing_is_recorded_when_sendgrid_does_not_answer(
    sendgrid: tuple[SendGrid, SendGridAccount], stores: Stores
) -> None:
    state, esp_account = sendgrid
    state.answer = (503, b"")
    with pytest.raises(EspUnavailable):
        reconcile_suppressions(stores, esp_account)
    assert counts(stores) == {}
