"""Who leaves at the edge gets nothing of what SendGrid has scheduled already; who comes back is mailed again."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from sqlalchemy import insert, update

from include.collect.export_unsubscribes import export_unsubscribes
from include.collect.sync_suppressions import sync_suppressions
from include.collect.unsubscribe_lists import groups_in_use
from include.core.campaign import campaign_names
from include.core.connections import SendGridAccount
from include.core.errors import ConfigurationError
from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.core.token import Subject, mint
from include.ledger import suppressions
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression, lift, reasons_in_force, suppress
from include.ledger.tables import chunks, plans
from include.validate.withdrawals import sync_withdrawals_on_exit
from include.warehouse.connection import open_warehouse
from tests.collect.conftest import KEY, SendGrid
from tests.dispatch.frozen import frozen_plan
from tests.edge.conftest import start
from tests.rows import subscriber
from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail
from tests.validate.people import ingest

LOSSES = ("invalid", "spam_content", "hard_bounce", "blocked", "deferred", "complaint", "one_click", "body_unsubscribe")
"""What else keeps a message from a person, or puts them on a list: nothing in these tests."""
PEOPLE = [f"person{number}@gmail.example.com" for number in range(4)]


@pytest.fixture
def esp(tmp_path: Path) -> Iterator[RunningSimulator]:
    running = RunningSimulator(tmp_path / "simulator", speed=1000, flush=0.05, seed=3, notice=0)
    running.post("/control/rates", {"all": dict.fromkeys(LOSSES, 0)})
    yield running
    running.stop()


def key_of(secrets: Secrets, email: str) -> str:
    return address_key(secrets.address_key, email)


def know(paths: DataPaths, secrets: Secrets, emails: list[str]) -> None:
    rows = [
        {"subscriber_id": f"s{at}", "email": email, "address_key": key_of(secrets, email)} for at, email in enumerate(emails)
    ]
    with open_warehouse(paths) as warehouse:
        warehouse.register("fresh", pa.Table.from_pylist(rows))
        warehouse.execute("insert into core.identities by name from fresh")


def leave(ledger: Ledger, secrets: Secrets, email: str, source: str = "one_click") -> None:
    suppress(ledger, [Suppression(key_of(secrets, email), "unsubscribe", source, time.time())])


def account(esp: RunningSimulator) -> SendGridAccount:
    return SendGridAccount(esp.base_url, esp.key)


def fates(esp: RunningSimulator, count: int) -> dict[str, str]:
    """What became of each person's message, once it is decided for all."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        found = {row["email"]: row["status"] for row in esp.accepted()}
        if len(found) == count and not set(found.values()) & {"accepted", "processed"}:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def plan_with(ledger: Ledger, group: int | None, name: str = "p") -> None:
    """A plan of a campaign that names an unsubscribe group, or none."""
    row = {
        "plan_id": name, "campaign": name, "occurrence": "o", "kind": "live", "state": "done", "segment_run": "r",
        "settings": f'{{"asm_group_id": {group if group else "null"}}}', "content_hash": "h", "folder": f"plans/{name}/o",
        "manifest_sha256": "m", "suppressions_seen": 0, "selected": 0, "planned": 0, "suppressed": 0, "capped": 0,
        "held_out": 0, "planned_at": time.time(),
    }  # fmt: skip
    with ledger.write() as connection:
        connection.execute(insert(plans), [row])


@pytest.fixture
def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """No campaign files: only what was planned counts."""
    monkeypatch.setattr("include.collect.unsubscribe_lists.campaign_names", lambda: [])


