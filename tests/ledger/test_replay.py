"""Replay of the journal into a restored ledger: lost requests are in doubt and never repeated."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from include.core import clock
from include.core.errors import ConservationBroken
from include.ledger import chunks, plans, replay
from include.ledger.database import Ledger
from include.ledger.replay import LOST_BY_RESTORE
from tests.ledger.plan import PLAN, claim, freeze, row, tally


@pytest.fixture
def plan(ledger: Ledger) -> Ledger:
    """Four chunks (one accepted, one sending after two claims, two pending), and another plan that must not change."""
    freeze(ledger, (10, 10, 10, 10))
    freeze(ledger, (10, 10, 10, 10, 10), plan_id="another")
    chunks.accept(ledger, claim(ledger, 0), 202, "m")
    chunks.release(ledger, claim(ledger, 1), 429, "later")
    claim(ledger, 1)
    return ledger


def state(ledger: Ledger) -> tuple[str, str | None]:
    with ledger.read() as connection:
        return plans.state_of(connection, PLAN)


def is_now(moment: float) -> bool:
    return abs(moment - clock.now().timestamp()) < 30


def test_replay_of_known_requests_changes_nothing(plan: Ledger) -> None:
    assert replay.replay_journal(plan, PLAN, {0: 1, 1: 2}) == (0, 0)
    assert (tally(plan).pending, tally(plan).in_doubt, state(plan)) == (20, 10, ("sending", None))


def test_lost_request_is_in_doubt_and_pauses_the_campaign(plan: Ledger) -> None:
    assert replay.replay_journal(plan, PLAN, {1: 5, 2: 1}) == (2, 0)
    behind, requested = row(plan, 1), row(plan, 2)
    assert [(each["state"], each["fence"], each["attempt"]) for each in (behind, requested)] == [
        ("in_doubt", 5, 5),
        ("in_doubt", 1, 1),
    ]
    assert [(each["reason"], each["lease_until"]) for each in (behind, requested)] == [(LOST_BY_RESTORE, None)] * 2
    assert all(is_now(each[moment]) for each in (behind, requested) for moment in ("posted_at", "settled_at"))
    assert (tally(plan).pending, state(plan)) == (10, ("paused", LOST_BY_RESTORE))
    assert tally(plan, "another").pending == 50


def test_stopped_campaign_is_paused_too(plan: Ledger) -> None:
    plans.change_state(plan, PLAN, "stopped", from_states=("sending",), reason="credits")
    replay.replay_journal(plan, PLAN, {2: 1})
    assert state(plan) == ("paused", LOST_BY_RESTORE)


def test_campaign_without_pending_people_is_not_paused(ledger: Ledger) -> None:
    freeze(ledger)
    assert replay.replay_journal(ledger, PLAN, {0: 1}) == (1, 0)
    assert state(ledger) == ("sending", None)


def test_lost_split_puts_every_pending_chunk_in_doubt(plan: Ledger) -> None:
    assert replay.replay_journal(plan, PLAN, {2: 1, 4: 3}) == (1, 1)
    assert [row(plan, chunk)["state"] for chunk in range(4)] == ["accepted", "sending", "in_doubt", "in_doubt"]
    assert (row(plan, 3)["fence"], row(plan, 3)["attempt"], row(plan, 3)["reason"]) == (0, 1, LOST_BY_RESTORE)
    taken = row(plan, 4)
    assert (taken["state"], taken["fence"], taken["recipients"], taken["parent"]) == ("split", 3, 0, None)
    assert (taken["selection"], taken["reason"], is_now(taken["settled_at"])) == ("", LOST_BY_RESTORE, True)
    assert (tally(plan).in_doubt, tally(plan).pending, state(plan)) == (30, 0, ("sending", None))
    assert row(plan, 4, "another")["recipients"] == 10


def test_journal_that_contradicts_the_ledger_is_refused(plan: Ledger) -> None:
    with pytest.raises(ConservationBroken, match="chunk 0 is accepted"):
        replay.replay_journal(plan, PLAN, {2: 1, 0: 2})
    assert (tally(plan).pending, tally(plan).accepted) == (20, 10)


def lost_plan(ledger: Ledger) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A plan of three chunks that is not in the ledger, and its chunks."""
    freeze(ledger, plan_id="another")
    found = plans.find_plan(ledger, "another")
    assert found is not None
    own = {"plan_id": PLAN, "campaign": "lost", "selected": 30, "planned": 30}
    shared = {
        "file": "f",
        "first_row": 0,
        "content": "c",
        "zone": "",
        "provider": "gmail",
        "root_size": 10,
        "recipients": 10,
    }
    rows = [{**shared, "chunk": chunk, "root": chunk, "parent": None, "selection": None} for chunk in range(3)]
    return {**asdict(found), **own}, rows


def test_lost_plan_is_cancelled_with_its_requests_in_doubt(ledger: Ledger) -> None:
    assert replay.record_lost_plan(ledger, *lost_plan(ledger), {1: 2}) == {"in_doubt": 1, "skipped": 2}
    assert state(ledger) == ("cancelled", LOST_BY_RESTORE)
    requested, others = row(ledger, 1), [row(ledger, 0), row(ledger, 2)]
    assert (requested["state"], requested["fence"], requested["attempt"]) == ("in_doubt", 2, 2)
    assert is_now(requested["posted_at"])
    assert [(each["state"], each["fence"], each["attempt"], each["posted_at"]) for each in others] == [
        ("skipped", 0, 0, None)
    ] * 2
    assert all(each["reason"] == LOST_BY_RESTORE and is_now(each["settled_at"]) for each in (requested, *others))
    assert (tally(ledger).in_doubt, tally(ledger).skipped) == (10, 20)


def test_lost_plan_with_requests_of_splits_is_entirely_in_doubt(ledger: Ledger) -> None:
    assert replay.record_lost_plan(ledger, *lost_plan(ledger), {1: 2, 7: 4}) == {"in_doubt": 3, "skipped": 0}
    taken = row(ledger, 7)
    assert (taken["state"], taken["fence"], taken["recipients"], taken["root"]) == ("split", 4, 0, 0)
    assert (tally(ledger).in_doubt, [row(ledger, chunk)["fence"] for chunk in range(3)]) == (30, [0, 2, 0])


def test_chunk_number_of_a_lost_split_is_reserved(ledger: Ledger) -> None:
    freeze(ledger)
    replay.replay_journal(ledger, PLAN, {5: 1})
    taken = row(ledger, 5)
    assert (taken["state"], taken["fence"], is_now(taken["settled_at"] or 0.0)) == ("split", 1, True)
