"""What an operator does to a campaign that is being sent: pause, resume, cancel. In force from the next chunk on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from include.core.errors import PlanError
from include.ledger import chunks, counts, holds, plans
from include.ledger.database import Ledger


def pause(ledger: Ledger, campaign_id: str, occurrence: str, reason: str = "paused by an operator") -> dict[str, Any]:
    """Take no further chunk until it is resumed. Requests under way finish."""
    return _move(ledger, campaign_id, occurrence, "paused", among=("sending", "stopped"), reason=reason)


def resume(ledger: Ledger, campaign_id: str, occurrence: str) -> dict[str, Any]:
    """Let it go on, and what the breaker held back of it; the next run of its DAG sends what is pending."""
    answer = _move(ledger, campaign_id, occurrence, "sending", among=("paused", "stopped"))
    holds.release(ledger, answer["plan_id"])
    return answer


def cancel(ledger: Ledger, campaign_id: str, occurrence: str, reason: str = "cancelled by an operator") -> dict[str, Any]:
    """Send nothing more of it, ever: who is pending is skipped, and counted as such."""
    answer = _move(ledger, campaign_id, occurrence, "cancelled", among=("sending", "paused", "stopped"), reason=reason)
    with ledger.write() as connection:
        chunks.skip_pending(connection, answer["plan_id"], reason)
    return _status(ledger, answer["plan_id"])


def _move(
    ledger: Ledger, campaign_id: str, occurrence: str, state: str, *, among: tuple[str, ...], reason: str | None = None
) -> dict[str, Any]:
    plan_id = plans.plan_id_of(campaign_id, occurrence)
    plan = plans.find_plan(ledger, plan_id)
    if plan is None:
        raise PlanError(
            "has no plan.", where=f"{campaign_id} {occurrence}", remedy="Check the occurrence, for example 2026-W48."
        )
    plans.change_state(ledger, plan_id, state, among=among, reason=reason)
    return _status(ledger, plan_id)


def _status(ledger: Ledger, plan_id: str) -> dict[str, Any]:
    plan = plans.find_plan(ledger, plan_id)
    assert plan is not None
    with ledger.read() as connection:
        return {"plan_id": plan_id, "state": plan["state"], **asdict(counts.tally(connection, plan_id))}