def test_who_leaves_at_the_edge_gets_nothing_of_what_is_scheduled(esp: RunningSimulator, stores: Stores) -> None:
    know(stores.paths, stores.secrets, PEOPLE)
    edge = start(stores.paths.root, "", stores.paths.root / "edge.log")
    try:
        assert esp.send(mail(4, send_at=int(time.time()) + 10)).status_code == 202
        presses = [("u", {"List-Unsubscribe": "One-Click"}), ("preferences", {"action": "stop_all"})]
        for number, (route, form) in enumerate(presses):
            token = mint(stores.secrets, Subject(str(uuid.uuid4()), key_of(stores.secrets, PEOPLE[number])))
            assert httpx.post(f"{edge.url}/{route}/{token}", data=form).status_code == 200
        back = mint(stores.secrets, Subject(str(uuid.uuid4()), key_of(stores.secrets, PEOPLE[2])))
        assert httpx.post(f"{edge.url}/u/{back}").status_code == 200
        assert export_unsubscribes(stores, account(esp)) == {"left": 3, "back": 0, "unknown": 0}
        assert httpx.post(f"{edge.url}/preferences/{back}", data={"action": "resubscribe"}).status_code == 200
    finally:
        edge.stop()
    assert export_unsubscribes(stores, account(esp)) == {"left": 0, "back": 1, "unknown": 0}
    sync_suppressions(stores, account(esp))
    assert {row["status"] for row in esp.accepted()} == {"accepted"}, "told before it was due"
    found = fates(esp, 4)
    assert [found[email] for email in PEOPLE] == ["not_delivered", "not_delivered", "delivered", "delivered"]
    assert reasons_in_force(stores.ledger, key_of(stores.secrets, PEOPLE[2])) == frozenset()


def test_the_group_is_told_where_every_campaign_has_one_and_other_mail_still_goes(
    esp: RunningSimulator, stores: Stores, no_files: None
) -> None:
    know(stores.paths, stores.secrets, PEOPLE)
    first, second = (esp.post("/v3/asm/groups", {"name": name, "description": "d"})["id"] for name in ("news", "offers"))
    plan_with(stores.ledger, first, "a")
    plan_with(stores.ledger, second, "b")
    leave(stores.ledger, stores.secrets, PEOPLE[0])
    export_unsubscribes(stores, account(esp))
    assert [esp.get(f"/v3/asm/groups/{group}/suppressions") for group in (first, second)] == [[PEOPLE[0]]] * 2
    assert esp.get("/v3/suppression/unsubscribes") == []
    esp.send(mail(1, asm={"group_id": second}))
    assert fates(esp, 1)[PEOPLE[0]] == "not_delivered"
    lift(stores.ledger, key_of(stores.secrets, PEOPLE[0]), "preference_page")
    export_unsubscribes(stores, account(esp))
    assert [esp.get(f"/v3/asm/groups/{group}/suppressions") for group in (first, second)] == [[], []]


def test_a_group_that_was_deleted_stops_nothing_so_the_global_list_does(
    esp: RunningSimulator, stores: Stores, no_files: None
) -> None:
    know(stores.paths, stores.secrets, PEOPLE)
    plan_with(stores.ledger, 4711)
    leave(stores.ledger, stores.secrets, PEOPLE[0])
    assert export_unsubscribes(stores, account(esp))["left"] == 1
    assert [row["email"] for row in esp.get("/v3/suppression/unsubscribes")] == [PEOPLE[0]]


def test_a_campaign_without_a_group_needs_the_global_list(ledger: Ledger, no_files: None) -> None:
    assert groups_in_use(ledger) == {None}
    plan_with(ledger, 7, "a")
    assert groups_in_use(ledger) == {7}
    plan_with(ledger, None, "b")
    assert groups_in_use(ledger) == {7, None}


def test_campaign_files_count_too(ledger: Ledger) -> None:
    assert campaign_names()
    plan_with(ledger, 7)
    assert groups_in_use(ledger) == {7, None}


