"""Unsubscribes are exported to SendGrid, which then sends no scheduled mail; people who resubscribe are mailed again."""

from __future__ import annotations

import logging
import time
import uuid
from datetime import UTC, datetime

import httpx
import pyarrow as pa
import pytest
from sqlalchemy import insert, update

from include.collect.export_unsubscribes import export_unsubscribes
from include.collect.sync_suppressions import sync_suppressions
from include.collect.unsubscribe_lists import groups_in_use
from include.core.campaign_file import campaign_names
from include.core.connections import SendGridAccount
from include.core.errors import ConfigurationError
from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.core.token import Subject, mint
from include.ledger import suppression_tables, suppressions
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression, lift, reasons_in_force, suppress
from include.ledger.tables import chunks, plans
from include.validate.withdrawals import sync_withdrawals_on_exit
from include.warehouse.connection import open_warehouse
from tests.collect.conftest import KEY, SendGrid
from tests.collect.list_simulator import esp, module_esp
from tests.dispatch.frozen import frozen_plan
from tests.edge.conftest import start
from tests.rows import Row, subscriber
from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail
from tests.validate.people import ingest

__all__ = ["esp", "module_esp"]
PEOPLE = [f"person{number}@gmail.example.com" for number in range(4)]


def key_of(secrets: Secrets, email: str) -> str:
    return address_key(secrets.address_key, email)


def add_identities(paths: DataPaths, secrets: Secrets, emails: list[str]) -> None:
    rows = [
        {"subscriber_id": f"s{at}", "email": email, "address_key": key_of(secrets, email)} for at, email in enumerate(emails)
    ]
    with open_warehouse(paths) as warehouse:
        warehouse.register("fresh", pa.Table.from_pylist(rows))
        warehouse.execute("insert into core.identities by name from fresh")


def unsubscribe(ledger: Ledger, secrets: Secrets, email: str, source: str = "one_click") -> None:
    suppress(ledger, [Suppression(key_of(secrets, email), "unsubscribe", source, time.time())])


def account(esp: RunningSimulator) -> SendGridAccount:
    return SendGridAccount(esp.base_url, esp.key)


def final_statuses(esp: RunningSimulator, count: int) -> dict[str, str]:
    """The status of each person's message, once all statuses are final."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found = {row["email"]: row["status"] for row in esp.accepted()}
        if len(found) == count and not set(found.values()) & {"accepted", "processed"}:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def sync_group_lists(stores: Stores, account: SendGridAccount) -> dict[str, int]:
    counts = sync_suppressions(stores, account)["groups"]
    assert isinstance(counts, dict)
    return counts


def record_plan(ledger: Ledger, group: int | None, name: str = "p") -> None:
    """Record a plan of a campaign with this unsubscribe group, or without one."""
    row = {
        "plan_id": name, "campaign": name, "occurrence": "o", "kind": "live", "state": "done", "segment_run": "r",
        "settings": f'{{"asm_group_id": {group if group else "null"}}}', "content_hash": "h", "folder": f"plans/{name}/o",
        "manifest_sha256": "m", "suppressions_seen": 0, "selected": 0, "planned": 0, "suppressed": 0, "capped": 0,
        "held_out": 0, "planned_at": time.time(),
    }  # fmt: skip
    with ledger.write() as connection:
        connection.execute(insert(plans), [row])


@pytest.fixture
def no_campaign_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are neither campaign files nor journeys, so that only recorded plans have groups."""
    monkeypatch.setattr("include.collect.unsubscribe_lists.campaign_names", lambda: [])
    monkeypatch.setattr("include.collect.unsubscribe_lists.journey_names", lambda: [])


def test_an_unsubscribe_at_the_edge_stops_scheduled_mail(esp: RunningSimulator, stores: Stores) -> None:
    add_identities(stores.paths, stores.secrets, PEOPLE)
    edge = start(stores.paths.root, "", stores.paths.root / "edge.log")
    try:
        assert esp.send(mail(4, send_at=int(time.time()) + 3600)).status_code == 202
        requests = [("u", {"List-Unsubscribe": "One-Click"}), ("preferences", {"action": "stop_all"})]
        for number, (route, form) in enumerate(requests):
            token = mint(stores.secrets, Subject(str(uuid.uuid4()), key_of(stores.secrets, PEOPLE[number])))
            assert httpx.post(f"{edge.url}/{route}/{token}", data=form).status_code == 200
        resubscriber = mint(stores.secrets, Subject(str(uuid.uuid4()), key_of(stores.secrets, PEOPLE[2])))
        assert httpx.post(f"{edge.url}/u/{resubscriber}").status_code == 200
        assert export_unsubscribes(stores, account(esp)) == {"added": 3, "removed": 0, "unknown": 0}
        assert httpx.post(f"{edge.url}/preferences/{resubscriber}", data={"action": "resubscribe"}).status_code == 200
    finally:
        edge.stop()
    assert export_unsubscribes(stores, account(esp)) == {"added": 0, "removed": 1, "unknown": 0}
    sync_suppressions(stores, account(esp))
    assert {row["status"] for row in esp.accepted()} == {"accepted"}, "the mail is not due yet"
    esp.post("/control/flush?scheduled=start")
    found = final_statuses(esp, 4)
    assert [found[email] for email in PEOPLE] == ["not_delivered", "not_delivered", "delivered", "delivered"]
    assert reasons_in_force(stores.ledger, key_of(stores.secrets, PEOPLE[2])) == frozenset()


