"""Checks that every selected person is accounted for; fails the run otherwise (task `dispatch.settle`)."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from typing import Any

from include.core.errors import EspUnavailable
from include.ledger import chunks, counts, plans
from include.ledger.database import Ledger

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0


def settle(ledger: Ledger, plan_id: str) -> dict[str, Any]:
    """Wait for open intents to end, check conservation, and close the plan where nothing is pending.

    Returns the people by state. Raises `ConservationBroken` where they do not add up, and `EspUnavailable` (retryable)
    where people are still pending: "finished" before everybody was sent to would be a lie.
    """
    _await_open_intents(ledger, plan_id)
    with ledger.read() as connection:
        tally = counts.require_conservation(connection, plan_id)
    log.info("plan %s: %s", plan_id, asdict(tally))
    if tally.pending:
        raise EspUnavailable(
            f"{tally.pending} people are still pending.",
            where=f"plan {plan_id}",
            remedy="Run the DAG again: it sends only to them.",
        )
    plans.change_state(ledger, plan_id, "done", from_states=("sending",))
    return asdict(tally)


def _await_open_intents(ledger: Ledger, plan_id: str) -> None:
    """Wait until no process has an intent without an outcome; at the latest, its lease expires."""
    deadline = time.monotonic() + chunks.LEASE_SECONDS + 10
    while chunks.recover(ledger, plan_id) or chunks.open_intents(ledger, plan_id):
        if time.monotonic() > deadline:
            raise EspUnavailable("another process is still sending.", where=f"plan {plan_id}", remedy="Try again later.")
        time.sleep(POLL_SECONDS)
