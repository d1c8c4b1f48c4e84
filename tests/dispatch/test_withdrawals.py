"""People opt out after a plan was frozen: the addresses that SendGrid accepts afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select, update

from include.core import clock
from include.core.campaign import Campaign
from include.core.errors import QualityStop
from include.core.keys import address_key
from include.core.manifest import Manifest
from include.core.paths import DataPaths
from include.dispatch.plan import chunking, freeze
from include.dispatch.send import sender
from include.dispatch.send.withdrawals import Withdrawals
from include.ledger import consent, suppression_tables, suppressions
from include.ledger.consent import MARKETING, Consent
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.ledger.tables import chunks, outcomes
from include.validate.batch import validate_batch
from include.validate.withdrawals import sync_withdrawals, sync_withdrawals_on_exit
from include.warehouse.connection import open_warehouse
from tests.campaign import a_campaign
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.frozen_segment import freeze_segment
from tests.rows import Row, subscriber
from tests.validate.conftest import land_rows
from tests.validate.people import ingest

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
NEWER, OLDER = "2026-01-01", "2024-01-01"
PEOPLE = [subscriber(number) for number in range(24)]
RUN = """
insert into segment.runs by name
select 'run-1' as segment_run, timestamptz '2026-11-24 00:00:00Z' as as_of, timestamptz '2026-11-24 00:00:00Z' as built_at
"""


FILES = {
    "subject.txt.j2": "News",
    "preheader.txt.j2": "What is new",
    "body.html.j2": '<html><body><p>{{ postal_address }}</p><a href="{{ unsubscribe_url }}">Unsubscribe</a></body></html>',
    "body.txt.j2": "{{ postal_address }} {{ unsubscribe_url }}",
}


@dataclass
class Sending:
    """A source, a campaign in chunks of four, and a server that records the accepted messages."""

    stores: Stores
    campaign: Campaign
    esp: ScriptedEsp

    def source(self, *rows: Row, full: bool = True) -> None:
        """Run ingest as the DAG does: withdrawals reach the ledger, even after a quality stop."""
        with sync_withdrawals_on_exit(self.stores):
            ingest(self.stores.paths, *rows, since=None if full else SINCE)

    def freeze(self, occurrence: str = "2026-W48") -> str:
        found = freeze.freeze(
            self.stores, self.campaign, occurrence=occurrence,
            edge_url="https://mail.tradewind.example", at=clock.now(),
        )  # fmt: skip
        return str(found["plan_id"])

    def send(self, plan_id: str) -> None:
        for part in sender.ranges(self.stores.ledger, plan_id):
            sender.send_range(self.stores, self.esp.account, **part)

    def key(self, email: str) -> str:
        return address_key(self.stores.secrets.address_key, email)

    def got(self) -> set[str]:
        """The accepted addresses."""
        return {person["to"][0]["email"] for body in self.esp.bodies for person in body["personalizations"]}

    def suppress(self, email: str, reason: str) -> None:
        suppressions.suppress(self.stores.ledger, [Suppression(self.key(email), reason, "test", clock.now().timestamp())])


@cache
def _ingested() -> tempfile.TemporaryDirectory[str]:
    """A data folder with `PEOPLE`, to be copied: ingest takes a second."""
    folder = tempfile.TemporaryDirectory(prefix="tradewind-ingested-")
    paths = DataPaths(Path(folder.name))
    ingest(paths, *PEOPLE)
    with open_warehouse(paths) as warehouse:
        warehouse.execute(RUN)
        freeze_segment(warehouse, "newsletter_readers", "select subscriber_id from core.subscribers")
    return folder


@pytest.fixture
def ingested_people(paths: DataPaths) -> None:
    """`PEOPLE` are in the warehouse, all in one segment. Before `stores`, which read the keys that come with them."""
    shutil.copytree(_ingested().name, paths.root, dirs_exist_ok=True)


@pytest.fixture
def sending(ingested_people: None, stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sending]:
    folder = tmp_path / "templates" / "spring"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    monkeypatch.setenv("TRADEWIND_TEMPLATES", str(folder.parent))
    monkeypatch.setattr(chunking, "CHUNK_SIZE", 4)
    campaign = a_campaign(occurrence="week", segment="newsletter_readers")
    made = Sending(stores, campaign, ScriptedEsp())
    sync_withdrawals(stores)
    yield made
    made.esp.stop()


def email(number: int) -> str:
    return str(PEOPLE[number]["email"])


def others(*gone: int) -> set[str]:
    return {email(number) for number in range(len(PEOPLE)) if number not in gone}


def test_withdrawals_at_the_source_after_planning_are_not_sent_to(sending: Sending) -> None:
    plan_id = sending.freeze()
    rows = [dict(row) for row in PEOPLE]
    rows[0] |= {"status": "unsubscribed", "updated_at": NEWER}
    rows[1] |= {"status": "opted_out", "updated_at": OLDER}
    rows[2] |= {"lawful_basis": None, "updated_at": NEWER}
    rows[3] |= {"email": None}
    rows[4] |= {"timezone": "Mars"}
    rows[5] |= {"email": "moved@example.com", "status": "unsubscribed", "updated_at": NEWER}
    del rows[6]
    sending.source(*rows)
    sending.send(plan_id)
    assert sending.got() == others(0, 1, 2, 3, 4, 5, 6)


def test_held_deletion_is_not_sent_to_until_its_row_returns(sending: Sending) -> None:
    """A row without an id may belong to a missing subscriber: no deletion, but no mail to missing ones either."""
    plan_id = sending.freeze()
    sending.source(*PEOPLE[2:], subscriber(99, subscriber_id=None))
    sending.source(PEOPLE[1], full=False)
    sending.send(plan_id)
    assert sending.got() == others(0)


def check(sending: Sending, manifest: Manifest) -> None:
    with sync_withdrawals_on_exit(sending.stores):
        validate_batch(sending.stores.paths, manifest)


def test_withdrawals_of_a_stopped_batch_are_not_sent_to(sending: Sending) -> None:
    plan_id = sending.freeze()
    manifest = land_rows(sending.stores.paths, "subscribers", [PEOPLE[0] | {"status": "opted_out"}])
    with pytest.raises(QualityStop):
        check(sending, manifest)
    sending.send(plan_id)
    assert sending.got() == others(0)


def test_corrected_row_is_sent_to_unless_another_suppression_is_in_force(sending: Sending) -> None:
    plan_id = sending.freeze()
    bad = [row | {"timezone": "Mars"} for row in PEOPLE[:3]]
    sending.source(*bad, full=False)
    sending.suppress(email(1), "unsubscribe")
    sending.source(*PEOPLE[:2], full=False)
    sending.send(plan_id)
    assert sending.got() == others(1, 2)


def test_lifting_one_reason_during_the_send_keeps_the_others_in_force(sending: Sending) -> None:
    """One change per request in one process: the sender reads the suppression log before each claim."""
    plan_id = sending.freeze()
    last = list(PEOPLE[-1:])
    acts: Iterator[Callable[[], None]] = iter([
        lambda: sending.source(last[0] | {"timezone": "Mars"}, full=False),
        lambda: sending.suppress(str(last[0]["email"]), "spam_complaint"),
        lambda: sending.source(*last, full=False),
    ])  # fmt: skip
    answer = sending.esp.answer

    def act(number: int, body: dict[str, Any]) -> Any:
        next(acts, lambda: None)()
        return answer(number, body)

    sending.esp.answer = act
    wire = [row for path in sorted(part_files(sending)) for row in pq.read_table(path)["email"].to_pylist()]
    last[0] = next(row for row in PEOPLE if row["email"] == wire[-1])
    sending.send(plan_id)
    assert sending.got() == {row["email"] for row in PEOPLE} - {last[0]["email"]}


def part_files(sending: Sending) -> list[Path]:
    return list((sending.stores.paths.plans / "spring" / "2026-W48").glob("part-*.parquet"))


@pytest.mark.parametrize("reason", ["unsubscribe", "spam_complaint", "erasure"])
def test_unsubscribe_link_of_an_old_message_applies_to_the_new_address(sending: Sending, reason: str) -> None:
    sending.source(PEOPLE[0] | {"email": "new@example.com", "updated_at": NEWER}, full=False)
    plan_id = sending.freeze()
    sending.suppress(email(0), reason)
    sending.send(plan_id)
    assert sending.got() == others(0)


def test_bounce_of_an_old_address_does_not_suppress_the_new_one(sending: Sending) -> None:
    sending.source(PEOPLE[0] | {"email": "new@example.com", "updated_at": NEWER}, full=False)
    plan_id = sending.freeze()
    sending.suppress(email(0), "hard_bounce")
    sending.send(plan_id)
    assert sending.got() == others(0) | {"new@example.com"}


def test_withdrawal_does_not_suppress_the_new_owner_of_the_address(sending: Sending) -> None:
    sending.source(PEOPLE[0] | {"email": "new@example.com", "updated_at": NEWER}, full=False)
    sending.source(subscriber(99, email=email(0), updated_at=NEWER), full=False)
    with open_warehouse(sending.stores.paths) as warehouse:
        freeze_segment(warehouse, "newsletter_readers", "select subscriber_id from core.subscribers")
    plan_id = sending.freeze()
    sending.source(PEOPLE[0] | {"email": "new@example.com", "updated_at": NEWER, "timezone": "Mars"}, full=False)
    sending.send(plan_id)
    assert sending.got() == {email(number) for number in range(len(PEOPLE))}


def test_withdrawals_are_recorded_once_and_only_for_open_plans(sending: Sending) -> None:
    sending.source(PEOPLE[0] | {"status": "unsubscribed", "updated_at": NEWER}, full=False)
    assert suppressions_of_source(sending) == []
    plan_id = sending.freeze()
    sending.source(PEOPLE[1] | {"status": "unsubscribed", "updated_at": NEWER}, full=False)
    assert suppressions_of_source(sending) == [(sending.key(email(1)), "unsubscribed_at_source")]
    assert sync_withdrawals(sending.stores) == {"suppressed": 0, "lifted": 0}
    at = clock.now().timestamp()
    consent.record(sending.stores.ledger, [Consent(sending.key(email(1)), MARKETING, True, "preference_page", at)])
    assert sync_withdrawals(sending.stores) == {"suppressed": 0, "lifted": 1}
    assert suppressions_of_source(sending) == []
    sending.send(plan_id)
    assert sending.got() == others(0)


def suppressions_of_source(sending: Sending) -> list[tuple[str, str]]:
    with sending.stores.ledger.read() as connection:
        return [(row["address_key"], row["reason"]) for row in suppression_tables.of_source(connection).to_pylist()]


WAYS: dict[str, Callable[[Sending], None]] = {
    "a word at the source": lambda sending: sending.source(PEOPLE[0] | {"status": "cleaned"}, full=False),
    "a row that cannot be read": lambda sending: sending.source(PEOPLE[0] | {"consented_at": None}, full=False),
    "gone from a full pass": lambda sending: sending.source(*PEOPLE[1:]),
    "one click": lambda sending: sending.suppress(email(0), "unsubscribe"),
    "a complaint": lambda sending: sending.suppress(email(0), "spam_complaint"),
    "a bounce": lambda sending: sending.suppress(email(0), "hard_bounce"),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_opt_outs_before_planning_are_not_planned(sending: Sending, way: Callable[[Sending], None]) -> None:
    way(sending)
    sending.send(sending.freeze())
    assert sending.got() == others(0)


def test_consent_that_ends_between_plan_and_request_stops_the_mail(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = clock.now()
    soon, later = (planned + timedelta(days=days) for days in (2, 9))
    dates = zip(PEOPLE, (soon, later), strict=False)
    ends = [row | {"consent_expires_at": f"{end:%Y-%m-%d %H:%M:%S}"} for row, end in dates]
    implied = {"lawful_basis": "implied", "consented_at": f"{planned - timedelta(days=180):%Y-%m-%d}"}
    sending.source(*(row | {"updated_at": NEWER} for row in (*ends, PEOPLE[2] | implied)), full=False)
    plan_id = sending.freeze()
    monkeypatch.setattr(clock, "now", lambda: planned + timedelta(days=7))
    sending.send(plan_id)
    assert sending.got() == others(0, 2)
    assert reasons(sending, plan_id) == {"consent_expired": 2}


def test_consent_must_last_until_the_mail_is_delivered(sending: Sending) -> None:
    """SendGrid holds the mail until its send_at."""
    ends = clock.now() + timedelta(hours=3)
    sending.source(PEOPLE[0] | {"consent_expires_at": f"{ends:%Y-%m-%d %H:%M:%S}", "updated_at": NEWER}, full=False)
    plan_id = sending.freeze()
    with sending.stores.ledger.write() as connection:
        connection.execute(update(chunks).values(send_at=(ends + timedelta(hours=1)).timestamp()))
    sending.send(plan_id)
    assert sending.got() == others(0)


def test_plan_of_an_older_version_has_no_end_of_consent() -> None:
    ends = pa.array([None, 1_000_000, 1_000_001], pa.timestamp("us", "UTC"))
    people = pa.table({"message_key": ["k", "l", "m"], "address_key": ["a", "b", "c"], "consent_expires_at": ends})
    withdrawals = Withdrawals(0, {})
    assert [(each.row, each.reason) for each in withdrawals.excluded(people, [0, 1, 2], 1.0)] == [(1, "consent_expired")]
    assert withdrawals.excluded(people, [0, 2], 1.0) == []
    assert withdrawals.excluded(people.drop_columns("consent_expires_at"), [0, 1, 2], 1.0) == []


def reasons(sending: Sending, plan_id: str) -> dict[str, int]:
    with sending.stores.ledger.read() as connection:
        query = select(outcomes.c.reason, func.count()).where(outcomes.c.plan_id == plan_id).group_by(outcomes.c.reason)
        return {row[0]: row[1] for row in connection.execute(query)}