def test_unsubscribes_are_added_to_the_groups_where_every_campaign_has_one(
    esp: RunningSimulator, stores: Stores, no_campaign_files: None
) -> None:
    add_identities(stores.paths, stores.secrets, PEOPLE)
    first, second = (esp.post("/v3/asm/groups", {"name": name, "description": "d"})["id"] for name in ("news", "offers"))
    record_plan(stores.ledger, first, "a")
    record_plan(stores.ledger, second, "b")
    unsubscribe(stores.ledger, stores.secrets, PEOPLE[0])
    export_unsubscribes(stores, account(esp))
    assert [esp.get(f"/v3/asm/groups/{group}/suppressions") for group in (first, second)] == [[PEOPLE[0]]] * 2
    assert esp.get("/v3/suppression/unsubscribes") == []
    esp.send(mail(1, asm={"group_id": second}))
    assert final_statuses(esp, 1)[PEOPLE[0]] == "not_delivered"
    lift(stores.ledger, key_of(stores.secrets, PEOPLE[0]), "preference_page")
    export_unsubscribes(stores, account(esp))
    assert [esp.get(f"/v3/asm/groups/{group}/suppressions") for group in (first, second)] == [[], []]


def test_the_global_list_is_used_where_the_group_was_deleted(
    esp: RunningSimulator, stores: Stores, no_campaign_files: None
) -> None:
    add_identities(stores.paths, stores.secrets, PEOPLE)
    record_plan(stores.ledger, 4711)
    unsubscribe(stores.ledger, stores.secrets, PEOPLE[0])
    assert export_unsubscribes(stores, account(esp))["added"] == 1
    assert [row["email"] for row in esp.get("/v3/suppression/unsubscribes")] == [PEOPLE[0]]


def test_a_campaign_without_a_group_needs_the_global_list(ledger: Ledger, no_campaign_files: None) -> None:
    assert groups_in_use(ledger) == {None}
    record_plan(ledger, 7, "a")
    assert groups_in_use(ledger) == {7}
    record_plan(ledger, None, "b")
    assert groups_in_use(ledger) == {7, None}


def test_groups_of_campaign_files_are_in_use(ledger: Ledger) -> None:
    assert campaign_names()
    record_plan(ledger, 7)
    assert groups_in_use(ledger) == {7, None}


def test_only_unsubscribes_unknown_to_sendgrid_are_exported_and_only_once(
    esp: RunningSimulator, stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    add_identities(stores.paths, stores.secrets, PEOPLE)
    unsubscribe(stores.ledger, stores.secrets, PEOPLE[0])
    unsubscribe(stores.ledger, stores.secrets, PEOPLE[1], source="webhook")
    suppress(stores.ledger, [Suppression(key_of(stores.secrets, PEOPLE[2]), "hard_bounce", "webhook", 1.0)])
    unsubscribe(stores.ledger, stores.secrets, "stranger@example.org")
    with caplog.at_level(logging.DEBUG):
        assert export_unsubscribes(stores, account(esp)) == {"added": 1, "removed": 0, "unknown": 1}
    assert "@" not in caplog.text
    assert [row["email"] for row in esp.get("/v3/suppression/unsubscribes")] == [PEOPLE[0]]
    assert export_unsubscribes(stores, account(esp)) == {"added": 0, "removed": 0, "unknown": 0}


def test_an_address_that_the_source_deleted_is_read_from_the_plan(esp: RunningSimulator, stores: Stores) -> None:
    plan_id = frozen_plan(stores, 4, chunk_size=2)
    with stores.ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.plan_id == plan_id).values(send_at=time.time() + 3600))
    plan = stores.paths.root / "plans"
    with open_warehouse(stores.paths) as warehouse:
        query = "select address_key, email from read_parquet($1) order by 1 limit 1"
        ((key, email),) = warehouse.execute(query, [f"{plan}/**/part-*.parquet"]).fetchall()
    suppress(stores.ledger, [Suppression(key, "unsubscribe", "one_click", time.time())])
    assert export_unsubscribes(stores, account(esp)) == {"added": 1, "removed": 0, "unknown": 0}
    assert [row["email"] for row in esp.get("/v3/suppression/unsubscribes")] == [email.lower()]


