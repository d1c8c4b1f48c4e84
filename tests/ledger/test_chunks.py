"""The state machine of a chunk: one claim at a time, and every transition out of `sending` requires the current fence."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from include.core import clock
from include.core.errors import CampaignStopped, FenceLost
from include.ledger import chunks, holds, plans, shared_clock
from include.ledger.chunks import Claim, Outcome
from include.ledger.database import Ledger
from include.ledger.tables import chunks as chunks_table
from include.ledger.tables import outcomes
from tests.ledger.plan import PLAN, chunk_of, claim, freeze, row, tally

TRANSITIONS: dict[str, Callable[[Ledger, Claim], object]] = {
    "accepted": lambda ledger, claim: chunks.accept(ledger, claim, 202, "m"),
    "rejected": lambda ledger, claim: chunks.reject(ledger, claim, 400, "no"),
    "in_doubt": lambda ledger, claim: chunks.put_in_doubt(ledger, claim, None, "no answer"),
    "pending": lambda ledger, claim: chunks.release(ledger, claim, 429, "later"),
    "split": lambda ledger, claim: chunks.split(ledger, claim, 413, "too large", [("0-4", 5), ("5-9", 5)]),
}


@pytest.fixture
def plan(ledger: Ledger) -> Ledger:
    """One chunk of ten people."""
    freeze(ledger)
    return ledger


@pytest.mark.parametrize("state", TRANSITIONS)
def test_each_transition_ends_the_claim(plan: Ledger, state: str) -> None:
    TRANSITIONS[state](plan, claim(plan))
    after = row(plan)
    assert (after["state"], after["lease_until"]) == (state, None)
    assert (after["settled_at"] is None) is (state == "pending")
    expected = {"accepted": (202, None), "rejected": (400, "no"), "in_doubt": (None, "no answer")}
    expected |= {"pending": (429, "later"), "split": (413, "too large")}
    assert (after["http_status"], after["reason"]) == expected[state]
    assert after["x_message_id"] == ("m" if state == "accepted" else None)
    assert tally(plan).selected == 10


def test_unreadable_response_keeps_its_http_status(plan: Ledger) -> None:
    assert chunks.put_in_doubt(plan, claim(plan), 500, "HTML") == "in_doubt"
    assert (row(plan)["http_status"], row(plan)["reason"]) == (500, "HTML")


@pytest.mark.parametrize("state", TRANSITIONS)
def test_outcome_with_an_older_fence_is_refused(plan: Ledger, state: str) -> None:
    """The chunk was claimed again: the outcome of the earlier claim is for another request."""
    older = claim(plan)
    chunks.release(plan, older, 429, "later")
    newer = claim(plan)
    before = row(plan)
    with pytest.raises(FenceLost, match="chunk 0"):
        TRANSITIONS[state](plan, older)
    assert row(plan) == before
    chunks.accept(plan, newer, 202, "m")
    assert tally(plan).accepted == 10


@pytest.mark.parametrize("state", TRANSITIONS)
def test_outcome_after_a_takeover_is_refused(plan: Ledger, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    late = claim(plan)
    with monkeypatch.context() as later:
        later.setattr(shared_clock, "now", lambda _connection: time.time() + chunks.LEASE_SECONDS + 1)
        assert chunks.recover(plan, PLAN) == 1
    with pytest.raises(FenceLost, match="taken over"):
        TRANSITIONS[state](plan, late)
    assert tally(plan).in_doubt == 10
    assert row(plan)["reason"] == "the process ended between intent and outcome"


def test_only_one_of_two_claims_succeeds(plan: Ledger) -> None:
    chunk, taken = chunk_of(plan), claim(plan)
    assert chunks.claim(plan, chunk, lambda _connection: []) is None
    after = row(plan)
    assert (after["state"], after["fence"], after["attempt"]) == ("sending", taken.fence, taken.attempt) == ("sending", 1, 1)
    assert after["lease_until"] == pytest.approx(after["posted_at"] + chunks.LEASE_SECONDS, abs=20)
    assert chunks.open_intents(plan, PLAN) == 1
    assert chunks.open_intents(plan, "another") == 0


def test_each_claim_increments_attempt_and_fence(plan: Ledger) -> None:
    for number in (1, 2, 3):
        taken = claim(plan)
        assert (taken.attempt, taken.fence) == (number, number)
        chunks.release(plan, taken, 429, "later", wait_seconds=50)
    assert row(plan)["not_before"] == pytest.approx(clock.now().timestamp() + 50, abs=20)


def test_recover_ends_claims_of_dead_owners_only(plan: Ledger) -> None:
    claim(plan)
    assert chunks.recover(plan, PLAN) == 0
    mine = row(plan)["lease_owner"]
    machine, pid, _started = mine.split("|")
    with plan.write() as connection:
        connection.execute(update(chunks_table).values(lease_owner=f"{machine}|{pid}|0"))
    assert chunks.recover(plan, "another") == 0
    assert chunks.recover(plan, PLAN) == 1
    assert row(plan)["state"] == "in_doubt"
    assert chunks.recover(plan, PLAN) == 0


def test_split_keeps_everybody_exactly_once(plan: Ledger) -> None:
    apart = [Outcome("k3", 3, "rejected", "400: to")]
    chunks.split(plan, claim(plan), 400, "400: to", [("0-2", 3), ("4-9", 6)], apart)
    assert (tally(plan).rejected, tally(plan).pending) == (1, 9)
    with plan.read() as connection:
        recorded = dict(connection.execute(select(outcomes)).mappings().one())
    assert recorded.pop("recorded_at") == pytest.approx(clock.now().timestamp(), abs=30)
    expected = {"plan_id": PLAN, "chunk": 0, "message_key": "k3", "row": 3, "state": "rejected", "reason": "400: to"}
    assert {name: recorded[name] for name in expected} == expected
    first, second = row(plan, 1), row(plan, 2)
    assert [(each["selection"], each["recipients"], each["parent"]) for each in (first, second)] == [
        ("0-2", 3, 0),
        ("4-9", 6, 0),
    ]
    child = claim(plan, 1)
    assert (child.root, child.attempt, child.fence, child.selection) == (0, 2, 1, "0-2")


def test_claim_excludes_and_counts_suppressed_people(plan: Ledger) -> None:
    left = [Outcome("k3", 3, "suppressed", "unsubscribe"), Outcome("k5", 5, "suppressed", "unsubscribe")]
    taken = chunks.claim(plan, chunk_of(plan), lambda _connection: left)
    assert taken is not None
    assert taken.excluded == {3, 5}
    chunks.accept(plan, taken, 202, "m")
    assert (tally(plan).accepted, tally(plan).suppressed) == (8, 2)


def test_person_suppressed_at_an_earlier_claim_stays_excluded_and_counts_once(plan: Ledger) -> None:
    first = chunks.claim(plan, chunk_of(plan), lambda _connection: [Outcome("k3", 3, "suppressed", "unsubscribe")])
    assert first is not None
    chunks.release(plan, first, 429, "later")
    again = [Outcome("k3", 3, "suppressed", "unsubscribe"), Outcome("k4", 4, "suppressed", "hard_bounce")]
    second = chunks.claim(plan, chunk_of(plan), lambda _connection: again)
    assert second is not None
    assert second.excluded == {3, 4}
    chunks.release(plan, second, 429, "later")
    third = claim(plan)
    assert third.excluded == {3, 4}
    chunks.accept(plan, third, 202, "m")
    assert (tally(plan).accepted, tally(plan).suppressed) == (8, 2)


def test_exclusions_apply_to_their_own_chunk_only(ledger: Ledger) -> None:
    freeze(ledger, (10, 10))
    chunks.claim(ledger, chunk_of(ledger, 1), lambda _connection: [Outcome("k3", 3, "suppressed", "unsubscribe")])
    chunks.release(ledger, claim(ledger, 0), 429, "later")
    again = chunks.claim(ledger, chunk_of(ledger, 0), lambda _connection: [])
    assert again is not None
    assert again.excluded == frozenset()


def test_fully_suppressed_chunk_is_skipped(plan: Ledger) -> None:
    everybody = [Outcome(f"k{place}", place, "suppressed", "unsubscribe") for place in range(10)]
    assert chunks.claim(plan, chunk_of(plan), lambda _connection: everybody) is None
    assert row(plan)["state"] == "skipped"
    assert (tally(plan).suppressed, tally(plan).skipped) == (10, 0)


@pytest.mark.parametrize("state", ["paused", "stopped", "cancelled"])
def test_claim_fails_for_a_stopped_campaign(plan: Ledger, state: str) -> None:
    plans.change_state(plan, PLAN, state, from_states=("sending",), reason="an operator")
    with pytest.raises(CampaignStopped, match=rf"{state} \(an operator\)"):
        claim(plan)
    assert row(plan)["state"] == "pending"


def test_claim_returns_nothing_for_a_done_plan(plan: Ledger) -> None:
    plans.change_state(plan, PLAN, "done", from_states=("sending",))
    assert chunks.claim(plan, chunk_of(plan), lambda _connection: []) is None
    assert row(plan)["state"] == "pending"


def test_claim_returns_nothing_for_a_held_provider(plan: Ledger) -> None:
    holds.hold(plan, PLAN, "yahoo", "complaints")
    chunks.release(plan, claim(plan), 429, "later")
    holds.hold(plan, PLAN, "gmail", "complaints")
    assert chunks.claim(plan, chunk_of(plan), lambda _connection: []) is None
    assert row(plan)["state"] == "pending"
    assert holds.release(plan, PLAN) == 2
    assert claim(plan).fence == 2


def test_remaining_lease_time_decreases(plan: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = claim(plan)
    monkeypatch.setattr(clock, "elapsed", lambda: taken.claimed_at + 30)
    assert taken.lease_left() == chunks.LEASE_SECONDS - 30


def test_remaining_lease_time_counts_the_wait_for_the_ledger(plan: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger is busy for a minute before the transaction ends: that minute of the lease is over."""
    passed = [0.0]
    monkeypatch.setattr(clock, "elapsed", lambda: passed[0])
    taken = chunks.claim(plan, chunk_of(plan), lambda _connection: passed.__setitem__(0, 60.0) or [])
    assert taken is not None
    assert taken.lease_left() == chunks.LEASE_SECONDS - 60


