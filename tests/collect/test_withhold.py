"""Scheduled mail is withheld from people who may no longer receive it, which does not count as their unsubscribe."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy import Table, select, update

from include.collect import withhold as module
from include.collect.export_unsubscribes import export_unsubscribes
from include.collect.load import load_spool
from include.collect.suppress import suppress_from_events
from include.collect.sync_suppressions import sync_suppressions
from include.collect.withhold import withhold
from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import EspUnavailable
from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.dispatch.account.record import record_new
from include.ledger import withheld
from include.ledger.consent import Consent, record
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression, lift, reasons_in_force, suppress
from include.ledger.tables import chunks, plans
from include.ledger.tables import withheld as withheld_table
from include.warehouse.connection import open_warehouse
from tests.campaign import CAMPAIGN
from tests.collect.list_simulator import esp, module_esp
from tests.dispatch.frozen import frozen_plan
from tests.rows import Row, subscriber
from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail
from tests.validate.people import ingest, mailed

__all__ = ["esp", "module_esp"]
PEOPLE = [f"person{number}@gmail.example.com" for number in range(6)]
UPDATED_AT = "2026-02-01"
CHANGES: dict[str, dict[str, str | None]] = {
    "unsubscribed": {"status": "unsubscribed"},
    "unreadable": {"lawful_basis": "unreadable", "updated_at": "not a date"},
    "lost consent": {"consented_at": None},
    "consent that ended": {"consent_expires_at": "2026-01-15"},
    "pending again": {"status": "pending"},
}
"""Changes of rows at the source after which their person may not be mailed: one person each. The sixth is unchanged."""


@pytest.fixture
def account(esp: RunningSimulator) -> SendGridAccount:
    return SendGridAccount(esp.base_url, esp.key)


def key_of(secrets: Secrets, person: int) -> str:
    return address_key(secrets.address_key, PEOPLE[person])


def row(person: int, **changes: str | None) -> Row:
    return subscriber(person, email=PEOPLE[person]) | changes


def ingest_rows(paths: DataPaths, *rows: Row) -> None:
    """An incremental pass of ingest over these rows."""
    ingest(paths, *rows, since=datetime(2020, 1, 1, tzinfo=UTC))


def schedule(stores: Stores, send_at: float) -> str:
    """Ingest six people and record a plan whose mail to them is scheduled for `send_at`. Returns its id."""
    ingest(stores.paths, *[row(person) for person in range(6)])
    plan_id = frozen_plan(stores, 6, chunk_size=2)
    with stores.ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.plan_id == plan_id).values(state="accepted", send_at=send_at))
        connection.execute(update(plans).where(plans.c.plan_id == plan_id).values(state="done"))
    return plan_id


def make_unmailable(paths: DataPaths) -> None:
    """Apply one of `CHANGES` to each of the first five people."""
    ingest_rows(
        paths, *[row(person, **({"updated_at": UPDATED_AT} | changes)) for person, changes in enumerate(CHANGES.values())]
    )


def sync_and_withhold(stores: Stores, account: SendGridAccount) -> dict[str, int | str]:
    """Run the tasks of `collect_engagement` that concern lists, in their order; returns the counts of `withhold`."""
    export_unsubscribes(stores, account)
    sync_suppressions(stores, account)
    return withhold(stores, account)


def on_global_list(esp: RunningSimulator) -> set[str]:
    return {entry["email"] for entry in esp.get("/v3/suppression/unsubscribes")}


def final_statuses(esp: RunningSimulator, count: int) -> list[str]:
    """The status of the newest message to each person, once all statuses are final."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found = esp.accepted()
        if len(found) == count and not {entry["status"] for entry in found} & {"accepted", "processed"}:
            newest = {entry["email"]: entry["status"] for entry in found}
            return [newest[email] for email in PEOPLE]
        time.sleep(0.05)
    raise AssertionError(found)


def suppressed(ledger: Ledger, secrets: Secrets) -> list[bool]:
    return [bool(reasons_in_force(ledger, key_of(secrets, person))) for person in range(6)]


def advance_clock(monkeypatch: pytest.MonkeyPatch, **by: float) -> None:
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(timedelta(**by).total_seconds()))