def test_an_exported_entry_does_not_suppress_a_person_who_has_resubscribed(esp: RunningSimulator, stores: Stores) -> None:
    add_identities(stores.paths, stores.secrets, PEOPLE)
    key = key_of(stores.secrets, PEOPLE[0])
    unsubscribe(stores.ledger, stores.secrets, PEOPLE[0])
    export_unsubscribes(stores, account(esp))
    # The person resubscribed during the export: the entry at SendGrid is newer than the resubscription.
    with stores.ledger.write() as connection:
        resubscribed = Suppression(key, "unsubscribe", "preference_page", time.time() - 30)
        suppressions._append(connection, "lift", [resubscribed])
    sync_suppressions(stores, account(esp))
    assert reasons_in_force(stores.ledger, key) == frozenset()
    export_unsubscribes(stores, account(esp))
    assert esp.get("/v3/suppression/unsubscribes") == []


def test_an_entry_in_one_of_our_groups_suppresses_and_other_groups_are_ignored(
    esp: RunningSimulator, stores: Stores
) -> None:
    add_identities(stores.paths, stores.secrets, PEOPLE)
    ours, receipts = (esp.post("/v3/asm/groups", {"name": name, "description": "d"})["id"] for name in ("news", "receipts"))
    record_plan(stores.ledger, ours)
    record_plan(stores.ledger, 4711, "deleted group")
    esp.post(f"/v3/asm/groups/{ours}/suppressions", {"recipient_emails": [PEOPLE[0].upper(), PEOPLE[1]]})
    esp.post(f"/v3/asm/groups/{receipts}/suppressions", {"recipient_emails": [PEOPLE[2]]})
    unsubscribe(stores.ledger, stores.secrets, PEOPLE[1])
    lift(stores.ledger, key_of(stores.secrets, PEOPLE[1]), "preference_page")
    assert sync_group_lists(stores, account(esp)) == {"rows": 2, "new": 1, "unreadable": 0}
    in_force = [bool(reasons_in_force(stores.ledger, key_of(stores.secrets, email))) for email in PEOPLE]
    assert in_force == [True, False, False, False]
    assert sync_group_lists(stores, account(esp))["new"] == 0
    export_unsubscribes(stores, account(esp))
    assert esp.get(f"/v3/asm/groups/{ours}/suppressions") == [PEOPLE[0]], "the person who resubscribed is off the list"
    esp.post(f"/v3/asm/groups/{ours}/suppressions", {"recipient_emails": [PEOPLE[1]]})
    assert sync_group_lists(stores, account(esp))["new"] == 0, "their entry may be outdated shortly after the resubscription"


def test_an_error_contains_no_address_and_a_provider_without_lists_is_not_an_error(
    sendgrid: tuple[SendGrid, SendGridAccount], stores: Stores
) -> None:
    state, api = sendgrid
    add_identities(stores.paths, stores.secrets, PEOPLE)
    unsubscribe(stores.ledger, stores.secrets, PEOPLE[0])
    lift(stores.ledger, key_of(stores.secrets, PEOPLE[0]), "preference_page")
    state.answer = (403, b"{}")
    with pytest.raises(ConfigurationError, match=r"DELETE /v3/asm/suppressions/global/…") as error:
        export_unsubscribes(stores, api)
    assert "person0" not in str(error.value) + KEY
    state.answer = (404, b"{}")
    assert export_unsubscribes(stores, api) == {"exported": "not offered"}
    state.answer = (204, b"")
    assert export_unsubscribes(stores, api) == {"added": 0, "removed": 1, "unknown": 0}


def change_addresses(paths: DataPaths, secrets: Secrets) -> None:
    """Ingest the people with the addresses `old<n>`, then with their present ones."""
    rows: list[Row] = [subscriber(number, email=f"old{number}@gmail.example.com") for number in range(len(PEOPLE))]
    ingest(paths, *rows)
    ingest(paths, *[row | {"email": PEOPLE[at], "updated_at": "2026-01-01"} for at, row in enumerate(rows)])


SUPPRESSIONS = {"one click": ("unsubscribe", "one_click"), "a complaint": ("spam_complaint", "webhook")}


