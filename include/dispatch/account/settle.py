"""Checks that every selected person is accounted for; fails the run otherwise (task `dispatch.settle`)."""

from __future__ import annotations

import logging
import time

from include.core import telemetry
from include.core.errors import EspUnavailable
from include.ledger import chunks, counts, plans
from include.ledger.counts import PeopleByState, Tally
from include.ledger.database import Ledger

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0


def settle(ledger: Ledger, plan_id: str) -> PeopleByState:
    """Wait for open intents to end, check conservation, and mark the plan as done.

    Returns the people by state. Raises `ConservationBroken` if they do not add up, and `EspUnavailable` (retryable) if
    people are still pending, unless a person paused the plan.
    """
    with telemetry.span("dispatch.settle", plan_id) as span:
        _await_open_intents(ledger, plan_id)
        with ledger.read() as connection:
            tally = counts.require_conservation(connection, plan_id)
        span.set(**tally.by_state())
        return _settled(ledger, plan_id, tally)


def _settled(ledger: Ledger, plan_id: str, tally: Tally) -> PeopleByState:
    log.info("plan %s: %s", plan_id, tally.by_state())
    if tally.pending and _is_paused_by_operator(ledger, plan_id):
        return tally.by_state()
    if tally.pending:
        raise EspUnavailable(
            f"{tally.pending} people are still pending.",
            where=f"plan {plan_id}",
            remedy="Run the DAG again: it sends only to them.",
        )
    finish(ledger, plan_id, tally)
    return tally.by_state()


def finish(ledger: Ledger, plan_id: str, tally: Tally) -> bool:
    """Mark a plan as done that has nobody pending; whether it was not done before."""
    is_first = plans.change_state(ledger, plan_id, "done", from_states=("sending",))
    plan = plans.find_plan(ledger, plan_id) if is_first else None
    if plan:
        where = {"campaign": plan.campaign, "occurrence": plan.occurrence, "kind": plan.kind}
        telemetry.root("dispatch", plan_id, plan.planned_at, **where, **tally.by_state())
    return is_first


def _is_paused_by_operator(ledger: Ledger, plan_id: str) -> bool:
    plan = plans.find_plan(ledger, plan_id)
    return plan is not None and plan.is_stopped_by_operator


def _await_open_intents(ledger: Ledger, plan_id: str) -> None:
    """Wait until no process has an intent without an outcome; at the latest, its lease expires."""
    deadline = time.monotonic() + chunks.LEASE_SECONDS + 10
    while chunks.recover(ledger, plan_id) or chunks.open_intents(ledger, plan_id):
        if time.monotonic() > deadline:
            raise EspUnavailable("another process is still sending.", where=f"plan {plan_id}", remedy="Try again later.")
        time.sleep(POLL_SECONDS)