def test_scheduled_mail_is_withheld_from_people_who_may_no_longer_be_mailed(
    esp: RunningSimulator, account: SendGridAccount, stores: Stores
) -> None:
    schedule(stores, time.time() + 3600)
    assert esp.send(mail(6, send_at=int(time.time()) + 3600)).status_code == 202
    assert sync_and_withhold(stores, account) == {"withheld": 0, "released": 0, "opted_out": 0}
    make_unmailable(stores.paths)
    assert mailed(stores) == {"S5"}
    assert sync_and_withhold(stores, account) == {"withheld": 5, "released": 0, "opted_out": 0}
    assert sync_and_withhold(stores, account) == {"withheld": 0, "released": 0, "opted_out": 0}, "they are added once"
    assert {entry["status"] for entry in esp.accepted()} == {"accepted"}, "the mail is not due yet"
    esp.post("/control/flush?scheduled=start")
    assert final_statuses(esp, 6) == ["not_delivered"] * 5 + ["delivered"]
    assert suppressed(stores.ledger, stores.secrets) == [False] * 6, "withheld entries are not imported as unsubscribes"


def test_scheduled_mail_of_a_declined_topic_is_withheld_until_it_was_sent(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule(stores, time.time() + 3600)
    set_topic(stores.ledger, "offers")
    assert esp.send(mail(6, send_at=int(time.time()) + 3600)).status_code == 202
    decline_topics(stores.ledger, stores.secrets, {0: "offers", 1: "news"})
    assert sync_and_withhold(stores, account) == {"withheld": 1, "released": 0, "opted_out": 0}
    assert {entry["status"] for entry in esp.accepted()} == {"accepted"}, "the mail is not due yet"
    esp.post("/control/flush?scheduled=start")
    assert final_statuses(esp, 6) == ["not_delivered"] + ["delivered"] * 5
    decline_topics(stores.ledger, stores.secrets, {2: "offers"})
    advance_clock(monkeypatch, minutes=62)
    assert sync_and_withhold(stores, account) == {"withheld": 0, "released": 1, "opted_out": 0}, (
        "the mail was sent, other topics are not declined"
    )
    assert (on_global_list(esp), suppressed(stores.ledger, stores.secrets)) == (set(), [False] * 6)


def test_mail_of_a_topic_declined_while_its_batch_is_paused_is_withheld_until_the_pause_limit(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule(stores, time.time() + 60)
    set_topic(stores.ledger, "offers")
    with stores.ledger.write() as connection:
        connection.execute(update(plans).values(batch_status="pause"))
    advance_clock(monkeypatch, hours=70)
    decline_topics(stores.ledger, stores.secrets, {0: "offers"})
    assert sync_and_withhold(stores, account)["withheld"] == 1
    advance_clock(monkeypatch, hours=74)
    assert sync_and_withhold(stores, account)["released"] == 1


def test_mail_scheduled_to_a_replaced_address_is_withheld(
    esp: RunningSimulator, account: SendGridAccount, stores: Stores
) -> None:
    schedule(stores, time.time() + 3600)
    ingest_rows(stores.paths, row(0, email="elsewhere@gmail.example.com", updated_at=UPDATED_AT))
    assert sync_and_withhold(stores, account) == {"withheld": 1, "released": 0, "opted_out": 0}
    assert on_global_list(esp) == {PEOPLE[0]}
    ingest_rows(stores.paths, row(0, updated_at="2026-02-02"))
    assert sync_and_withhold(stores, account)["released"] == 1, "the address is current again"


def test_a_withheld_person_who_unsubscribed_and_resubscribed_is_on_no_list(
    esp: RunningSimulator, account: SendGridAccount, stores: Stores
) -> None:
    schedule(stores, time.time() + 3600)
    ingest_rows(stores.paths, row(0, **CHANGES["unreadable"]))
    sync_and_withhold(stores, account)
    suppress(stores.ledger, [Suppression(key_of(stores.secrets, 0), "unsubscribe", "one_click", time.time())])
    sync_and_withhold(stores, account)
    lift(stores.ledger, key_of(stores.secrets, 0), "preference_page")
    sync_and_withhold(stores, account)
    assert on_global_list(esp) == {PEOPLE[0]}, "their row still has no consent"
    ingest_rows(stores.paths, row(0, updated_at="2026-02-02"))
    sync_and_withhold(stores, account)
    assert (on_global_list(esp), suppressed(stores.ledger, stores.secrets)) == (set(), [False] * 6)


def set_topic(ledger: Ledger, topic: str) -> None:
    settings = CAMPAIGN.model_copy(update={"topic": topic}).model_dump_json()
    with ledger.write() as connection:
        connection.execute(update(plans).values(settings=settings))


def decline_topics(ledger: Ledger, secrets: Secrets, declined: dict[int, str]) -> None:
    """Record that each of these people declined a topic on the preference page."""
    for person, topic in declined.items():
        record(ledger, [Consent(key_of(secrets, person), topic, False, "preference_page", clock.now().timestamp())])


def test_a_new_valid_row_releases_the_person(esp: RunningSimulator, account: SendGridAccount, stores: Stores) -> None:
    schedule(stores, time.time() + 3600)
    make_unmailable(stores.paths)
    sync_and_withhold(stores, account)
    assert on_global_list(esp) == set(PEOPLE[:5])
    again = {"consented_at": "2026-03-01", "updated_at": "2026-03-02"}
    ingest_rows(stores.paths, *[row(person, **again) for person in range(3)])
    assert sync_and_withhold(stores, account) == {"withheld": 0, "released": 3, "opted_out": 0}
    assert on_global_list(esp) == {PEOPLE[3], PEOPLE[4]}
    sync_suppressions(stores, account)
    assert mailed(stores) == {"S0", "S1", "S2", "S5"}
    assert esp.send(mail(6)).status_code == 202
    assert final_statuses(esp, 6) == ["delivered"] * 3 + ["not_delivered"] * 2 + ["delivered"]


def test_people_are_released_when_no_mail_is_scheduled_for_them(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule(stores, time.time() + 3600)
    make_unmailable(stores.paths)
    sync_and_withhold(stores, account)
    advance_clock(monkeypatch, hours=72)
    assert sync_and_withhold(stores, account)["released"] == 0, "a paused batch can be sent until then"
    advance_clock(monkeypatch, hours=74)
    assert sync_and_withhold(stores, account) == {"withheld": 0, "released": 5, "opted_out": 0}
    assert on_global_list(esp) == set()
    assert suppressed(stores.ledger, stores.secrets) == [False] * 6


def test_a_withheld_person_who_unsubscribes_stays_on_the_lists_and_is_suppressed(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule(stores, time.time() + 3600)
    ingest_rows(stores.paths, *[row(person, status="unsubscribed", updated_at=UPDATED_AT) for person in range(3)])
    sync_and_withhold(stores, account)
    suppress(stores.ledger, [Suppression(key_of(stores.secrets, 0), "unsubscribe", "one_click", time.time())])
    sync_and_withhold(stores, account)
    ingest_rows(stores.paths, *[row(person, consented_at="2026-03-01", updated_at="2026-03-02") for person in range(2)])
    sync_and_withhold(stores, account)
    assert on_global_list(esp) == {PEOPLE[0], PEOPLE[2]}
    suppress(stores.ledger, [Suppression(key_of(stores.secrets, 2), "unsubscribe", "one_click", time.time())])
    advance_clock(monkeypatch, hours=80)
    sync_and_withhold(stores, account)
    assert on_global_list(esp) == {PEOPLE[0], PEOPLE[2]}
    assert suppressed(stores.ledger, stores.secrets) == [True, False, True, False, False, False]
    assert lift(stores.ledger, key_of(stores.secrets, 0), "preference_page")
    sync_and_withhold(stores, account)
    assert on_global_list(esp) == {PEOPLE[2]}


def test_an_entry_from_before_the_withholding_is_an_unsubscribe(
    esp: RunningSimulator, account: SendGridAccount, stores: Stores
) -> None:
    schedule(stores, time.time() + 3600)
    esp.post("/v3/asm/suppressions/global", {"recipient_emails": [PEOPLE[0]]})
    make_unmailable(stores.paths)
    assert sync_and_withhold(stores, account) == {"withheld": 4, "released": 0, "opted_out": 0}
    assert suppressed(stores.ledger, stores.secrets) == [True, *[False] * 5]


def test_a_withheld_group_entry_is_not_an_unsubscribe_until_an_hour_after_its_removal(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("include.collect.unsubscribe_lists.campaign_names", lambda: [])
    monkeypatch.setattr("include.collect.unsubscribe_lists.journey_names", lambda: [])
    group = esp.post("/v3/asm/groups", {"name": "news", "description": "d"})["id"]
    schedule(stores, time.time() + 3600)
    settings = CAMPAIGN.model_copy(update={"asm_group_id": group}).model_dump_json()
    with stores.ledger.write() as connection:
        connection.execute(update(plans).values(settings=settings))
    make_unmailable(stores.paths)
    sync_and_withhold(stores, account)
    members = f"/v3/asm/groups/{group}/suppressions"
    assert (set(esp.get(members)), on_global_list(esp)) == (set(PEOPLE[:5]), set())
    sync_suppressions(stores, account)
    ingest_rows(stores.paths, row(0, consented_at="2026-03-01", updated_at="2026-03-02"))
    sync_and_withhold(stores, account)
    assert set(esp.get(members)) == set(PEOPLE[1:5])
    esp.post(members, {"recipient_emails": [PEOPLE[0]]})  # Shortly after the removal, SendGrid may still list it.
    sync_suppressions(stores, account)
    assert suppressed(stores.ledger, stores.secrets) == [False] * 6
    advance_clock(monkeypatch, hours=2)
    sync_suppressions(stores, account)
    assert suppressed(stores.ledger, stores.secrets) == [True, *[False] * 5], (
        "an entry that much later is their own unsubscribe"
    )


def test_a_drop_because_of_a_withheld_entry_is_not_an_unsubscribe(account: SendGridAccount, stores: Stores) -> None:
    plan_id = schedule(stores, time.time() + 3600)
    record_new(stores)
    make_unmailable(stores.paths)
    sync_and_withhold(stores, account)
    drop = {"event": "dropped", "reason": "Unsubscribed Address"}
    events = [drop, drop, {"event": "unsubscribe"}, {}, {}, drop]
    keys = [_message_key(stores.paths, key_of(stores.secrets, person)) for person in range(6)]
    batch = [
        {"email": PEOPLE[person], "timestamp": int(time.time()), "sg_event_id": f"e{person}", "sg_message_id": "X.1",
         "tw_key": keys[person], "tw_try": "1", "tw_chunk": f"{plan_id}.0", **event}
        for person, event in enumerate(events) if event
    ]  # fmt: skip
    folder = stores.paths.spool / "incoming"
    folder.mkdir(parents=True)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z-00000000-0000-4000-8000-000000000001.json"
    (folder / name).write_bytes(orjson.dumps(batch))
    load_spool(stores.paths)
    suppress_from_events(stores)
    assert suppressed(stores.ledger, stores.secrets) == [False, False, True, False, False, True]


def _message_key(paths: DataPaths, address: str) -> str:
    with open_warehouse(paths) as warehouse:
        query = "select message_key::varchar from read_parquet($1) where address_key = $2"
        ((key,),) = warehouse.execute(query, [f"{paths.root}/plans/**/part-*.parquet", address]).fetchall()
    return str(key)


CRASHES = {"before the request": False, "after the request": True}


@pytest.mark.parametrize("is_after", CRASHES.values(), ids=CRASHES)
def test_a_crash_while_adding_is_completed_by_the_next_run(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
    is_after: bool,
) -> None:
    schedule(stores, time.time() + 3600)
    make_unmailable(stores.paths)
    _crash(monkeypatch, "add_addresses", is_after)
    with pytest.raises(KeyboardInterrupt):
        sync_and_withhold(stores, account)
    monkeypatch.undo()
    assert on_global_list(esp) == (set(PEOPLE[:5]) if is_after else set())
    assert sync_and_withhold(stores, account)["withheld"] == 5
    assert on_global_list(esp) == set(PEOPLE[:5])
    assert suppressed(stores.ledger, stores.secrets) == [False] * 6


@pytest.mark.parametrize("is_after", CRASHES.values(), ids=CRASHES)
def test_a_crash_while_removing_is_completed_by_the_next_run(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
    is_after: bool,
) -> None:
    schedule(stores, time.time() + 3600)
    ingest_rows(stores.paths, row(0, status="unsubscribed", updated_at=UPDATED_AT))
    sync_and_withhold(stores, account)
    ingest_rows(stores.paths, row(0, consented_at="2026-03-01", updated_at="2026-03-02"))
    _crash(monkeypatch, "remove_addresses", is_after)
    with pytest.raises(KeyboardInterrupt):
        sync_and_withhold(stores, account)
    monkeypatch.undo()
    assert sync_and_withhold(stores, account)["released"] == 1
    assert (on_global_list(esp), suppressed(stores.ledger, stores.secrets)) == (set(), [False] * 6)


def _crash(monkeypatch: pytest.MonkeyPatch, name: str, is_after: bool) -> None:
    """Let `withhold` crash before or after its request to SendGrid."""
    real = getattr(module, name)

    def killed(*args: object) -> None:
        if is_after:
            real(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, killed)


def test_confirmation_mail_is_not_withheld_from_pending_people(
    esp: RunningSimulator, account: SendGridAccount, stores: Stores
) -> None:
    schedule(stores, time.time() + 3600)
    settings = CAMPAIGN.model_dump(mode="json") | {"kind": "confirmation"}
    with stores.ledger.write() as connection:
        connection.execute(update(plans).values(settings=orjson.dumps(settings).decode()))
    make_unmailable(stores.paths)
    sync_and_withhold(stores, account)
    assert on_global_list(esp) == set(PEOPLE[:3]), "pending people get the mail that asks for their confirmation"


NOT_SCHEDULED = {
    "test send": (plans, {"kind": "test"}),
    "skipped": (chunks, {"state": "skipped"}),
    "past": (chunks, {"send_at": 1.0}),
}


@pytest.mark.parametrize(("table", "values"), NOT_SCHEDULED.values(), ids=NOT_SCHEDULED)
def test_nobody_is_withheld_without_scheduled_live_mail(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    table: Table,
    values: dict[str, object],
) -> None:
    schedule(stores, time.time() + 3600)
    with stores.ledger.write() as connection:
        connection.execute(update(table).values(values))
    make_unmailable(stores.paths)
    sync_and_withhold(stores, account)
    assert on_global_list(esp) == set()
    assert withhold(stores, account) == {"withheld": 0, "released": 0, "opted_out": 0}


def test_an_empty_warehouse_adds_nobody_to_a_list(esp: RunningSimulator, account: SendGridAccount, stores: Stores) -> None:
    schedule(stores, time.time() + 3600)
    make_unmailable(stores.paths)
    stores.paths.warehouse.unlink()
    sync_and_withhold(stores, account)
    assert on_global_list(esp) == set()


def test_ended_entries_are_deleted_after_a_month(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    withheld.record_pending(ledger, ["a", "b"])
    withheld.record_ended(ledger, ["a"])
    for days, remaining in ((29, {"a", "b"}), (31, {"b"})):
        advance_clock(monkeypatch, days=days)
        withheld.record_pending(ledger, [])
        with ledger.read() as connection:
            assert set(withheld.listed_spans(connection).of_address) == remaining


def test_missing_recipient_files_release_nobody(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    caplog: pytest.LogCaptureFixture,
) -> None:
    schedule(stores, time.time() + 3600)
    make_unmailable(stores.paths)
    sync_and_withhold(stores, account)
    for part in stores.paths.root.glob("plans/**/part-*.parquet"):
        part.unlink()
    assert sync_and_withhold(stores, account) == {"withheld": 0, "released": 0, "opted_out": 0}
    assert on_global_list(esp) == set(PEOPLE[:5])
    assert "are missing" in caplog.text


def test_an_unavailable_provider_is_retried_by_the_next_run_and_no_address_is_logged(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    caplog: pytest.LogCaptureFixture,
) -> None:
    schedule(stores, time.time() + 3600)
    make_unmailable(stores.paths)
    with pytest.raises(EspUnavailable) as error:
        withhold(stores, SendGridAccount("http://127.0.0.1:9", esp.key))
    assert withhold(stores, account)["withheld"] == 5
    assert on_global_list(esp) == set(PEOPLE[:5])
    assert "person" not in str(error.value) + caplog.text
    with stores.ledger.read() as connection:
        assert len(connection.execute(select(withheld_table)).all()) == 5