@pytest.mark.parametrize(("reason", "source"), SUPPRESSIONS.values(), ids=SUPPRESSIONS)
def test_a_suppression_of_an_old_address_stops_mail_scheduled_to_the_new_one(
    esp: RunningSimulator, stores: Stores, reason: str, source: str
) -> None:
    change_addresses(stores.paths, stores.secrets)
    assert esp.send(mail(4, send_at=int(time.time()) + 3600)).status_code == 202
    old = [key_of(stores.secrets, f"old{number}@gmail.example.com") for number in range(2)]
    suppress(stores.ledger, [Suppression(key, reason, source, time.time()) for key in old])
    assert export_unsubscribes(stores, account(esp))["added"] == 2
    assert {row["status"] for row in esp.accepted()} == {"accepted"}, "the mail is not due yet"
    esp.post("/control/flush?scheduled=start")
    found = final_statuses(esp, 4)
    assert [found[email] for email in PEOPLE] == ["not_delivered", "not_delivered", "delivered", "delivered"]


def test_a_resubscription_under_an_old_address_covers_the_new_one(esp: RunningSimulator, stores: Stores) -> None:
    change_addresses(stores.paths, stores.secrets)
    old = [key_of(stores.secrets, f"old{number}@gmail.example.com") for number in range(2)]
    at = time.time()
    suppress(stores.ledger, [Suppression(key, "unsubscribe", "one_click", at - 60) for key in old])
    export_unsubscribes(stores, account(esp))
    assert len(esp.get("/v3/suppression/unsubscribes")) == 2
    for key in old:
        assert lift(stores.ledger, key, "preference_page")
    suppress(stores.ledger, [Suppression(key_of(stores.secrets, PEOPLE[1]), "unsubscribe", "one_click", at)])
    export_unsubscribes(stores, account(esp))
    assert {row["email"] for row in esp.get("/v3/suppression/unsubscribes")} == {PEOPLE[1]}
    assert esp.send(mail(2)).status_code == 202
    assert final_statuses(esp, 2) == {PEOPLE[0]: "delivered", PEOPLE[1]: "not_delivered"}


def test_a_resubscription_under_an_old_address_leaves_the_entry_that_the_person_made_at_sendgrid(
    esp: RunningSimulator, stores: Stores
) -> None:
    change_addresses(stores.paths, stores.secrets)
    old = key_of(stores.secrets, "old0@gmail.example.com")
    suppress(stores.ledger, [Suppression(old, "unsubscribe", "one_click", time.time() - 60)])
    export_unsubscribes(stores, account(esp))
    esp.post("/v3/asm/suppressions/global", {"recipient_emails": [PEOPLE[0]]})
    sync_suppressions(stores, account(esp))
    assert lift(stores.ledger, old, "preference_page")
    export_unsubscribes(stores, account(esp))
    assert [row["email"] for row in esp.get("/v3/suppression/unsubscribes")] == [PEOPLE[0]]


def test_a_replaced_address_is_not_exported_as_an_unsubscribe(esp: RunningSimulator, stores: Stores) -> None:
    record_plan(stores.ledger, None)
    with stores.ledger.write() as connection:
        connection.execute(update(plans).values(state="sending"))
    with sync_withdrawals_on_exit(stores):
        change_addresses(stores.paths, stores.secrets)
    with stores.ledger.read() as connection:
        assert set(suppression_tables.of_source(connection)["reason"].to_pylist()) == {"address_given_up"}
    assert export_unsubscribes(stores, account(esp)) == {"added": 0, "removed": 0, "unknown": 0}
    assert esp.get("/v3/suppression/unsubscribes") == []
    assert esp.send(mail(4)).status_code == 202
    assert set(final_statuses(esp, 4).values()) == {"delivered"}


def test_suppressions_from_elsewhere_are_exported_and_not_imported_as_unsubscribes(
    esp: RunningSimulator, stores: Stores, no_campaign_files: None
) -> None:
    """An operator entered them. They stay on SendGrid's list, where nobody takes them for the person's own unsubscribe."""
    rows = [subscriber(number, email=PEOPLE[number]) for number in range(4)]
    ingest(stores.paths, *rows)
    moved = rows[0] | {"email": "moved@gmail.example.com", "updated_at": "2026-02-01"}
    ingest(stores.paths, moved, since=datetime(2026, 1, 1, tzinfo=UTC))
    reasons = ["manual", "spam_complaint", "hard_bounce"]
    entries = [
        Suppression(key_of(stores.secrets, PEOPLE[number]), why, "operator", time.time())
        for number, why in enumerate(reasons)
    ]
    suppress(stores.ledger, entries)
    assert esp.send(mail(4, send_at=int(time.time()) + 3600)).status_code == 202
    assert export_unsubscribes(stores, account(esp)) == {"added": 3, "removed": 0, "unknown": 1}
    listed = {row["email"] for row in esp.get("/v3/suppression/unsubscribes")}
    assert listed == {"moved@gmail.example.com", PEOPLE[1], PEOPLE[2]}
    sync_suppressions(stores, account(esp))
    for entry in entries:
        assert reasons_in_force(stores.ledger, entry.address_key) == {entry.reason}