def test_only_what_is_news_to_sendgrid_is_told_and_only_once(
    esp: RunningSimulator, stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    know(stores.paths, stores.secrets, PEOPLE)
    leave(stores.ledger, stores.secrets, PEOPLE[0])
    leave(stores.ledger, stores.secrets, PEOPLE[1], source="webhook")
    suppress(stores.ledger, [Suppression(key_of(stores.secrets, PEOPLE[2]), "hard_bounce", "webhook", 1.0)])
    leave(stores.ledger, stores.secrets, "stranger@example.org")
    with caplog.at_level(logging.DEBUG):
        assert export_unsubscribes(stores, account(esp)) == {"left": 1, "back": 0, "unknown": 1}
    assert "@" not in caplog.text
    assert [row["email"] for row in esp.get("/v3/suppression/unsubscribes")] == [PEOPLE[0]]
    assert export_unsubscribes(stores, account(esp)) == {"left": 0, "back": 0, "unknown": 0}


def test_a_person_whose_address_is_gone_from_the_source_is_found_in_the_plan(esp: RunningSimulator, stores: Stores) -> None:
    plan_id = frozen_plan(stores, 4, chunk_size=2)
    with stores.ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.plan_id == plan_id).values(send_at=time.time() + 3600))
    plan = stores.paths.root / "plans"
    with open_warehouse(stores.paths) as warehouse:
        query = "select address_key, email from read_parquet($1) order by 1 limit 1"
        ((key, email),) = warehouse.execute(query, [f"{plan}/**/part-*.parquet"]).fetchall()
    suppress(stores.ledger, [Suppression(key, "unsubscribe", "one_click", time.time())])
    assert export_unsubscribes(stores, account(esp)) == {"left": 1, "back": 0, "unknown": 0}
    assert [row["email"] for row in esp.get("/v3/suppression/unsubscribes")] == [email.lower()]


def test_our_own_entry_does_not_suppress_who_came_back_before_sendgrid_was_told(
    esp: RunningSimulator, stores: Stores
) -> None:
    know(stores.paths, stores.secrets, PEOPLE)
    key = key_of(stores.secrets, PEOPLE[0])
    leave(stores.ledger, stores.secrets, PEOPLE[0])
    export_unsubscribes(stores, account(esp))
    # The press came while SendGrid was being told: the entry there is younger than the return.
    with stores.ledger.write() as connection:
        gone = Suppression(key, "unsubscribe", "preference_page", time.time() - 30)
        suppressions._append(connection, "lift", [gone])
    sync_suppressions(stores, account(esp))
    assert reasons_in_force(stores.ledger, key) == frozenset()
    export_unsubscribes(stores, account(esp))
    assert esp.get("/v3/suppression/unsubscribes") == []


def test_who_left_one_of_our_groups_has_left_and_other_groups_are_other_mail(esp: RunningSimulator, stores: Stores) -> None:
    know(stores.paths, stores.secrets, PEOPLE)
    ours, receipts = (esp.post("/v3/asm/groups", {"name": name, "description": "d"})["id"] for name in ("news", "receipts"))
    plan_with(stores.ledger, ours)
    plan_with(stores.ledger, 4711, "whose group was deleted")
    esp.post(f"/v3/asm/groups/{ours}/suppressions", {"recipient_emails": [PEOPLE[0].upper(), PEOPLE[1]]})
    esp.post(f"/v3/asm/groups/{receipts}/suppressions", {"recipient_emails": [PEOPLE[2]]})
    leave(stores.ledger, stores.secrets, PEOPLE[1])
    lift(stores.ledger, key_of(stores.secrets, PEOPLE[1]), "preference_page")
    assert sync_suppressions(stores, account(esp))["groups"] == {"rows": 2, "new": 1, "unreadable": 0}
    in_force = [bool(reasons_in_force(stores.ledger, key_of(stores.secrets, email))) for email in PEOPLE]
    assert in_force == [True, False, False, False]
    assert sync_suppressions(stores, account(esp))["groups"]["new"] == 0
    export_unsubscribes(stores, account(esp))
    assert esp.get(f"/v3/asm/groups/{ours}/suppressions") == [PEOPLE[0]], "who came back is off the list"
    esp.post(f"/v3/asm/groups/{ours}/suppressions", {"recipient_emails": [PEOPLE[1]]})
    assert sync_suppressions(stores, account(esp))["groups"]["new"] == 0, "SendGrid knows it only just"


