"""What cannot be known: evidence ends it, then a person or a policy. Who is proved meanwhile does not get it twice."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from include.warehouse.connection import open_warehouse
from operations import runs
from operations.runs import Run
from tests.operators.campaigns import PEOPLE
from tests.operators.stack import Stack, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

CERTAIN = {"hard_bounce": 0, "blocked": 0}
"""Some late bounces carry no key; whoever is neither delivered nor bounced with one could not be proved."""
DAY = 25 * 3600


def test_a_person_decides_about_doubt(stack: Stack) -> None:
    """One request is lost, another only its answer; who can be proved is, the others get it in a run of their own."""
    run = send_with_doubt(stack, "asked")
    stack.await_task(run, "dispatch.doubt.decide", "awaiting_input", "deferred")
    in_doubt = stack.tally("asked").in_doubt
    collect_until(stack, "asked", in_doubt)
    lost = stack.tally("asked").in_doubt
    assert 0 < lost < in_doubt
    stack.answer(run, "dispatch.doubt.decide", "Approve")
    stack.await_run(run)
    stack.await_run(resent(stack, "asked", run))
    stack.require_everybody_once("asked")


@pytest.mark.slow
def test_doubt_is_resent_after_24_healthy_hours(stack: Stack) -> None:
    run = send_with_doubt(stack, "patient")
    stack.await_run(run)
    collect_until(stack, "patient", stack.tally("patient").in_doubt)
    a_day_passes(stack)
    collect(stack)
    stack.await_run(resent(stack, "patient", run))
    stack.require_everybody_once("patient")


def send_with_doubt(stack: Stack, campaign: str) -> Run:
    """A run in which one request is not accepted with a 500, and the answer to another, accepted, is lost."""
    stack.tell("rates", {"all": CERTAIN})
    for kind in ("refuse_500", "accept_then_reset"):
        stack.tell("faults", {"kind": kind, "count": 1, "match": {"campaign": campaign}})
    run = stack.trigger(campaign)
    stack.await_task(run, "dispatch.settle", "success", seconds=200)
    stack.require_nobody_twice(campaign)
    return run


def collect(stack: Stack) -> None:
    """A run of collect_engagement by hand."""
    stack.pause_dag("collect_engagement", False)
    try:
        stack.await_run(runs.trigger(stack.api, "collect_engagement"), seconds=200)
    finally:
        stack.pause_dag("collect_engagement", True)


def collect_until(stack: Stack, campaign: str, in_doubt: int) -> None:
    """Collect the events of all that lives; then whoever the simulator accepted is proved."""
    until(lambda: stack.asked("status")["quiet"], lambda: "the simulator to be quiet")
    collect(stack)
    tally = stack.require_nobody_twice(campaign)
    assert tally.in_doubt < in_doubt
    assert tally.accepted == len(stack.accepted(campaign)), "somebody who got it is not proved"
    assert tally.accepted + tally.in_doubt + tally.suppressed == PEOPLE


def resent(stack: Stack, campaign: str, first: Run) -> Run:
    """The run that goes on with the plan."""

    def others() -> list[str]:
        found = stack.api.get(f"/dags/send_{campaign}/dagRuns", limit=10)["dag_runs"]
        return [run["dag_run_id"] for run in found if run["dag_run_id"] != first.id]

    until(others, lambda: "the run that sends again")
    return Run(first.dag, others()[0])


def a_day_passes(stack: Stack) -> None:
    """The requests are a day old, and the webhook delivered something in every hour of it."""
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
