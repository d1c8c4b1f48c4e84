"""Pause, resume and cancel a campaign that is being sent. Effective from the next chunk on.

With an `account`, this includes messages that SendGrid holds until their send_at: the ledger is changed first, SendGrid
second, and only what SendGrid confirms is recorded. Each command can be repeated, which also completes an interrupted one.
A command that changes the plan is kept in the ledger as a decision of the person `by`, with their `note`.
"""

from __future__ import annotations

import logging

from sqlalchemy import Connection

from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import CampaignStopped, PlanError
from include.dispatch import schedule
from include.ledger import counts, decisions, gap, holds, pending, plans
from include.ledger.chunk import Plan
from include.ledger.counts import PeopleByState
from include.ledger.database import Ledger
from include.ledger.decisions import SOMEBODY, Decision
from include.sendgrid.management import NotOffered

log = logging.getLogger(__name__)


class SendStatus(PeopleByState):
    """A plan's state after a command, and its people by state."""

    plan_id: str
    state: str
    scheduled_at_sendgrid: int


def pause(
    ledger: Ledger,
    campaign_id: str,
    occurrence: str,
    reason: str = "paused by an operator",
    account: SendGridAccount | None = None,
    by: str = SOMEBODY,
    note: str = "",
) -> SendStatus:
    """Send no further chunk until the plan is resumed; with an `account`, pause messages that SendGrid holds.

    Requests under way finish. For a plan that is done, only SendGrid's messages are paused. A cancelled plan stays
    cancelled; raises `CampaignStopped` if it is cancelled at the same time.
    """
    plan = _change_state(
        ledger,
        campaign_id,
        occurrence,
        "paused",
        from_states=("sending", "stopped"),
        reason=reason,
        decision=Decision("pause", by, note),
    )
    if account and plan.state != "cancelled":
        _hold(ledger, account, plan.plan_id, "pause", reason)
        _require_not_cancelled(ledger, account, plan.plan_id)
    return send_status(ledger, plan.plan_id)


def resume(
    ledger: Ledger,
    campaign_id: str,
    occurrence: str,
    account: SendGridAccount | None = None,
    by: str = SOMEBODY,
    note: str = "",
) -> SendStatus:
    """Resume the plan and release its holds; the next run of its DAG sends pending chunks.

    SendGrid sends paused messages at their send_at, or at once if that is past; messages that it dropped in the meantime are
    recorded as skipped. A cancelled plan stays cancelled; raises `CampaignStopped` if it is cancelled at the same time.
    """
    plan = _change_state(
        ledger, campaign_id, occurrence, "sending", from_states=("paused", "stopped"), decision=Decision("resume", by, note)
    )
    holds.release(ledger, plan.plan_id)
    if account and plan.state != "cancelled":
        _release_batches(ledger, account, plan.plan_id)
        _require_not_cancelled(ledger, account, plan.plan_id)
    return send_status(ledger, plan.plan_id)


def cancel(
    ledger: Ledger,
    campaign_id: str,
    occurrence: str,
    reason: str = "cancelled by an operator",
    account: SendGridAccount | None = None,
    by: str = SOMEBODY,
    note: str = "",
) -> SendStatus:
    """Cancel the plan for good: pending chunks are skipped.

    With an `account`, messages that SendGrid confirms to drop are skipped too: those that carry a batch and are due late
    enough. Other scheduled messages stay accepted; `scheduled_at_sendgrid` of the result counts them.
    """
    found = _find(ledger, campaign_id, occurrence)
    with ledger.read() as connection:
        has_batches = bool(_batches(connection, found.plan_id))
    from_states = (
        (*plans.UNFINISHED, "done") if has_batches and _scheduled_at_sendgrid(ledger, found.plan_id) else plans.UNFINISHED
    )
    plan = _change_state(
        ledger,
        campaign_id,
        occurrence,
        "cancelled",
        from_states=from_states,
        reason=reason,
        decision=Decision("cancel", by, note),
    )
    if plan.state == "cancelled":
        with ledger.write() as connection:
            pending.skip_pending(connection, plan.plan_id, plan.stop_reason or reason)
        if account:
            _hold(ledger, account, plan.plan_id, "cancel", reason)
    return send_status(ledger, plan.plan_id)


