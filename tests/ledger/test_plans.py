"""A plan is frozen once, has one batch, and changes its state only from allowed states."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from sqlalchemy.exc import IntegrityError

from include.core.errors import ConservationBroken
from include.ledger import chunks, counts, plans, tables, watermarks
from include.ledger.database import Ledger
from tests.ledger.plan import PLAN, claim, freeze, row, tally


def test_plan_id_is_derived_from_campaign_occurrence_and_kind() -> None:
    assert plans.plan_id_of("spring", "2026-W48") == "ababc7e4-6001-5003-b3d0-130c3b8ae2db"
    others = {plans.plan_id_of("spring", "2026-W49"), plans.plan_id_of("winter", "2026-W48")}
    assert len(others | {plans.plan_id_of("spring", "2026-W48"), plans.plan_id_of("spring", "2026-W48", plans.TEST)}) == 4


def test_existing_plan_is_not_frozen_again(ledger: Ledger) -> None:
    freeze(ledger, (10, 20))
    claim(ledger, 1)
    found = plans.find_plan(ledger, PLAN)
    assert found is not None
    fresh = {**asdict(found), "selected": 7}
    assert not plans.freeze_plan(ledger, fresh, [{**row(ledger, 0), "chunk": 9}])
    assert tally(ledger).selected == 30
    assert plans.find_plan(ledger, "another") is None


def test_plan_with_invalid_chunks_is_rolled_back(ledger: Ledger) -> None:
    freeze(ledger)
    found = plans.find_plan(ledger, PLAN)
    assert found is not None
    twice = [{**row(ledger), "plan_id": "another"}] * 2
    with pytest.raises(IntegrityError):
        plans.freeze_plan(ledger, {**asdict(found), "plan_id": "another", "occurrence": "2"}, twice)
    assert plans.find_plan(ledger, "another") is None


def test_chunks_of_a_large_plan_are_inserted_in_batches(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_BATCH", 3)
    freeze(ledger, (1,) * 8)
    assert tally(ledger).pending == 8


def test_plan_has_one_batch_id(ledger: Ledger) -> None:
    freeze(ledger)
    freeze(ledger, plan_id="another")
    assert plans.set_batch_id(ledger, PLAN, "first") == "first"
    assert plans.set_batch_id(ledger, PLAN, "second") == "first"
    assert plans.set_batch_id(ledger, PLAN, "third", instead_of="second") == "first"
    assert plans.set_batch_id(ledger, PLAN, "third", instead_of="first") == "third"
    assert plans.set_batch_id(ledger, "another", "fourth") == "fourth"


def test_batch_status_keeps_its_first_time_until_released(ledger: Ledger) -> None:
    freeze(ledger)
    freeze(ledger, plan_id="another")
    with ledger.write() as connection:
        assert plans.set_batch_status(connection, PLAN, "pause", 100.0) == 100.0
        assert not plans.is_cancelled_at_sendgrid(connection, PLAN, 100.0 + plans.NOTICE_SECONDS + 1)
        assert plans.set_batch_status(connection, PLAN, "cancel", 200.0) == 100.0
        assert plans.is_cancelled_at_sendgrid(connection, PLAN, 100.0 + plans.NOTICE_SECONDS + 1)
        assert not plans.is_cancelled_at_sendgrid(connection, PLAN, 100.0 + plans.NOTICE_SECONDS)
        assert not plans.is_cancelled_at_sendgrid(connection, "another", 1e9)
        assert plans.set_batch_status(connection, PLAN, None, None) == 100.0
        assert plans.set_batch_status(connection, PLAN, "cancel", 300.0) == 300.0
    another = plans.find_plan(ledger, "another")
    assert another is not None
    assert (another.batch_status, another.batch_status_at) == (None, None)


def test_scheduled_at_sendgrid_counts_accepted_people_not_yet_due_or_paused(ledger: Ledger) -> None:
    freeze(ledger, (1, 2, 4, 8, 16))
    freeze(ledger, (32,), plan_id="another")
    with ledger.read() as connection:
        assert counts.scheduled_at_sendgrid(connection, PLAN, 0.0) == 0
    for chunk in range(4):
        chunks.accept(ledger, claim(ledger, chunk), 202, "m")
    chunks.accept(ledger, claim(ledger, 0, "another"), 202, "m")
    with ledger.write() as connection:
        for chunk, at in ((0, None), (1, 1000.0), (2, 1001.0), (3, 9000.0), (4, 9000.0)):
            this = (tables.chunks.c.plan_id == PLAN, tables.chunks.c.chunk == chunk)
            connection.execute(tables.chunks.update().where(*this).values(send_at=at))
        gone = {"plan_id": PLAN, "message_key": "k", "chunk": 3, "row": 0, "state": "suppressed", "recorded_at": 1.0}
        connection.execute(tables.outcomes.insert(), [gone])
        assert counts.scheduled_at_sendgrid(connection, PLAN, 1000.0) == 4 + 8 - 1
        plans.set_batch_status(connection, PLAN, "pause", 1000.0 - plans.NOTICE_SECONDS)
        assert counts.scheduled_at_sendgrid(connection, PLAN, 5000.0) == 4 + 8 - 1
        assert counts.scheduled_at_sendgrid(connection, PLAN, 900.0) == 2 + 4 + 8 - 1


def test_plan_state_changes_only_from_allowed_states(ledger: Ledger) -> None:
    freeze(ledger)
    freeze(ledger, plan_id="another")
    assert not plans.change_state(ledger, PLAN, "sending", from_states=("paused", "stopped"))
    assert plans.change_state(ledger, PLAN, "paused", from_states=("sending", "stopped"), reason="an operator")
    with ledger.read() as connection:
        assert plans.state_of(connection, PLAN) == ("paused", "an operator")
        assert plans.state_of(connection, "another") == ("sending", None)
    assert plans.change_state(ledger, PLAN, "sending", from_states=("paused",))
    with ledger.read() as connection:
        assert plans.state_of(connection, PLAN) == ("sending", None)


def test_plans_of_a_kind_are_listed_oldest_first(ledger: Ledger) -> None:
    freeze(ledger, plan_id="b")
    freeze(ledger, plan_id="a")
    assert [found.plan_id for found in plans.all_plans(ledger)] == ["b", "a"]
    assert plans.all_plans(ledger, plans.TEST) == []


def test_tally_adds_up_over_all_states(ledger: Ledger) -> None:
    numbers = {"selected": 21, "accepted": 1, "rejected": 2, "suppressed": 3, "capped": 4, "held_out": 5, "in_doubt": 6}
    assert counts.Tally(**numbers).adds_up
    assert counts.Tally(**{**numbers, "selected": 36}, pending=7, skipped=8).adds_up
    assert not counts.Tally(**{**numbers, "selected": 22}).adds_up
    assert counts.Tally(**numbers).by_state() == {**numbers, "pending": 0, "skipped": 0}


def test_missing_person_breaks_conservation(ledger: Ledger) -> None:
    freeze(ledger)
    with ledger.write() as connection:
        connection.exec_driver_sql("update chunks set recipients = 9")
    with pytest.raises(ConservationBroken, match="'pending': 9"):
        tally(ledger)


def test_watermark_is_updated(ledger: Ledger) -> None:
    assert watermarks.get(ledger, "stats") is None
    watermarks.put(ledger, "stats", 1.5)
    watermarks.put(ledger, "bounces", 3.25)
    watermarks.put(ledger, "stats", 2.75)
    assert (watermarks.get(ledger, "stats"), watermarks.get(ledger, "bounces")) == (2.75, 3.25)
