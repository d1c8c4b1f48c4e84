"""`make campaign DO=pause CAMPAIGN=newsletter OCCURRENCE=2026-W48`, and `make reconcile`: an operator's hand on the ledger.

Works without Airflow: a campaign can be stopped while the UI is down. In force from the next chunk on, in every process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import RowMapping

from include.core import clock
from include.core.connections import SENDGRID, SendGridAccount, environment_text, ledger_url, sendgrid_account
from include.core.errors import ConfigurationError
from include.core.secrets import load_secrets
from include.dispatch import control
from include.dispatch.account.restore import reconcile
from include.ledger import counts, holds, plans
from include.ledger.database import Ledger, open_ledger
from include.ledger.stores import Stores
from operations.progress import Progress
from operations.settings import Installation

NEXT = {
    "sending": "The next run of its DAG sends to who is pending.",
    "paused": "Resume it when the cause is mended: DO=resume. Cancel it for good: DO=cancel.",
    "stopped": "Mend the cause; the next run of its DAG goes on by itself.",
    "cancelled": "Nothing more of it is sent, ever. Who was pending is counted as skipped.",
    "done": "Nobody is pending.",
}
FIGURES = (
    "selected", "accepted", "rejected", "suppressed", "capped", "held_out", "in_doubt", "pending", "skipped",
)  # fmt: skip


def campaign_by_hand(place: Installation, action: str, campaign: str, occurrence: str) -> int:
    """Do it and show how the campaign stands; 0 where that worked. Raises `TradewindError` where there is no such plan."""
    with _ledger(place) as ledger:
        plan_id = plans.plan_id_of(campaign, occurrence)
        if plans.find_plan(ledger, plan_id) is None:
            raise _no_plan(ledger, campaign, occurrence)
        account = _account(place)
        if action == "pause":
            control.pause(ledger, campaign, occurrence, account=account)
        elif action == "resume":
            control.resume(ledger, campaign, occurrence, account=account)
        elif action == "cancel":
            control.cancel(ledger, campaign, occurrence, account=account)
        for line in lines(ledger, plan_id):
            Progress().plain(line)
    return 0


def reconcile_by_hand(place: Installation) -> int:
    """Tell a restored ledger what it forgot, and show what that was."""
    with _ledger(place) as ledger:
        found = reconcile(Stores(place.paths, ledger, load_secrets(place.paths)))
    forgotten = {name: count for name, count in found.items() if count}
    if not forgotten:
        Progress().plain("the ledger knows everything that the journals and the warehouse know")
    for name, count in forgotten.items():
        Progress().plain(f"  {name.replace('_', ' '):<20}{count:>10,}")
    return 0


def lines(ledger: Ledger, plan_id: str) -> Iterator[str]:
    """How a plan stands, for a terminal."""
    plan = plans.find_plan(ledger, plan_id)
    assert plan is not None
    reason = f" ({plan['stop_reason']})" if plan["stop_reason"] else ""
    yield f"{plan['campaign']} {plan['occurrence']}: {plan['state']}{reason}"
    with ledger.read() as connection:
        people: dict[str, Any] = vars(counts.tally(connection, plan_id))
        people_there = counts.waiting_there(connection, plan_id, clock.now().timestamp())
    yield from (f"  {name.replace('_', ' '):<12}{people[name]:>12,}" for name in FIGURES)
    for hold in holds.all_holds(ledger):
        if hold["plan_id"] == plan_id and hold["released_at"] is None:
            yield f"  held back: {hold['provider'] or 'all mailbox providers'} ({hold['reason']})"
    if people_there:
        yield f"  {_there(plan, people_there)}"
    yield f"  {NEXT[plan['state']]}"


def _there(plan: RowMapping, people: int) -> str:
    """Who of the accepted is still at SendGrid."""
    if plan["state"] == "cancelled":
        return (
            f"{people:,} of the accepted go out at their send_at: SendGrid has not confirmed to drop them. They are due "
            "within ten minutes, or carry no batch, or SendGrid did not answer: then give DO=cancel again."
        )
    status = "paused there" if plan["batch_status"] == "pause" else "held there until their send_at"
    return f"{people:,} of the accepted are {status}."


@contextmanager
def _ledger(place: Installation) -> Iterator[Ledger]:
    """The ledger that the services use. Not a new one: a mistyped data folder would look like a campaign without a plan."""
    url = ledger_url(place.paths)
    if url.startswith("sqlite:///") and not place.paths.ledger.is_file() and str(place.paths.ledger) in url:
        raise ConfigurationError(
            "has no ledger.", where=str(place.paths.root), remedy="Set TRADEWIND_DATA to the data folder."
        )
    opened = open_ledger(url, load_secrets(place.paths))
    try:
        yield opened
    finally:
        opened.close()


def _account(place: Installation) -> SendGridAccount:
    """Where scheduled messages are held: what the environment names, else the demo's simulator."""
    text = environment_text(SENDGRID)
    return sendgrid_account(text) if text else SendGridAccount(place.simulator_url, "SG.simulator")


def _no_plan(ledger: Ledger, campaign: str, occurrence: str) -> ConfigurationError:
    known = [f"{plan['campaign']} {plan['occurrence']}" for plan in plans.all_plans(ledger)][-8:]
    return ConfigurationError(
        "has no plan.", where=f"{campaign} {occurrence}", remedy=f"The latest plans: {', '.join(known) or 'none'}."
    )
