"""Compares plans with a model of consent over random histories (hypothesis).

A person is an id and every address that it ever had, the newest answer about any of them decides, ties go to no.

A history has source rows (with older, equal, future and unreadable times), full and incremental passes, stopped batches,
one-click unsubscribes, complaints, confirmations and resubscriptions in any order. After each event the audience of a plan
is compared with the model in `tests.validate.newest_answer`.
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, example, given, note, settings
from hypothesis import strategies as st

from include.core import clock
from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.core.shop import MARKETING
from include.ledger import consent, suppressions
from include.ledger.consent import Consent
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.ledger.suppressions import Suppression
from include.validate import row_rules, table_rules
from include.warehouse.connection import open_warehouse
from tests.rows import Row, subscriber
from tests.validate.conftest import query
from tests.validate.newest_answer import (
    ANSWER,
    EMAILS,
    PASS,
    YES,
    Answer,
    History,
    Pass,
    Said,
    certainly_no,
    certainly_yes,
    day,
)
from tests.validate.people import audience, ingest


class World:
    """A warehouse and a ledger with a simulated clock; each event takes a day."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.paths = DataPaths(root / "data")
        self.paths.root.mkdir()
        self.secrets = load_secrets(self.paths)
        self.ledger = open_ledger(f"sqlite:///{self.paths.ledger}", self.secrets)
        self.stores = Stores(self.paths, self.ledger, self.secrets)
        with open_warehouse(self.paths):
            self.history = History()
        self.today = 20
        self.stops = False
        patch.setattr(clock, "now", lambda: day(self.today))
        patch.setattr(row_rules, "check_rows", check_rows)
        patch.setattr(table_rules, "check_table", lambda numbers, batch: [])
        patch.setattr(table_rules, "stop_reason", lambda judged, numbers, accept: "stopped" if self.stops else None)

    def apply(self, what: Pass | Answer) -> None:
        self.today += what.days_later if isinstance(what, Answer) else 1
        note(f"day {self.today}: {what}")
        if isinstance(what, Pass):
            self.stops = what.stopped
            found = [self._row(said) for said in what.rows]
            ingest(self.paths, *found, since=None if what.full else day(0))
            self.history.passes.append((self.today, what))
        else:
            self._answer(what)
        for who, email in query(self.paths, "select subscriber_id, email from core.identities"):
            self.history.had.setdefault(who, set()).add(email)

    def _row(self, said: Said) -> Row:
        clocks = {"updated_at": said.changed, "consented_at": said.consented}
        moments = {name: "rubbish" if ago is None else str(day(self.today - ago)) for name, ago in clocks.items()}
        if said.consented is None:
            moments["consented_at"] = ""
        return subscriber(0) | moments | {
            "subscriber_id": said.who, "email": said.email, "status": said.status, "timezone": said.zone,
            "tracking_consent": said.tracked, "signed_up_at": None,
        }  # fmt: skip

    def _answer(self, event: Answer) -> None:
        key, now = address_key(self.secrets.address_key, event.email), day(self.today).timestamp()
        yes = Consent(key, MARKETING, True, event.what, now)
        if event.what == "leave":
            suppressions.suppress(self.ledger, [Suppression(key, "unsubscribe", "edge", now)])
        elif event.what == "complain":
            suppressions.suppress(self.ledger, [Suppression(key, "spam_complaint", "webhook", now)])
        elif event.what == "resubscribe":
            if not suppressions.lift(self.ledger, key, "preference_page"):
                return  # the page offers it to nobody else
            consent.record(self.ledger, [yes])
        elif consent.record_unless_suppressed(self.ledger, yes):
            return  # the page says that it cannot
        self.history.answers.append((self.today, event))


def check_rows(connection: Any, batch: Any, now: datetime) -> list[Any]:
    """The row rules that the histories can break, in SQL: Great Expectations takes a second per batch."""
    connection.execute("create or replace temp table faults (row_number bigint, reason varchar)")
    rules = {
        "id_missing": "subscriber_id is null",
        "address_missing": "email is null",
        "status_unknown": "coalesce(lower(status) not in ('subscribed', 'pending') and not says_no(status), true)",
        "consented_at_missing": "status = 'subscribed' and coalesce(consented_at, '') = ''",
        "timezone_unknown": "timezone <> 'UTC'",
        "updated_at_unreadable": "source_time(updated_at) is null",
        "updated_at_implausible": "source_time(updated_at) > $now + interval 1 day",
    }
    for reason, broken in rules.items():
        statement = f"insert into faults select row_number, '{reason}' from read_parquet($files) where {broken}"
        params = {"files": list(batch.files)} | ({"now": now} if "$now" in broken else {})
        connection.execute(statement, params)
    return []


