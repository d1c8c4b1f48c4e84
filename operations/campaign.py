"""`make campaign DO=pause CAMPAIGN=newsletter OCCURRENCE=2026-W48`, and `make replay`.

Both work on the ledger without Airflow, so a campaign can be stopped while the UI is down. A change applies from the next
chunk on, in every process.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from include.core import clock
from include.core.campaign_file import load_campaign
from include.core.connections import SENDGRID, SendGridAccount, environment_connection, sendgrid_account
from include.core.errors import ConfigurationError
from include.core.secrets import load_secrets
from include.dispatch import control
from include.dispatch.account.restore import restore_ledger
from include.ledger import counts, decisions, holds, plans
from include.ledger.chunk import Plan
from include.ledger.database import Ledger
from include.ledger.decisions import Decision
from include.ledger.stores import Stores
from operations.ledger import existing_ledger
from operations.progress import Progress
from operations.settings import Installation

NEXT_STEP = {
    "sending": "The next run of its DAG sends the pending messages.",
    "paused": "Resume it when the cause is fixed: DO=resume. Cancel it permanently: DO=cancel.",
    "stopped": "Fix the cause; the next run of its DAG continues.",
    "cancelled": "No more messages are sent. Pending messages are counted as skipped.",
    "done": "No message is pending.",
}
FIGURES = (
    "selected", "accepted", "rejected", "suppressed", "capped", "held_out", "in_doubt", "pending", "skipped",
)  # fmt: skip


def control_campaign(installation: Installation, action: str, campaign: str, occurrence: str) -> int:
    """Apply the action and print the campaign's status; returns 0. Raises `TradewindError` if the plan does not exist."""
    with existing_ledger(installation) as ledger:
        plan_id = plans.plan_id_of(campaign, occurrence)
        if action == "confirm-unsent":
            return _confirm_unsent(ledger, campaign, occurrence)
        if plans.find_plan(ledger, plan_id) is None:
            return _show_answers(ledger, action, campaign, occurrence)
        account = _account(installation)
        by = f"{getpass.getuser()}, make campaign"
        if action == "pause":
            control.pause(ledger, campaign, occurrence, account=account, by=by)
        elif action == "resume":
            control.resume(ledger, campaign, occurrence, account=account, by=by)
        elif action == "cancel":
            control.cancel(ledger, campaign, occurrence, account=account, by=by)
        for line in status_lines(ledger, plan_id):
            Progress().print(line)
    return 0


def _confirm_unsent(ledger: Ledger, campaign: str, occurrence: str) -> int:
    """Keep that an occurrence was not sent in the gap after a restore."""
    load_campaign(campaign)
    control.confirm_unsent(ledger, campaign, occurrence, by=f"{getpass.getuser()}, make campaign")
    Progress().print(f"{campaign} {occurrence}: confirmed that it was not sent; its next run plans and sends it")
    return 0


def _show_answers(ledger: Ledger, action: str, campaign: str, occurrence: str) -> int:
    """Print who approved or rejected an occurrence that is not planned. Only its status can be asked for."""
    answers = decisions.of_plan(ledger, plans.plan_id_of(campaign, occurrence))
    if action != "status" or not answers:
        raise _no_plan(ledger, campaign, occurrence)
    Progress().print(f"{campaign} {occurrence}: not planned")
    for answer in answers:
        Progress().print(f"  {_line(answer)}")
    return 0


def replay_into_ledger(installation: Installation) -> int:
    """Replay journals and warehouse into a restored ledger, and print what was added."""
    with existing_ledger(installation) as ledger:
        found = restore_ledger(Stores(installation.paths, ledger, load_secrets(installation.paths)))
    added = {name: count for name, count in found.items() if count}
    if not added:
        Progress().print("the ledger already contains everything in the journals and the warehouse")
    for name, count in added.items():
        Progress().print(f"  {name.replace('_', ' '):<20}{count:>10,}")
    return 0


def status_lines(ledger: Ledger, plan_id: str) -> Iterator[str]:
    """The status of a plan, for a terminal."""
    plan = plans.find_plan(ledger, plan_id)
    assert plan is not None
    reason = f" ({plan.stop_reason})" if plan.stop_reason else ""
    yield f"{plan.campaign} {plan.occurrence}: {plan.state}{reason}"
    for decision in decisions.of_plan(ledger, plan_id):
        yield f"  {_line(decision)}"
    with ledger.read() as connection:
        people: dict[str, Any] = vars(counts.tally(connection, plan_id))
        held = counts.scheduled_at_sendgrid(connection, plan_id, clock.now().timestamp())
    yield from (f"  {name.replace('_', ' '):<12}{people[name]:>12,}" for name in FIGURES)
    for hold in holds.all_holds(ledger):
        if hold.plan_id == plan_id and hold.released_at is None:
            yield f"  held back: {hold.provider or 'all mailbox providers'} ({hold.reason})"
    if held:
        yield f"  {_held_at_sendgrid(plan, held)}"
    yield f"  {NEXT_STEP[plan.state]}"


def _line(decision: Decision) -> str:
    """What a person decided, for example `2026-11-29 09:12 UTC pause by anna: wrong price`."""
    at = f"{datetime.fromtimestamp(decision.at, UTC):%Y-%m-%d %H:%M} UTC"
    note = f": {decision.note}" if decision.note else ""
    return f"{at} {decision.action.replace('_', ' ')} by {decision.by}{note}"


def _held_at_sendgrid(plan: Plan, people: int) -> str:
    """Accepted messages that SendGrid has not delivered yet."""
    if plan.state == "cancelled":
        return (
            f"{people:,} of the accepted will be delivered at their send_at: SendGrid has not confirmed their cancellation. "
            "They are due within ten minutes, have no batch, or SendGrid did not answer: then repeat DO=cancel."
        )
    status = "paused at SendGrid" if plan.batch_status == "pause" else "held at SendGrid until their send_at"
    return f"{people:,} of the accepted are {status}."


def _account(installation: Installation) -> SendGridAccount:
    """The SendGrid account of the environment, else the simulator."""
    text = environment_connection(SENDGRID)
    return sendgrid_account(text) if text else SendGridAccount(installation.simulator_url, "SG.simulator")


def _no_plan(ledger: Ledger, campaign: str, occurrence: str) -> ConfigurationError:
    known = [f"{plan.campaign} {plan.occurrence}" for plan in plans.all_plans(ledger)][-8:]
    return ConfigurationError(
        "has no plan.", where=f"{campaign} {occurrence}", remedy=f"The latest plans: {', '.join(known) or 'none'}."
    )
