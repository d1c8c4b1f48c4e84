"""The suppression log and the consent log, and what is in force by them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from include.core import clock
from include.core.shop import PAUSE, PAUSE_SECONDS, UnknownTopic
from include.ledger import consent, suppression_tables, suppressions
from include.ledger.consent import MARKETING, TRACKING, Consent
from include.ledger.database import Ledger
from include.ledger.suppressions import Suppression
from include.ledger.tables import consent_log, suppression_log

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def left(address: str, reason: str = "unsubscribe", at: float = 1.0, message: str | None = None) -> Suppression:
    return Suppression(address, reason, "edge", at, message)


def test_suppression_is_recorded_once_with_its_details(ledger: Ledger) -> None:
    assert suppressions.suppress(ledger, [left(A, at=5.0, message="k"), left(A, "hard_bounce"), left(B)]) == 3
    assert suppressions.suppress(ledger, [left(A), left(B), left(C)]) == 1
    with ledger.read() as connection:
        first = dict(connection.execute(select(suppression_log).order_by(suppression_log.c.seq)).mappings().first() or {})
        assert suppressions.last_seq(connection) == 4
    assert first.pop("recorded_at") == pytest.approx(clock.now().timestamp(), abs=30)
    expected = {"address_key": A, "action": "suppress", "reason": "unsubscribe", "source": "edge"}
    assert {name: first[name] for name in expected} == expected
    assert (first["happened_at"], first["message_key"]) == (5.0, "k")


def test_unknown_reason_refuses_the_whole_batch(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match=r"\['because'\]"):
        suppressions.suppress(ledger, [left(A), left(B, "because")])
    assert not suppressions.reasons_in_force(ledger, A)


def test_erased_people_are_listed_by_each_of_their_keys(ledger: Ledger) -> None:
    suppressions.suppress(ledger, [left(A, "erasure"), left(B, "erasure"), left(B), left(C)])
    assert suppressions.erased_keys(ledger) == {A, B}


def test_lift_removes_only_an_unsubscribe(ledger: Ledger) -> None:
    suppressions.suppress(ledger, [left(A), left(A, "hard_bounce"), left(B, "spam_complaint")])
    assert suppressions.reasons_in_force(ledger, A) == {"unsubscribe", "hard_bounce"}
    assert suppressions.lift(ledger, A, "preferences", "k")
    assert suppressions.reasons_in_force(ledger, A) == {"hard_bounce"}
    assert suppressions.reasons_in_force(ledger, A)
    assert not suppressions.lift(ledger, A, "preferences")
    assert not suppressions.lift(ledger, B, "preferences")
    assert not suppressions.reasons_in_force(ledger, C)
    with ledger.read() as connection:
        lifted = connection.execute(select(suppression_log).where(suppression_log.c.action == "lift")).mappings().one()
        (row,) = suppression_tables.lifts(connection).to_pylist()
    assert (lifted["source"], lifted["message_key"], lifted["reason"]) == ("preferences", "k", "unsubscribe")
    assert row == {"address_key": A, "reason": "unsubscribe", "lifted_at": lifted["happened_at"]}
    assert lifted["happened_at"] == pytest.approx(clock.now().timestamp(), abs=30)
    assert suppressions.suppress(ledger, [left(A)]) == 1
    assert suppressions.reasons_in_force(ledger, A) == {"unsubscribe", "hard_bounce"}


def test_empty_suppression_log_gives_empty_tables(ledger: Ledger) -> None:
    with ledger.read() as connection:
        table, seq = suppression_tables.in_force(connection)
        assert (table.num_rows, table.column_names, seq) == (0, ["address_key", "reason", "happened_at"], 0)
        assert [str(kind) for kind in table.schema.types] == ["string", "string", "timestamp[us, tz=UTC]"]
        lifts = suppression_tables.lifts(connection)
    assert (lifts.num_rows, lifts.column_names) == (0, ["address_key", "reason", "lifted_at"])
    assert [str(kind) for kind in lifts.schema.types] == ["string", "string", "double"]


def test_suppressions_in_force_and_their_sequence_number(ledger: Ledger) -> None:
    suppressions.suppress(ledger, [left(A), left(A, "hard_bounce"), left(B), left(C, "manual")])
    suppressions.lift(ledger, B, "preferences")
    with ledger.read() as connection:
        table, seq = suppression_tables.in_force(connection)
        assert seq == 5
        rows = sorted(tuple(each.values()) for each in table.to_pylist())
        assert rows == [(A, "hard_bounce", at(1.0)), (A, "unsubscribe", at(1.0)), (C, "manual", at(1.0))]
        assert suppressions.since(connection, seq) == []
        assert suppressions.since(connection, seq - 2) == [(4, C, "suppress", "manual"), (5, B, "lift", "unsubscribe")]


@pytest.mark.usefixtures("tokyo")
def test_timestamps_do_not_depend_on_the_local_time_zone(ledger: Ledger) -> None:
    suppressions.suppress(ledger, [left(A, at=5.0)])
    consent.record(ledger, [Consent(B, MARKETING, True, "form", 6.0)])
    with ledger.read() as connection:
        assert suppression_tables.in_force(connection)[0]["happened_at"].to_pylist() == [at(5.0)]
        assert consent.in_force(connection)["happened_at"].to_pylist() == [at(6.0)]


def test_suppressions_are_written_in_batches(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppressions, "_BATCH", 3)
    people = [f"{person:064d}" for person in range(8)]
    assert suppressions.suppress(ledger, [left(person) for person in people]) == 8
    assert suppressions.suppress(ledger, [left(person) for person in people]) == 0


def test_latest_consent_per_topic_is_in_force(ledger: Ledger) -> None:
    given = [Consent(A, MARKETING, True, "form", 1.0, "k"), Consent(A, TRACKING, False, "form", 1.0)]
    assert consent.record(ledger, given) == 2
    assert consent.record(ledger, [*given, Consent(B, MARKETING, True, "form", 1.0)]) == 1
    assert consent.record(ledger, [Consent(A, MARKETING, False, "preferences", 2.0)]) == 1
    assert consent.of_person(ledger, A) == {MARKETING: False, TRACKING: False}
    assert (consent.of_person(ledger, B), consent.of_person(ledger, C)) == ({MARKETING: True}, {})
    with ledger.read() as connection:
        rows = sorted(tuple(each.values()) for each in consent.in_force(connection).to_pylist())
        first = dict(connection.execute(select(consent_log).order_by(consent_log.c.seq)).mappings().first() or {})
    assert rows == [
        (A, MARKETING, False, at(2.0)),
        (A, TRACKING, False, at(1.0)),
        (B, MARKETING, True, at(1.0)),
    ]
    expected = {"source": "form", "happened_at": 1.0, "message_key": "k", "given": 1, "topic": MARKETING}
    assert {name: first[name] for name in expected} == expected


def test_consent_for_an_unknown_topic_refuses_the_whole_batch(ledger: Ledger) -> None:
    with pytest.raises(UnknownTopic, match=r"consent log: the topic .*no_such_topic.* does not exist"):
        consent.record(ledger, [Consent(A, MARKETING, True, "form", 1.0), Consent(A, "no_such_topic", True, "form", 1.0)])
    assert consent.of_person(ledger, A) == {}
    assert consent.record(ledger, [Consent(A, "no_such_topic", True, "form", 1.0)], restored=True) == 1


def test_empty_consent_log_gives_an_empty_table(ledger: Ledger) -> None:
    with ledger.read() as connection:
        table = consent.in_force(connection)
    kinds = ["string", "string", "bool", "timestamp[us, tz=UTC]"]
    assert (table.num_rows, [str(kind) for kind in table.schema.types]) == (0, kinds)
    assert table.column_names == ["address_key", "topic", "given", "happened_at"]


def test_repeated_consent_is_recorded_again_only_after_a_pause(ledger: Ledger) -> None:
    assert consent.record(ledger, [Consent(A, MARKETING, True, "form", 1.0)]) == 1
    assert consent.record(ledger, [Consent(A, MARKETING, True, "form", 30.0)]) == 0
    assert consent.record(ledger, [Consent(A, MARKETING, True, "form", 1.0 + consent.REPEAT_SECONDS)]) == 0
    assert consent.record(ledger, [Consent(A, MARKETING, True, "form", 500.0)]) == 1
    with ledger.read() as connection:
        assert [row["happened_at"] for row in consent.in_force(connection).to_pylist()] == [at(500.0)]


def test_opt_out_after_a_confirmation_is_recorded_again(ledger: Ledger) -> None:
    suppressions.suppress(ledger, [left(A, at=1.0), left(A, "hard_bounce")])
    assert suppressions.suppress(ledger, [left(A, at=50.0)]) == 0
    consent.record(ledger, [Consent(B, MARKETING, True, "confirmation", 20.0)])
    assert suppressions.suppress(ledger, [left(A, at=1.0), left(A, "hard_bounce", 60.0)]) == 0
    assert suppressions.suppress(ledger, [left(A, at=50.0)]) == 1
    assert suppressions.suppress(ledger, [left(A, at=70.0)]) == 0


def test_opt_out_after_a_simultaneous_confirmation_is_recorded_again(ledger: Ledger) -> None:
    suppressions.suppress(ledger, [left(A, at=20.0)])
    consent.record(ledger, [Consent(A, MARKETING, True, "confirmation", 20.0)])
    assert suppressions.suppress(ledger, [left(A, at=50.0)]) == 1


def test_source_suppressions_do_not_block_a_confirmation_and_are_not_copied(ledger: Ledger) -> None:
    suppressions.suppress(ledger, [left(A, "unsubscribed_at_source"), left(A, "row_quarantined"), left(B, "manual")])
    assert suppressions.reasons_in_force(ledger, A) == frozenset()
    assert consent.record_unless_suppressed(ledger, Consent(A, MARKETING, True, "confirmation", 1.0)) == frozenset()
    with ledger.read() as connection:
        assert suppression_tables.in_force(connection)[0]["address_key"].to_pylist() == [B]
        assert sorted(suppression_tables.of_source(connection)["reason"].to_pylist()) == [
            "row_quarantined",
            "unsubscribed_at_source",
        ]
    assert suppressions.lift_all(ledger, [left(A, "row_quarantined"), left(B, "row_quarantined")]) == 1
    with ledger.read() as connection:
        assert suppression_tables.of_source(connection)["reason"].to_pylist() == ["unsubscribed_at_source"]


def test_confirmation_is_recorded_unless_the_address_is_suppressed(ledger: Ledger) -> None:
    suppressions.suppress(ledger, [left(B, "hard_bounce")])
    kept, refused = (Consent(address, MARKETING, True, "confirmation", 1.0) for address in (A, B))
    assert consent.record_unless_suppressed(ledger, kept) == frozenset()
    assert consent.record_unless_suppressed(ledger, refused) == {"hard_bounce"}
    assert (consent.of_person(ledger, A), consent.of_person(ledger, B)) == ({MARKETING: True}, {})


def test_pause_is_over_when_its_last_second_is(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    assert consent.paused_until(ledger, A) is None
    consent.record(ledger, [Consent(A, PAUSE, False, "preference_page", 1000.0)])
    end = at(1000.0 + PAUSE_SECONDS)
    for now, until in ((end - timedelta(seconds=1), end), (end, None)):
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        assert consent.paused_until(ledger, A) == until


def test_consent_since_a_sequence_number_and_a_time(ledger: Ledger) -> None:
    with ledger.read() as connection:
        assert consent.last_seq(connection) == 0
    answers = [Consent(address, MARKETING, given, "form", at) for address, given, at in ((A, True, 1.0), (B, False, 2.0))]
    consent.record(ledger, [*answers, Consent(C, MARKETING, True, "form", 3.0)])
    with ledger.read() as connection:
        assert consent.last_seq(connection) == 3
        assert [answer.address_key for answer in consent.since(connection, 0, 2.0)] == [B, C]
        assert consent.since(connection, 1, 0.0)[0] == answers[1]
        assert consent.since(connection, 3, 0.0) == []
