"""Holds of the circuit breaker: per plan and provider, until released."""

from __future__ import annotations

import pytest

from include.core import clock
from include.ledger import holds, plans
from include.ledger.database import Ledger
from tests.ledger.plan import PLAN, freeze


def held(ledger: Ledger, provider: str, plan_id: str = PLAN) -> bool:
    with ledger.read() as connection:
        return holds.is_held(connection, plan_id, provider)


def state(ledger: Ledger, plan_id: str = PLAN) -> tuple[str, str | None]:
    with ledger.read() as connection:
        return plans.state_of(connection, plan_id)


@pytest.fixture(autouse=True)
def plan(ledger: Ledger) -> None:
    freeze(ledger)
    freeze(ledger, plan_id="another")


def test_hold_applies_once_to_one_provider_of_one_plan(ledger: Ledger) -> None:
    assert holds.hold(ledger, PLAN, "gmail", "complaints")
    assert not holds.hold(ledger, PLAN, "gmail", "complaints")
    assert [held(ledger, "gmail"), held(ledger, "yahoo"), held(ledger, "gmail", "another")] == [True, False, False]
    assert state(ledger) == ("sending", None)
    (hold,) = holds.all_holds(ledger)
    assert (hold.plan_id, hold.provider, hold.reason, hold.released_at) == (PLAN, "gmail", "complaints", None)
    assert hold.held_at == pytest.approx(clock.now().timestamp(), abs=30)


def test_holds_are_listed_oldest_first(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", "3600")
    holds.hold(ledger, PLAN, "gmail", "complaints")
    monkeypatch.delenv("TRADEWIND_CLOCK_OFFSET_SECONDS")
    holds.hold(ledger, PLAN, "yahoo", "complaints")
    assert [hold.provider for hold in holds.all_holds(ledger)] == ["yahoo", "gmail"]


def test_hold_of_the_whole_campaign_pauses_it(ledger: Ledger) -> None:
    assert holds.hold(ledger, PLAN, holds.WHOLE_CAMPAIGN, "complaints")
    assert [held(ledger, "gmail"), held(ledger, "yahoo"), held(ledger, "gmail", "another")] == [True, True, False]
    assert state(ledger) == ("paused", "complaints")
    assert state(ledger, "another") == ("sending", None)


def test_hold_does_not_change_a_cancelled_campaign(ledger: Ledger) -> None:
    plans.change_state(ledger, PLAN, "cancelled", from_states=("sending",), reason="an operator")
    assert holds.hold(ledger, PLAN, holds.WHOLE_CAMPAIGN, "complaints")
    assert state(ledger) == ("cancelled", "an operator")


def test_released_provider_can_be_held_again(ledger: Ledger) -> None:
    for provider in ("gmail", "yahoo"):
        holds.hold(ledger, PLAN, provider, "complaints")
    holds.hold(ledger, "another", "gmail", "bounces")
    assert holds.release(ledger, PLAN) == 2
    assert holds.release(ledger, PLAN) == 0
    assert [held(ledger, "gmail"), held(ledger, "gmail", "another")] == [False, True]
    released = {hold.plan_id: hold.released_at for hold in holds.all_holds(ledger)}
    assert released["another"] is None
    assert released[PLAN] == pytest.approx(clock.now().timestamp(), abs=30)
    assert holds.hold(ledger, PLAN, "gmail", "again")
    assert held(ledger, "gmail")
    again = [hold for hold in holds.all_holds(ledger) if (hold.plan_id, hold.provider) == (PLAN, "gmail")]
    assert [(hold.reason, hold.released_at) for hold in again] == [("again", None)]
