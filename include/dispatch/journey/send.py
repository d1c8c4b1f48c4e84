"""Sends and settles the plans of journeys. What cannot be sent now is left for the next tick, a minute later."""

from __future__ import annotations

import logging
from typing import TypedDict

from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import TradewindError
from include.core.pace import AccountPace
from include.dispatch.account.settle import finish
from include.dispatch.send import sender
from include.ledger import chunks, counts, journeys, plans
from include.ledger.database import Ledger
from include.ledger.stores import Stores

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 1_800.0
"""How long a plan may wait for SendGrid, a cap or a window before its task fails and alerts."""


class Settled(TypedDict):
    """The plans of journeys that are done now, and those with people who are still pending."""

    done: int
    pending: int


def send_part(
    stores: Stores, account: SendGridAccount, part: sender.Range, account_pace: AccountPace = sender.UNLIMITED
) -> dict[str, int]:
    """As `sender.send_range`; an error that may pass is left for the next tick, unless the plan has waited too long."""
    try:
        return sender.send_range(stores, account, account_pace=account_pace, **part)
    except TradewindError as error:
        plan = plans.find_plan(stores.ledger, part["plan_id"])
        waited = clock.now().timestamp() - plan.planned_at if plan else PATIENCE_SECONDS
        if not error.retryable or waited >= PATIENCE_SECONDS:
            raise
        log.warning("left for the next tick: %s", error)
        return {}


def settle_plans(ledger: Ledger) -> Settled:
    """Check that the people of every unfinished plan add up, and mark the plans as done that have nobody pending.

    Raises `ConservationBroken` if they do not add up.
    """
    done = pending = 0
    for plan_id in journeys.plan_ids(ledger, states=("sending",)):
        chunks.recover(ledger, plan_id)
        with ledger.read() as connection:
            tally = counts.require_conservation(connection, plan_id)
        if tally.pending or chunks.open_intents(ledger, plan_id):
            pending += 1
        else:
            done += finish(ledger, plan_id, tally)
    return Settled(done=done, pending=pending)
