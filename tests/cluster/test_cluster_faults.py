"""Parts of a cluster fail in mid-send: nothing is accepted twice, nobody is lost, doubt is shown.

The effect is asserted at the simulator. Nobody restarts what a drill says nobody restarts.
"""

from __future__ import annotations

import os
import signal
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from operations import cluster, launcher, processes, runs
from operations.runs import Run
from operations.settings import service_environment
from operations.stores import POSTGRESQL, REDIS
from tests.cluster import next_release
from tests.cluster.conftest import campaign_of
from tests.cluster.environment import needs_servers
from tests.cluster.hosts import (
    await_end,
    await_owner,
    cut,
    frozen,
    inside_network,
    needs_namespaces,
    network,
    only_worker,
    record_of,
    start_as,
)
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
    await_owner(stack, campaign)
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
    """A fast shutdown, and one like a crash. Ledger and metadata are gone for a moment; what ends by that is started."""
    run = begin(stack, campaign)
    record = processes.read(stack.installation.paths.services / f"{POSTGRESQL}.pid")
    assert record is not None
    os.kill(record.pid, how)
    until(lambda: not record.alive, lambda: "PostgreSQL to end")
    await_supervised(stack, run)
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


def test_a_worker_whose_clock_is_off_is_frozen_past_its_lease(stack: Stack) -> None:
    """Its lease ends by the ledger's clock, and not ten minutes later by its own; back again, it writes nothing."""
    worker, campaign = cluster.WORKERS[0], "worker_frozen"
    stack.start()
    only_worker(stack, worker, environment={"TRADEWIND_CLOCK_OFFSET_SECONDS": "600"})
    require_taken_over(stack, campaign, worker, frozen(stack, worker))


@needs_namespaces
def test_a_worker_is_cut_off_by_the_network_and_comes_back(stack: Stack) -> None:
    """Cut off from ledger, broker, Airflow and SendGrid in mid-send, until another worker has sent the rest."""
    worker, campaign = cluster.WORKERS[1], "worker_cut_off"
    stack.start()
    with network(stack):
        only_worker(stack, worker, prefix=inside_network())
        require_taken_over(stack, campaign, worker, cut())
        stack.kill(worker)


def test_every_node_is_upgraded_in_mid_send(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other gets the next release, which changes the ledger: no doubt is left, and nobody clears a task.

    The old release goes on sending with the ledger of the new one until its worker stops. A task that the old release
    begins afterwards refuses that ledger, and is tried again until a worker of the new one has it.
    """
    release, run = next_release.write_release(tmp_path / "next"), begin(stack, "upgraded")
    sending = sending_node(stack, run)
    upgrade(stack, "edge", release)  # the first that opens the ledger
    next_release.adopt(monkeypatch)
    with stack.ledger() as ledger:
        assert next_release.version_of(ledger) == next_release.VERSION
    stack.await_accepted("upgraded", len(stack.accepted("upgraded")) + A_FEW)
    processes.stop([record_of(stack, sending)])
    assert len(stack.accepted("upgraded")) < PEOPLE - A_FEW, "the send was over before its worker stopped"
    until(lambda: is_refused(stack, run), lambda: f"the old release to refuse the ledger: {stack.states(run)}")
    for node in (sending, *(each for each in (*cluster.WORKERS, *cluster.SCHEDULERS) if each != sending)):
        upgrade(stack, node, release)
    stack.await_run(run, seconds=900)
    stack.require_everybody_once("upgraded")


def require_taken_over(stack: Stack, campaign: str, worker: str, absence: AbstractContextManager[None]) -> None:
    """The only worker is absent in mid-send; the others finish the run meanwhile, and it changes nothing afterwards."""
    stack.simulator_call("faults", {"kind": "pause", "seconds": 4, "match": {"campaign": campaign}})
    run = trigger(stack, campaign)
    assert sending_node(stack, run) == worker
    owner = await_owner(stack, campaign)
    with absence:
        stack.simulator_call("faults", None, "DELETE")
        stack.start()
        stack.await_run(run, seconds=900)
        assert sending_node(stack, run) != worker
        assert tries_of(stack, run, "dispatch.settle") == 1, "the lease outlasted the wait for it"
        tally, accepted = stack.require_nobody_twice(campaign), stack.accepted(campaign)
    await_end(owner)
    assert stack.require_nobody_twice(campaign) == tally
    assert 0 < tally.in_doubt < PEOPLE
    assert tally.accepted + tally.in_doubt + tally.suppressed == tally.selected == PEOPLE
    assert set(accepted) <= set(stack.accepted(campaign)) <= stack.planned(campaign)
    unsent = stack.planned(campaign) - set(stack.accepted(campaign))
    assert len(unsent) <= tally.in_doubt + tally.suppressed, "somebody was lost"


def begin(stack: Stack, campaign: str) -> Run:
    """Start what the drill before left dead, trigger a send, and wait until it is under way."""
    stack.start()
    return trigger(stack, campaign)


def trigger(stack: Stack, campaign: str) -> Run:
    """Trigger a send, and wait until it is under way."""
    run = stack.trigger(campaign)
    assert stack.await_accepted(campaign, 1) < PEOPLE
    return run


def upgrade(stack: Stack, name: str, release: Path) -> None:
    """Restart a service with the code of another release."""
    processes.stop([record_of(stack, name)])
    start_as(stack, name, environment=next_release.environment(release, service_environment(stack.installation)))


def is_refused(stack: Stack, run: Run) -> bool:
    """Whether a try of the task that sends refused the ledger of a newer release, by its log."""
    logs = stack.installation.airflow_home / "logs" / f"dag_id={run.dag}" / f"run_id={run.id}" / f"task_id={SEND}"
    return any("it is from a newer Tradewind" in log.read_text() for log in logs.rglob("attempt=*.log"))


def await_supervised(stack: Stack, run: Run) -> None:
    """Wait for the end of a run, and start what ends meanwhile, as systemd does: schedulers end without their database."""

    def has_ended() -> bool:
        launcher.start_services(stack.installation, lambda said: None)
        return stack.run_state(run) in runs.FINAL

    until(has_ended, lambda: f"{run} to end: {stack.states(run)}", 900)
    stack.await_run(run)


def sending_node(stack: Stack, run: Run) -> str:
    """The node of the newest try of the task that sends."""
    return next(str(task["hostname"]) for task in runs.tasks(stack.api, run) if task["task_id"] == SEND)


def tries_of(stack: Stack, run: Run, task_id: str) -> int:
    """How often a task was tried."""
    return next(int(task["try_number"]) for task in runs.tasks(stack.api, run) if task["task_id"] == task_id)