@pytest.mark.parametrize("reason", ["an operator", None])
def test_released_chunk_of_a_cancelled_plan_is_skipped(ledger: Ledger, reason: str | None) -> None:
    freeze(ledger, (10, 10))
    freeze(ledger, plan_id="another")
    returned, parted = claim(ledger, 0), claim(ledger, 1)
    plans.change_state(ledger, PLAN, "cancelled", from_states=("sending",), reason=reason)
    assert chunks.release(ledger, returned, 429, "later") == "skipped"
    chunks.split(ledger, parted, 413, "too large", [("0-4", 5), ("5-9", 5)])
    expected = ("skipped", reason or "cancelled")
    assert [(row(ledger, chunk)["state"], row(ledger, chunk)["reason"]) for chunk in (0, 2, 3)] == [expected] * 3
    assert (tally(ledger).skipped, tally(ledger, "another").pending) == (20, 10)


def test_released_chunk_of_a_paused_plan_is_pending(plan: Ledger) -> None:
    taken = claim(plan)
    plans.change_state(plan, PLAN, "paused", from_states=("sending",), reason="an operator")
    assert chunks.release(plan, taken, 429, "later") == "pending"
    assert tally(plan).pending == 10


def test_expired_intent_with_a_cancelled_batch_is_skipped(ledger: Ledger) -> None:
    due = clock.now().timestamp() + 7200
    freeze(ledger, (10, 10))
    with ledger.write() as connection:
        connection.execute(update(chunks_table).values(send_at=due))
    for chunk, batch in ((0, "b"), (1, None)):
        assert chunks.claim(ledger, chunk_of(ledger, chunk), lambda _connection: [], batch)
    with ledger.write() as connection:
        plans.set_batch_status(connection, PLAN, "cancel", due - plans.NOTICE_SECONDS - 1)
        connection.execute(update(chunks_table).values(lease_until=1.0))
    assert chunks.recover(ledger, PLAN) == 2
    assert [row(ledger, chunk)["state"] for chunk in (0, 1)] == ["skipped", "in_doubt"]
    assert row(ledger)["reason"] == "cancelled at SendGrid before its send_at"
