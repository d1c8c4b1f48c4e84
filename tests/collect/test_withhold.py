"""Mail that SendGrid holds already does not go to who loses their yes meanwhile; and that is no unsubscribe of theirs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
from include.ledger import withheld as store
from include.ledger.consent import Consent, record
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression, lift, reasons_in_force, suppress
from include.ledger.tables import chunks, plans, withheld
from include.warehouse.connection import open_warehouse
from tests.campaign import CAMPAIGN
from tests.dispatch.frozen import frozen_plan
from tests.rows import Row, subscriber
from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail
from tests.validate.people import ingest, mailed

LOSSES = ("invalid", "spam_content", "hard_bounce", "blocked", "deferred", "complaint", "one_click", "body_unsubscribe")
PEOPLE = [f"person{number}@gmail.example.com" for number in range(6)]
LATER = "2026-02-01"
NOES = {
    "unsubscribed": {"status": "unsubscribed"},
    "held back": {"lawful_basis": "unreadable", "updated_at": "not a date"},
    "lost consent": {"consented_at": None},
    "consent that ended": {"consent_expires_at": "2026-01-15"},
    "pending again": {"status": "pending"},
}
"""What becomes of a row at the source: of one person each. The last of all people goes on."""


@pytest.fixture
def esp(tmp_path: Path) -> Iterator[RunningSimulator]:
    running = RunningSimulator(tmp_path / "simulator", speed=1000, flush=0.05, seed=3, notice=0)
    running.post("/control/rates", {"all": dict.fromkeys(LOSSES, 0)})
    yield running
    running.stop()


@pytest.fixture
def account(esp: RunningSimulator) -> SendGridAccount:
    return SendGridAccount(esp.base_url, esp.key)


def key_of(secrets: Secrets, person: int) -> str:
    return address_key(secrets.address_key, PEOPLE[person])


def row(person: int, **changes: str | None) -> Row:
    return subscriber(person, email=PEOPLE[person]) | changes


def source(paths: DataPaths, *rows: Row) -> None:
    """An incremental pass of ingest over these rows."""
    ingest(paths, *rows, since=datetime(2020, 1, 1, tzinfo=UTC))


def schedule(stores: Stores, send_at: float) -> str:
    """Everybody is known and their mail is scheduled; as far as the ledger knows."""
    ingest(stores.paths, *[row(person) for person in range(6)])
    plan_id = frozen_plan(stores, 6, chunk_size=2)
    with stores.ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.plan_id == plan_id).values(state="accepted", send_at=send_at))
        connection.execute(update(plans).where(plans.c.plan_id == plan_id).values(state="done"))
    return plan_id


def say_no(paths: DataPaths) -> None:
    source(paths, *[row(person, **({"updated_at": LATER} | no)) for person, no in enumerate(NOES.values())])


def collect(stores: Stores, account: SendGridAccount) -> dict[str, int | str]:
    """The tasks of `collect_engagement` that talk about lists, in their order; what `withhold` did."""
    export_unsubscribes(stores, account)
    sync_suppressions(stores, account)
    return withhold(stores, account)


def listed(esp: RunningSimulator) -> set[str]:
    return {entry["email"] for entry in esp.get("/v3/suppression/unsubscribes")}


def fates(esp: RunningSimulator, count: int) -> list[str]:
    """What became of the newest message to each person, once it is decided for all."""
    end = time.monotonic() + 40
    while time.monotonic() < end:
        found = esp.accepted()
        if len(found) == count and not {entry["status"] for entry in found} & {"accepted", "processed"}:
            newest = {entry["email"]: entry["status"] for entry in found}
            return [newest[email] for email in PEOPLE]
        time.sleep(0.05)
    raise AssertionError(found)


def in_force(ledger: Ledger, secrets: Secrets) -> list[bool]:
    return [bool(reasons_in_force(ledger, key_of(secrets, person))) for person in range(6)]


def later(monkeypatch: pytest.MonkeyPatch, **by: float) -> None:
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(timedelta(**by).total_seconds()))


def test_who_loses_their_yes_gets_nothing_of_what_is_scheduled(
    esp: RunningSimulator, account: SendGridAccount, stores: Stores
) -> None:
    schedule(stores, time.time() + 15)
    due = int(time.time()) + 15
    assert esp.send(mail(6, send_at=due)).status_code == 202
    assert collect(stores, account) == {"withheld": 0, "released": 0, "left": 0}
    say_no(stores.paths)
    assert mailed(stores) == {"S5"}
    assert collect(stores, account) == {"withheld": 5, "released": 0, "left": 0}
    assert collect(stores, account) == {"withheld": 0, "released": 0, "left": 0}, "told once"
    assert {entry["status"] for entry in esp.accepted()} == {"accepted"}, "withheld before it was due"
    assert fates(esp, 6) == ["not_delivered"] * 5 + ["delivered"]
    assert in_force(stores.ledger, stores.secrets) == [False] * 6, "our own entries are no unsubscribes"


def test_who_declines_the_topic_gets_nothing_of_what_is_scheduled_and_all_else_afterwards(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule(stores, time.time() + 25)
    due = int(time.time()) + 25
    of_topic(stores.ledger, "offers")
    assert esp.send(mail(6, send_at=due)).status_code == 202
    answer(stores.ledger, stores.secrets, {0: "offers", 1: "news"})
    assert collect(stores, account) == {"withheld": 1, "released": 0, "left": 0}
    assert {entry["status"] for entry in esp.accepted()} == {"accepted"}, "withheld before it was due"
    assert fates(esp, 6) == ["not_delivered"] + ["delivered"] * 5
    answer(stores.ledger, stores.secrets, {2: "offers"})
    later(monkeypatch, minutes=2)
    assert collect(stores, account) == {"withheld": 0, "released": 1, "left": 0}, "it has gone: they may have all else"
    assert (listed(esp), in_force(stores.ledger, stores.secrets)) == (set(), [False] * 6)


def test_a_topic_that_is_declined_while_its_mail_is_paused_there_holds_for_as_long_as_it_may_go(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule(stores, time.time() + 60)
    of_topic(stores.ledger, "offers")
    with stores.ledger.write() as connection:
        connection.execute(update(plans).values(batch_status="pause"))
    later(monkeypatch, hours=70)
    answer(stores.ledger, stores.secrets, {0: "offers"})
    assert collect(stores, account)["withheld"] == 1
    later(monkeypatch, hours=74)
    assert collect(stores, account)["released"] == 1


def test_nothing_that_is_scheduled_goes_to_an_address_that_was_given_up(
    esp: RunningSimulator, account: SendGridAccount, stores: Stores
) -> None:
    schedule(stores, time.time() + 3600)
    source(stores.paths, row(0, email="elsewhere@gmail.example.com", updated_at=LATER))
    assert collect(stores, account) == {"withheld": 1, "released": 0, "left": 0}
    assert listed(esp) == {PEOPLE[0]}
    source(stores.paths, row(0, updated_at="2026-02-02"))
    assert collect(stores, account)["released"] == 1, "they came back to it"


def test_who_leaves_while_they_are_withheld_and_comes_back_is_on_no_list(
    esp: RunningSimulator, account: SendGridAccount, stores: Stores
) -> None:
    schedule(stores, time.time() + 3600)
    source(stores.paths, row(0, **NOES["held back"]))
    collect(stores, account)
    suppress(stores.ledger, [Suppression(key_of(stores.secrets, 0), "unsubscribe", "one_click", time.time())])
    collect(stores, account)
    lift(stores.ledger, key_of(stores.secrets, 0), "preference_page")
    collect(stores, account)
    assert listed(esp) == {PEOPLE[0]}, "their row still says no"
    source(stores.paths, row(0, updated_at="2026-02-02"))
    collect(stores, account)
    assert (listed(esp), in_force(stores.ledger, stores.secrets)) == (set(), [False] * 6)


def of_topic(ledger: Ledger, topic: str) -> None:
    settings = CAMPAIGN.model_copy(update={"topic": topic}).model_dump_json()
    with ledger.write() as connection:
        connection.execute(update(plans).values(settings=settings))


def answer(ledger: Ledger, secrets: Secrets, declined: dict[int, str]) -> None:
    """These people decline a topic each on the preference page."""
    for person, topic in declined.items():
        record(ledger, [Consent(key_of(secrets, person), topic, False, "preference_page", clock.now().timestamp())])


def test_who_gives_a_good_row_again_is_mailed_again(esp: RunningSimulator, account: SendGridAccount, stores: Stores) -> None:
    schedule(stores, time.time() + 3600)
    say_no(stores.paths)
    collect(stores, account)
    assert listed(esp) == set(PEOPLE[:5])
    again = {"consented_at": "2026-03-01", "updated_at": "2026-03-02"}
    source(stores.paths, *[row(person, **again) for person in range(3)])
    assert collect(stores, account) == {"withheld": 0, "released": 3, "left": 0}
    assert listed(esp) == {PEOPLE[3], PEOPLE[4]}
    sync_suppressions(stores, account)
    assert mailed(stores) == {"S0", "S1", "S2", "S5"}
    assert esp.send(mail(6)).status_code == 202
    assert fates(esp, 6) == ["delivered"] * 3 + ["not_delivered"] * 2 + ["delivered"]


def test_they_come_off_the_lists_when_nothing_is_out_for_them(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule(stores, time.time() + 3600)
    say_no(stores.paths)
    collect(stores, account)
    later(monkeypatch, hours=72)
    assert collect(stores, account)["released"] == 0, "SendGrid may have been paused for so long"
    later(monkeypatch, hours=74)
    assert collect(stores, account) == {"withheld": 0, "released": 5, "left": 0}
    assert listed(esp) == set()
    assert in_force(stores.ledger, stores.secrets) == [False] * 6


def test_who_leaves_meanwhile_stays_on_the_lists_and_is_suppressed(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule(stores, time.time() + 3600)
    source(stores.paths, *[row(person, status="unsubscribed", updated_at=LATER) for person in range(3)])
    collect(stores, account)
    suppress(stores.ledger, [Suppression(key_of(stores.secrets, 0), "unsubscribe", "one_click", time.time())])
    collect(stores, account)
    source(stores.paths, *[row(person, consented_at="2026-03-01", updated_at="2026-03-02") for person in range(2)])
    collect(stores, account)
    assert listed(esp) == {PEOPLE[0], PEOPLE[2]}
    suppress(stores.ledger, [Suppression(key_of(stores.secrets, 2), "unsubscribe", "one_click", time.time())])
    later(monkeypatch, hours=80)
    collect(stores, account)
    assert listed(esp) == {PEOPLE[0], PEOPLE[2]}
    assert in_force(stores.ledger, stores.secrets) == [True, False, True, False, False, False]
    assert lift(stores.ledger, key_of(stores.secrets, 0), "preference_page")
    collect(stores, account)
    assert listed(esp) == {PEOPLE[2]}


def test_who_was_on_the_list_before_has_left(esp: RunningSimulator, account: SendGridAccount, stores: Stores) -> None:
    schedule(stores, time.time() + 3600)
    esp.post("/v3/asm/suppressions/global", {"recipient_emails": [PEOPLE[0]]})
    say_no(stores.paths)
    assert collect(stores, account) == {"withheld": 4, "released": 0, "left": 0}
    assert in_force(stores.ledger, stores.secrets) == [True, *[False] * 5]


def test_a_group_of_ours_is_no_unsubscribe_either_also_just_after(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("include.collect.unsubscribe_lists.campaign_names", lambda: [])
    group = esp.post("/v3/asm/groups", {"name": "news", "description": "d"})["id"]
    schedule(stores, time.time() + 3600)
    settings = CAMPAIGN.model_copy(update={"asm_group_id": group}).model_dump_json()
    with stores.ledger.write() as connection:
        connection.execute(update(plans).values(settings=settings))
    say_no(stores.paths)
    collect(stores, account)
    members = f"/v3/asm/groups/{group}/suppressions"
    assert (set(esp.get(members)), listed(esp)) == (set(PEOPLE[:5]), set())
    sync_suppressions(stores, account)
    source(stores.paths, row(0, consented_at="2026-03-01", updated_at="2026-03-02"))
    collect(stores, account)
    assert set(esp.get(members)) == set(PEOPLE[1:5])
    esp.post(members, {"recipient_emails": [PEOPLE[0]]})  # As SendGrid's list may still read, shortly after.
    sync_suppressions(stores, account)
    assert in_force(stores.ledger, stores.secrets) == [False] * 6
    later(monkeypatch, hours=2)
    sync_suppressions(stores, account)
    assert in_force(stores.ledger, stores.secrets) == [True, *[False] * 5], "so long after it is their own wish"


def test_a_drop_by_our_own_entry_is_no_unsubscribe_and_an_event_of_the_person_is(
    account: SendGridAccount, stores: Stores
) -> None:
    plan_id = schedule(stores, time.time() + 3600)
    record_new(stores)
    say_no(stores.paths)
    collect(stores, account)
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
    assert in_force(stores.ledger, stores.secrets) == [False, False, True, False, False, True]


def _message_key(paths: DataPaths, address: str) -> str:
    with open_warehouse(paths) as warehouse:
        query = "select message_key::varchar from read_parquet($1) where address_key = $2"
        ((key,),) = warehouse.execute(query, [f"{paths.root}/plans/**/part-*.parquet", address]).fetchall()
    return str(key)


CRASHES = {"before SendGrid is told": ("add", False), "after it": ("add", True)}


@pytest.mark.parametrize(("name", "is_after"), CRASHES.values(), ids=CRASHES)
def test_a_crash_between_remembering_and_telling_is_made_good(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    is_after: bool,
) -> None:
    schedule(stores, time.time() + 3600)
    say_no(stores.paths)
    _crash(monkeypatch, name, is_after)
    with pytest.raises(KeyboardInterrupt):
        collect(stores, account)
    monkeypatch.undo()
    assert listed(esp) == (set(PEOPLE[:5]) if is_after else set())
    assert collect(stores, account)["withheld"] == 5
    assert listed(esp) == set(PEOPLE[:5])
    assert in_force(stores.ledger, stores.secrets) == [False] * 6


@pytest.mark.parametrize("is_after", [False, True])
def test_a_crash_while_they_are_taken_off_is_made_good(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    monkeypatch: pytest.MonkeyPatch,
    is_after: bool,
) -> None:
    schedule(stores, time.time() + 3600)
    source(stores.paths, row(0, status="unsubscribed", updated_at=LATER))
    collect(stores, account)
    source(stores.paths, row(0, consented_at="2026-03-01", updated_at="2026-03-02"))
    _crash(monkeypatch, "remove", is_after)
    with pytest.raises(KeyboardInterrupt):
        collect(stores, account)
    monkeypatch.undo()
    assert collect(stores, account)["released"] == 1
    assert (listed(esp), in_force(stores.ledger, stores.secrets)) == (set(), [False] * 6)


def _crash(monkeypatch: pytest.MonkeyPatch, name: str, is_after: bool) -> None:
    """Killed before or after it speaks to SendGrid."""
    real = getattr(module, name)

    def killed(*args: object) -> None:
        if is_after:
            real(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, killed)


def test_who_has_yet_to_confirm_still_gets_the_mail_that_asks_them_to(
    esp: RunningSimulator, account: SendGridAccount, stores: Stores
) -> None:
    schedule(stores, time.time() + 3600)
    settings = CAMPAIGN.model_dump(mode="json") | {"kind": "confirmation"}
    with stores.ledger.write() as connection:
        connection.execute(update(plans).values(settings=orjson.dumps(settings).decode()))
    say_no(stores.paths)
    collect(stores, account)
    assert listed(esp) == set(PEOPLE[:3]), "who is pending is whom it asks"


NOT_OUT = {
    "a test": (plans, {"kind": "test"}),
    "skipped": (chunks, {"state": "skipped"}),
    "past": (chunks, {"send_at": 1.0}),
}


@pytest.mark.parametrize(("table", "values"), NOT_OUT.values(), ids=NOT_OUT)
def test_nobody_is_withheld_for_mail_that_is_not_out_to_the_list(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    table: Table,
    values: dict[str, object],
) -> None:
    schedule(stores, time.time() + 3600)
    with stores.ledger.write() as connection:
        connection.execute(update(table).values(values))
    say_no(stores.paths)
    collect(stores, account)
    assert listed(esp) == set()


def test_a_warehouse_that_knows_nobody_puts_nobody_on_a_list(
    esp: RunningSimulator, account: SendGridAccount, stores: Stores
) -> None:
    schedule(stores, time.time() + 3600)
    say_no(stores.paths)
    stores.paths.warehouse.unlink()
    collect(stores, account)
    assert listed(esp) == set()


def test_what_is_over_is_forgotten_after_a_month(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    store.record_pending(ledger, ["a", "b"])
    store.record_ended(ledger, ["a"])
    for days, known in ((29, {"a", "b"}), (31, {"b"})):
        later(monkeypatch, days=days)
        store.record_pending(ledger, [])
        with ledger.read() as connection:
            assert set(store.listed_spans(connection).of_address) == known


def test_files_of_people_that_are_gone_take_nobody_off(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    caplog: pytest.LogCaptureFixture,
) -> None:
    schedule(stores, time.time() + 3600)
    say_no(stores.paths)
    collect(stores, account)
    for part in stores.paths.root.glob("plans/**/part-*.parquet"):
        part.unlink()
    assert collect(stores, account) == {"withheld": 0, "released": 0, "left": 0}
    assert listed(esp) == set(PEOPLE[:5])
    assert "are gone" in caplog.text


def test_a_provider_that_does_not_answer_leaves_it_to_the_next_run_and_no_address_is_told(
    esp: RunningSimulator,
    account: SendGridAccount,
    stores: Stores,
    caplog: pytest.LogCaptureFixture,
) -> None:
    schedule(stores, time.time() + 3600)
    say_no(stores.paths)
    with pytest.raises(EspUnavailable) as error:
        withhold(stores, SendGridAccount("http://127.0.0.1:9", esp.key))
    assert withhold(stores, account)["withheld"] == 5
    assert listed(esp) == set(PEOPLE[:5])
    assert "person" not in str(error.value) + caplog.text
    with stores.ledger.read() as connection:
        assert len(connection.execute(select(withheld)).all()) == 5
