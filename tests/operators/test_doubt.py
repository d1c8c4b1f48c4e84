"""Messages in doubt are resolved by events, then by an operator or a policy; proved messages are not resent."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from include.warehouse.connection import open_warehouse
from operations.runs import Run
from tests.operators.campaigns import PEOPLE
from tests.operators.stack import Stack, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

NO_LATE_BOUNCES = {"hard_bounce": 0, "blocked": 0}
"""Some late bounces have no message key; such messages could not be proved."""
DAY = 25 * 3600


@pytest.mark.slow
def test_doubt_is_resent_after_approval(stack: Stack) -> None:
    """One request is lost; of another, only the response. Events prove the second; a new run resends the first."""
    run = send_with_doubt(stack, "resent_on_approval")
    stack.await_task(run, "dispatch.doubt.decide", "awaiting_input", "deferred")
    in_doubt = stack.tally("resent_on_approval").in_doubt
    collect_until(stack, "resent_on_approval", in_doubt)
    lost = stack.tally("resent_on_approval").in_doubt
    assert 0 < lost < in_doubt
    stack.answer(run, "dispatch.doubt.decide", "Approve")
    stack.await_run(run)
    stack.await_run(resent(stack, "resent_on_approval", run))
    stack.require_everybody_once("resent_on_approval")


@pytest.mark.slow
def test_doubt_is_resent_after_24_hours_of_events(stack: Stack) -> None:
    run = send_with_doubt(stack, "resent_after_24h")
    stack.await_run(run)
    collect_until(stack, "resent_after_24h", stack.tally("resent_after_24h").in_doubt)
    age_by_a_day(stack)
    stack.collect()
    stack.await_run(resent(stack, "resent_after_24h", run))
    stack.require_everybody_once("resent_after_24h")


def send_with_doubt(stack: Stack, campaign: str) -> Run:
    """A run in which one request fails with 500, and another is accepted but its response is lost."""
    stack.simulator_call("rates", {"all": NO_LATE_BOUNCES})
    for kind in ("refuse_500", "accept_then_reset"):
        stack.simulator_call("faults", {"kind": kind, "count": 1, "match": {"campaign": campaign}})
    run = stack.trigger(campaign)
    stack.await_task(run, "dispatch.settle", "success", seconds=500)
    stack.require_nobody_twice(campaign)
    return run


def collect_until(stack: Stack, campaign: str, in_doubt: int) -> None:
    """Collect all events; then every message that the simulator accepted is proved."""
    until(lambda: stack.simulator_get("status")["quiet"], lambda: "the simulator to be quiet")
    stack.collect()
    tally = stack.require_nobody_twice(campaign)
    assert tally.in_doubt < in_doubt
    assert tally.accepted == len(stack.accepted(campaign)), "an accepted message is not proved"
    assert tally.accepted + tally.in_doubt + tally.suppressed == PEOPLE


def resent(stack: Stack, campaign: str, first: Run) -> Run:
    """The run that continues the plan."""

    def later_runs() -> list[str]:
        found = stack.api.get(f"/dags/send_{campaign}/dagRuns", limit=10)["dag_runs"]
        return [run["dag_run_id"] for run in found if run["dag_run_id"] != first.id]

    until(later_runs, lambda: "the run that resends")
    return Run(first.dag, later_runs()[0])


def age_by_a_day(stack: Stack) -> None:
    """Make the requests a day old, with webhook batches in every hour since."""
    with sqlite3.connect(stack.installation.paths.ledger) as ledger:
        ledger.execute("update chunks set posted_at = posted_at - ? where state = 'in_doubt'", (DAY,))
    now = datetime.now(UTC)
    with open_warehouse(stack.installation.paths) as warehouse:
        for hours in range(25):
            warehouse.execute(
                "insert into engagement.spool_files by name select * replace (? as name, ? as received_at) "
                "from engagement.spool_files limit 1",
                [f"an hour {hours}", now - timedelta(hours=hours, minutes=1)],
            )
