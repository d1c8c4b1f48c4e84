"""What an operator does to a campaign that is being sent: pause, resume, cancel. In force from the next chunk on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import PlanError
from include.dispatch import schedule
from include.ledger import counts, holds, pending, plans
from include.ledger.database import Ledger


def pause(
    ledger: Ledger,
    campaign_id: str,
    occurrence: str,
    reason: str = "paused by an operator",
    account: SendGridAccount | None = None,
) -> dict[str, Any]:
    """Take no further chunk until it is resumed; with an `account`, what SendGrid holds until its send_at waits too.

    Requests under way finish.
    """
    answer = _move(ledger, campaign_id, occurrence, "paused", among=("sending", "stopped"), reason=reason)
    if account:
        schedule.hold_back(account, _plan(ledger, answer["plan_id"]), "pause")
    return answer


def resume(ledger: Ledger, campaign_id: str, occurrence: str, account: SendGridAccount | None = None) -> dict[str, Any]:
    """Let it go on, and what the breaker held back of it; the next run of its DAG sends what is pending."""
    answer = _move(ledger, campaign_id, occurrence, "sending", among=("paused", "stopped"))
    holds.release(ledger, answer["plan_id"])
    if account:
        schedule.let_go(account, _plan(ledger, answer["plan_id"]))
    return answer


def cancel(
    ledger: Ledger,
    campaign_id: str,
    occurrence: str,
    reason: str = "cancelled by an operator",
    account: SendGridAccount | None = None,
) -> dict[str, Any]:
    """Send nothing more of it, ever: who is pending is skipped, and counted as such.

    With an `account`, so is what SendGrid holds until a send_at that is far enough away to be cancelled there.
    """
    unfinished = ("sending", "paused", "stopped")
    scheduled = (found := plans.find_plan(ledger, plans.plan_id_of(campaign_id, occurrence))) and found["batch_id"]
    among = (*unfinished, "done") if scheduled else unfinished
    plan_id = _move(ledger, campaign_id, occurrence, "cancelled", among=among, reason=reason)["plan_id"]
    held_there = account is not None and schedule.hold_back(account, _plan(ledger, plan_id), "cancel")
    with ledger.write() as connection:
        pending.skip_pending(connection, plan_id, reason)
        if held_there:
            until = clock.now().timestamp() + schedule.NOTICE_SECONDS
            pending.skip_scheduled(connection, plan_id, f"{reason}, at SendGrid", later_than=until)
    return _status(ledger, plan_id)


def _move(
    ledger: Ledger, campaign_id: str, occurrence: str, state: str, *, among: tuple[str, ...], reason: str | None = None
) -> dict[str, Any]:
    plan_id = plans.plan_id_of(campaign_id, occurrence)
    if plans.find_plan(ledger, plan_id) is None:
        raise PlanError(
            "has no plan.", where=f"{campaign_id} {occurrence}", remedy="Check the occurrence, for example 2026-W48."
        )
    plans.change_state(ledger, plan_id, state, among=among, reason=reason)
    return _status(ledger, plan_id)


def _status(ledger: Ledger, plan_id: str) -> dict[str, Any]:
    plan = _plan(ledger, plan_id)
    with ledger.read() as connection:
        return {"plan_id": plan_id, "state": plan["state"], **asdict(counts.tally(connection, plan_id))}


def _plan(ledger: Ledger, plan_id: str) -> RowMapping:
    plan = plans.find_plan(ledger, plan_id)
    assert plan is not None
    return plan