def confirm_unsent(ledger: Ledger, campaign_id: str, occurrence: str, by: str = SOMEBODY) -> None:
    """Keep a person's decision that an occurrence was not sent in the gap after a restore, so that it may be planned.

    Raises `PlanError` where this installation was never restored, and nothing has to be confirmed.
    """
    if gap.find(ledger) is None:
        raise PlanError("was never restored from a backup.", where="this installation", remedy="Run the campaign.")
    with ledger.write() as connection:
        decisions.keep(connection, plans.plan_id_of(campaign_id, occurrence), Decision("confirm_unsent", by))


def _hold(ledger: Ledger, account: SendGridAccount, plan_id: str, status: schedule.Status, reason: str) -> None:
    """Pause or cancel the plan's batches at SendGrid, then record the confirmation and skip cancelled messages.

    Requests that are under way in the meantime carry a batch too; their outcome is recorded according to this confirmation.
    """
    with ledger.read() as connection:
        batches = _batches(connection, plan_id)
    if not batches:
        return
    try:
        schedule.hold(account, batches, status)
    except NotOffered:
        log.warning("this provider cannot %s scheduled messages: they stay accepted", status)
        return
    confirmed_at = clock.now().timestamp()
    with ledger.write() as connection:
        since = plans.set_batch_status(connection, plan_id, status, confirmed_at)
        if status == "cancel" and since is not None:
            held_from = since + plans.NOTICE_SECONDS
            pending.skip_scheduled(connection, plan_id, f"{reason}, at SendGrid", later_than=held_from)


def _release_batches(ledger: Ledger, account: SendGridAccount, plan_id: str) -> None:
    """Lift the pause at SendGrid, after deleting it from the ledger: a later cancellation must not count from it."""
    with ledger.write() as connection:
        if plans.state_of(connection, plan_id)[0] == "cancelled":
            return
        batches = _batches(connection, plan_id)
        if (since := plans.set_batch_status(connection, plan_id, None, None)) is not None:
            reason, dropped = "paused longer than SendGrid keeps it", clock.now().timestamp() - schedule.KEPT_SECONDS
            held_from = since + plans.NOTICE_SECONDS
            pending.skip_scheduled(connection, plan_id, reason, later_than=held_from, until=dropped)
    schedule.release(account, batches)


def _batches(connection: Connection, plan_id: str) -> list[str]:
    return pending.batches(connection, plan_id, due_after=clock.now().timestamp() - schedule.KEPT_SECONDS)


def _require_not_cancelled(ledger: Ledger, account: SendGridAccount, plan_id: str) -> None:
    """Cancel the batches again and raise `CampaignStopped` if the plan was cancelled while their status was changed."""
    if _plan(ledger, plan_id).state != "cancelled":
        return
    _hold(ledger, account, plan_id, "cancel", "cancelled by an operator")
    raise CampaignStopped(
        "was cancelled at the same time and stays cancelled.",
        where=f"plan {plan_id}",
        remedy="Nothing more of it is sent. Check its status.",
    )


def _change_state(
    ledger: Ledger, campaign_id: str, occurrence: str, state: str, from_states: tuple[str, ...],
    decision: Decision, reason: str | None = None,
) -> Plan:  # fmt: skip
    plan_id = _find(ledger, campaign_id, occurrence).plan_id
    plans.change_state(ledger, plan_id, state, from_states=from_states, reason=reason, decision=decision)
    return _plan(ledger, plan_id)


def _find(ledger: Ledger, campaign_id: str, occurrence: str) -> Plan:
    plan = plans.find_plan(ledger, plans.plan_id_of(campaign_id, occurrence))
    if plan is None:
        raise PlanError(
            "has no plan.", where=f"{campaign_id} {occurrence}", remedy="Check the occurrence, for example 2026-W48."
        )
    return plan


def send_status(ledger: Ledger, plan_id: str) -> SendStatus:
    """The plan's state and its people by state."""
    plan = _plan(ledger, plan_id)
    with ledger.read() as connection:
        people = counts.tally(connection, plan_id).by_state()
    return {
        "plan_id": plan_id,
        "state": plan.state,
        **people,
        "scheduled_at_sendgrid": _scheduled_at_sendgrid(ledger, plan_id),
    }


def _scheduled_at_sendgrid(ledger: Ledger, plan_id: str) -> int:
    with ledger.read() as connection:
        return counts.scheduled_at_sendgrid(connection, plan_id, clock.now().timestamp())


def _plan(ledger: Ledger, plan_id: str) -> Plan:
    plan = plans.find_plan(ledger, plan_id)
    assert plan is not None
    return plan