def row(who: str, email: str, status: str | None = YES, changed: int | None = 0, consented: int | None = 0) -> Said:
    return Said(who, email, status, changed, consented, "UTC", "true")


def one(*rows: Said, full: bool = False) -> Pass:
    return Pass(rows, full, stopped=False)


A, B, TAG = EMAILS
NAMED = {
    "a consent of the moment of the refusal": [
        one(row("S1", A)), one(row("S1", A, "opted_out")), one(row("S1", A, consented=1)),
    ],
    "two rows of one time, the last one subscribed": [one(row("S1", A, "unsubscribed"), row("S1", A))],
    "a refusal with an older clock": [one(row("S1", A)), one(row("S1", A, "Deleted", changed=8, consented=8))],
    "one-click, then a +tag, then another address": [
        one(row("S1", B)), Answer("leave", B), one(row("S1", TAG)), one(row("S1", A)),
    ],
    "one-click under an address of before": [one(row("S1", B)), one(row("S1", A)), Answer("leave", B)],
    "a confirmation under another address in the moment of the one-click": [
        one(row("S1", B)), one(row("S1", A)), Answer("leave", B), Answer("confirm", A, days_later=0),
    ],
    "a confirmation under another address after the complaint": [
        one(row("S1", B)), one(row("S1", A)), Answer("complain", B), Answer("confirm", A),
    ],
    "consent under a new id, later than the refusal under the old one": [
        one(row("S1", A, "unsubscribed")), one(row("S2", A), row("S1", A, "unsubscribed", changed=1), full=True),
    ],
    "consent under a new id, of the moment of the refusal": [
        one(row("S1", A)), one(row("S1", A, "opted_out")), one(row("S2", A, consented=1), full=True),
    ],
    "a refusal dated before the confirmation that lands after it": [
        one(row("S1", B)), Answer("confirm", B), one(row("S1", B, "opted_out", changed=2)),
    ],
    "a new id that refuses, dated before the confirmation of its address": [
        Answer("confirm", B), one(row("S3", B, "opted_out", changed=2)),
    ],
    "a full pass that repeats a refusal after the confirmation": [
        one(row("S1", B)), one(row("S1", B, "opted_out")), Answer("confirm", B),
        one(row("S1", B, "opted_out", changed=2), full=True),
    ],
    "a proof that is lost": [one(row("S1", A)), one(row("S1", A, consented=None))],
}  # fmt: skip
"""Histories that random draws may miss: ties, former addresses, and later consent."""


UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Shrinking a history of seven events takes longer than a test may; a failure prints the history as it was found."""


def named(test: Any) -> Any:
    for events in NAMED.values():
        test = example(events=events)(test)
    return test


HISTORIES = st.lists(st.one_of(PASS, PASS, ANSWER), min_size=2, max_size=7)


@named
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), phases=UNSHRUNK)
@given(events=HISTORIES)
def test_plans_agree_with_the_consent_model(events: list[Pass | Answer]) -> None:
    require_agreement(events)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), phases=UNSHRUNK)
@given(events=HISTORIES)
def test_plans_agree_with_the_consent_model_in_many_histories(events: list[Pass | Answer]) -> None:
    require_agreement(events)


def require_agreement(events: list[Pass | Answer]) -> None:
    """After each event, nobody is planned who must not be, and everybody who wants mail."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        world = World(Path(folder), patch)
        for happening in events:
            world.apply(happening)
            said = audience(world.stores)
            for who, (state, reason, _) in said.items():
                why_not = certainly_no(world.history, who)
                assert not (state == "planned" and why_not), f"{who} is planned and {why_not}"
                wanted = certainly_yes(world.history, who, world.today)
                assert not (wanted and state != "planned"), f"{who} wants mail and is {state}: {reason}"
                event("wants mail" if wanted else why_not or "neither is certain")
                assert not (wanted and why_not), "the two functions of the model contradict each other"
        world.ledger.close()
