"""Parts of a cluster fail in mid-send: nothing is accepted twice, nobody is lost, doubt is shown.

The effect is asserted at the simulator. Nobody restarts what a drill says nobody restarts.
"""

from __future__ import annotations

import os
import signal

import pytest

from operations import cluster, processes, runs
from operations.runs import Run
from operations.stores import POSTGRESQL, REDIS
from tests.cluster.conftest import campaign_of
from tests.cluster.environment import needs_servers
from tests.operators.campaigns import PEOPLE
from tests.operators.stack import SEND, Stack, until

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(1800), needs_servers]
A_FEW = 60


def test_a_worker_is_killed(stack: Stack) -> None:
    """Another worker sends the rest; the messages of open requests are in doubt. Nobody restarts the worker."""
    campaign = "worker_killed"
    stack.simulator_call("faults", {"kind": "pause", "seconds": 4, "match": {"campaign": campaign}})
    run = begin(stack, campaign)
    killed = sending_node(stack, run)
    assert killed in cluster.WORKERS
    assert stack.kill(killed) > 2
    stack.simulator_call("faults", None, "DELETE")
    stack.await_run(run, seconds=900)
    assert sending_node(stack, run) in set(cluster.WORKERS) - {killed}
    tally = stack.require_nobody_twice(campaign)
    assert 0 < tally.in_doubt < PEOPLE
    assert tally.accepted + tally.in_doubt + tally.suppressed == tally.selected == PEOPLE
    assert set(stack.accepted(campaign)) <= stack.planned(campaign)


def test_the_broker_is_killed(stack: Stack) -> None:
    """What is being sent goes on without a broker; the tasks after it run when the broker is back."""
    run = begin(stack, "broker_killed")
    stack.kill(REDIS)
    stack.await_accepted("broker_killed", len(stack.accepted("broker_killed")) + A_FEW)
    stack.start()
    stack.await_run(run, seconds=900)
    stack.require_everybody_once("broker_killed")


@pytest.mark.parametrize(("campaign", "how"), [("primary_restarted", signal.SIGINT), ("primary_crashed", signal.SIGQUIT)])
def test_postgresql_restarts(stack: Stack, campaign: str, how: signal.Signals) -> None:
    """A fast shutdown, and one like a crash. Ledger and metadata are gone for a moment; what ended meanwhile is started."""
    run = begin(stack, campaign)
    record = processes.read(stack.installation.paths.services / f"{POSTGRESQL}.pid")
    assert record is not None
    os.kill(record.pid, how)
    until(lambda: not record.alive, lambda: "PostgreSQL to end")
    stack.start()
    stack.await_run(run, seconds=900)
    tally = stack.require_nobody_twice(campaign)
    assert tally.accepted + tally.in_doubt + tally.suppressed == tally.selected == PEOPLE
    unsent = stack.planned(campaign) - set(stack.accepted(campaign))
    assert len(unsent) <= tally.in_doubt + tally.suppressed, "somebody was lost"


@pytest.mark.parametrize("scheduler", cluster.SCHEDULERS)
def test_one_of_two_schedulers_is_killed(stack: Stack, scheduler: str) -> None:
    """The other one goes on with the run, whichever of them had queued its task. Nobody restarts the first."""
    campaign = campaign_of(scheduler)
    run = begin(stack, campaign)
    stack.kill(scheduler)
    stack.await_run(run, seconds=900)
    stack.require_everybody_once(campaign)


def begin(stack: Stack, campaign: str) -> Run:
    """Start what the drill before left dead, trigger a send, and wait until it is under way."""
    stack.start()
    run = stack.trigger(campaign)
    assert stack.await_accepted(campaign, 1) < PEOPLE
    return run


def sending_node(stack: Stack, run: Run) -> str:
    """The node of the newest try of the task that sends."""
    return next(str(task["hostname"]) for task in runs.tasks(stack.api, run) if task["task_id"] == SEND)
