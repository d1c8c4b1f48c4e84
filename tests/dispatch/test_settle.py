"""A plan is settled only when everybody is accounted for."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import delete, insert, select, update

from include.core.errors import ConservationBroken, EspUnavailable
from include.dispatch import control
from include.dispatch.account import settle as settling
from include.dispatch.account.settle import settle
from include.ledger import chunks as intents
from include.ledger.plans import find_plan
from include.ledger.stores import Stores
from include.ledger.tables import chunks, outcomes
from tests.dispatch.scripted_esp import ScriptedEsp, accepted
from tests.dispatch.sending import Sending


@pytest.fixture
def sent(stores: Stores, esp: ScriptedEsp) -> Sending:
    """A plan that is sent but not settled."""
    sending = Sending(stores, people=30, chunk_size=10)
    assert sending.send(esp)["accepted"] == 30
    return sending


def state(sending: Sending) -> str:
    plan = find_plan(sending.ledger, sending.plan_id)
    assert plan is not None
    return str(plan.state)


def test_settle_fails_when_people_are_missing(sent: Sending) -> None:
    with sent.ledger.write() as connection:
        connection.execute(delete(chunks).where(chunks.c.chunk == 1))
    with pytest.raises(ConservationBroken, match="do not add up"):
        settle(sent.ledger, sent.plan_id)
    assert state(sent) == "sending"


def test_settle_fails_when_people_are_counted_twice(sent: Sending) -> None:
    with sent.ledger.write() as connection:
        row = {**dict(connection.execute(select(chunks).where(chunks.c.chunk == 1)).mappings().one()), "chunk": 3}
        connection.execute(insert(chunks), [row])
    with pytest.raises(ConservationBroken, match="do not add up"):
        settle(sent.ledger, sent.plan_id)
    assert state(sent) == "sending"


def test_person_with_an_own_outcome_is_counted_once(sent: Sending) -> None:
    with sent.ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.chunk == 1).values(state="skipped"))
        own = {"plan_id": sent.plan_id, "message_key": "k", "chunk": 1, "row": 4, "state": "suppressed"}
        connection.execute(insert(outcomes), [{**own, "reason": "unsubscribe", "recorded_at": 1.0}])
    settled = settle(sent.ledger, sent.plan_id)
    assert (settled["accepted"], settled["skipped"], settled["suppressed"]) == (20, 9, 1)
    assert state(sent) == "done"


def test_settle_fails_as_retryable_while_people_are_pending(sent: Sending, esp: ScriptedEsp) -> None:
    with sent.ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.chunk == 1).values(state="pending"))
    with pytest.raises(EspUnavailable, match="10 people are still pending") as early:
        settle(sent.ledger, sent.plan_id)
    assert early.value.retryable
    assert state(sent) == "sending"
    esp.answer = lambda _number, _body: accepted()
    assert sent.send(esp)["accepted"] == 10
    assert settle(sent.ledger, sent.plan_id)["accepted"] == 30
    assert state(sent) == "done"


def test_settle_waits_for_an_open_intent(sent: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process has an open intent; its outcome is recorded during the wait."""
    with sent.ledger.write() as connection:
        connection.execute(
            update(chunks).where(chunks.c.chunk == 1).values(state="sending", lease_owner="elsewhere|1|2", lease_until=4e9)
        )
    naps: list[float] = []

    def ended(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            with sent.ledger.write() as connection:
                connection.execute(update(chunks).where(chunks.c.chunk == 1).values(state="accepted"))

    monkeypatch.setattr(time, "sleep", ended)
    assert settle(sent.ledger, sent.plan_id)["accepted"] == 30
    assert naps == [settling.POLL_SECONDS] * 2


def test_settle_puts_the_intent_of_a_dead_process_in_doubt(sent: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    with sent.ledger.write() as connection:
        connection.execute(
            update(chunks).where(chunks.c.chunk == 1).values(state="sending", fence=1, lease_owner="x", lease_until=1.0)
        )
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    assert settle(sent.ledger, sent.plan_id)["in_doubt"] == 10
    assert len(naps) <= 1


def test_settle_stops_waiting_for_an_open_intent_after_the_lease(sent: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    with sent.ledger.write() as connection:
        connection.execute(
            update(chunks).where(chunks.c.chunk == 1).values(state="sending", lease_owner="elsewhere|1|2", lease_until=4e9)
        )
    passed = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: passed[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: passed.__setitem__(0, passed[0] + 10 * seconds))
    with pytest.raises(EspUnavailable, match="another process is still sending"):
        settle(sent.ledger, sent.plan_id)
    assert intents.LEASE_SECONDS < passed[0] < intents.LEASE_SECONDS + 60
    assert state(sent) == "sending"


def test_people_who_are_pending_because_a_person_paused_the_plan_are_no_failure(stores: Stores) -> None:
    sending = Sending(stores, people=30, chunk_size=10)
    control.pause(stores.ledger, "spring", "once", by="anna")
    assert settle(stores.ledger, sending.plan_id)["pending"] == 30
    assert state(sending) == "paused"
    control.resume(stores.ledger, "spring", "once", by="anna")
    with pytest.raises(EspUnavailable, match="30 people are still pending"):
        settle(stores.ledger, sending.plan_id)