def test_a_refusal_tells_no_address_and_a_provider_without_lists_is_no_error(
    sendgrid: tuple[SendGrid, SendGridAccount], stores: Stores
) -> None:
    state, where = sendgrid
    know(stores.paths, stores.secrets, PEOPLE)
    leave(stores.ledger, stores.secrets, PEOPLE[0])
    lift(stores.ledger, key_of(stores.secrets, PEOPLE[0]), "preference_page")
    state.answer = (403, b"{}")
    with pytest.raises(ConfigurationError, match=r"DELETE /v3/asm/suppressions/global/…") as error:
        export_unsubscribes(stores, where)
    assert "person0" not in str(error.value) + KEY
    state.answer = (404, b"{}")
    assert export_unsubscribes(stores, where) == {"exported": "not offered"}
    state.answer = (204, b"")
    assert export_unsubscribes(stores, where) == {"left": 0, "back": 1, "unknown": 0}


def moved(paths: DataPaths, secrets: Secrets) -> None:
    """Each person of the list had `old<n>` before: as ingest keeps it."""
    rows = [subscriber(number, email=f"old{number}@gmail.example.com") for number in range(len(PEOPLE))]
    ingest(paths, *rows)
    ingest(paths, *[row | {"email": PEOPLE[at], "updated_at": "2026-01-01"} for at, row in enumerate(rows)])


OLD_LINKS = {"one click": ("unsubscribe", "one_click"), "a complaint": ("spam_complaint", "webhook")}


@pytest.mark.parametrize(("reason", "source"), OLD_LINKS.values(), ids=OLD_LINKS)
def test_who_leaves_by_a_mail_to_an_old_address_gets_nothing_of_what_is_scheduled_to_the_new_one(
    esp: RunningSimulator, stores: Stores, reason: str, source: str
) -> None:
    moved(stores.paths, stores.secrets)
    assert esp.send(mail(4, send_at=int(time.time()) + 4)).status_code == 202
    old = [key_of(stores.secrets, f"old{number}@gmail.example.com") for number in range(2)]
    suppress(stores.ledger, [Suppression(key, reason, source, time.time()) for key in old])
    assert export_unsubscribes(stores, account(esp))["left"] == 2
    assert {row["status"] for row in esp.accepted()} == {"accepted"}, "told before it was due"
    found = fates(esp, 4)
    assert [found[email] for email in PEOPLE] == ["not_delivered", "not_delivered", "delivered", "delivered"]


def test_who_comes_back_under_an_old_address_comes_back_under_the_new_one(esp: RunningSimulator, stores: Stores) -> None:
    moved(stores.paths, stores.secrets)
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
    assert fates(esp, 2) == {PEOPLE[0]: "delivered", PEOPLE[1]: "not_delivered"}


def test_who_gave_an_address_up_has_not_left_so_sendgrid_is_told_nothing(esp: RunningSimulator, stores: Stores) -> None:
    plan_with(stores.ledger, None)
    with stores.ledger.write() as connection:
        connection.execute(update(plans).values(state="sending"))
    with sync_withdrawals_on_exit(stores):
        moved(stores.paths, stores.secrets)
    with stores.ledger.read() as connection:
        assert set(suppressions.of_source(connection)["reason"].to_pylist()) == {"address_given_up"}
    assert export_unsubscribes(stores, account(esp)) == {"left": 0, "back": 0, "unknown": 0}
    assert esp.get("/v3/suppression/unsubscribes") == []
    assert esp.send(mail(4)).status_code == 202
    assert set(fates(esp, 4).values()) == {"delivered"}
