"""If the DAG is paused or Airflow stopped or killed during a send, the rest is sent afterwards, exactly once."""

from __future__ import annotations

import pytest

from tests.operators.campaigns import PEOPLE
from tests.operators.stack import SEND, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1200)]


def test_pause_the_dag_during_a_send(stack: Stack) -> None:
    """A paused DAG starts no further task; the sending task finishes."""
    run = stack.trigger("halted")
    assert stack.await_accepted("halted", 1) < PEOPLE
    stack.pause_dag(run.dag, True)
    stack.await_task(run, SEND, "success")
    assert stack.tally("halted").pending == 0
    assert stack.states(run)["dispatch.settle"] in (None, "scheduled")
    stack.pause_dag(run.dag, False)
    stack.await_run(run)
    stack.require_everybody_once("halted")


def test_stop_airflow_during_a_send(stack: Stack) -> None:
    """`make stop` lets open requests finish: no message is in doubt."""
    run = stack.trigger("stopped")
    stack.await_accepted("stopped", 1)
    stack.stop()
    tally = stack.tally("stopped")
    assert tally.adds_up
    assert 0 < tally.accepted < PEOPLE
    assert (tally.in_doubt, tally.accepted + tally.pending + tally.suppressed) == (0, PEOPLE)
    stack.start()
    stack.await_run(run, seconds=600)
    stack.require_everybody_once("stopped")


def test_kill_airflow_during_a_send(stack: Stack) -> None:
    """After SIGKILL of scheduler and task, messages of open requests are in doubt until events prove them."""
    stack.simulator_call("faults", {"kind": "pause", "seconds": 4, "match": {"campaign": "killed"}})
    run = stack.trigger("killed")
    stack.await_accepted("killed", 1)
    assert stack.kill_scheduler() > 2
    stack.simulator_call("faults", None, "DELETE")
    stack.start()
    stack.await_run(run, seconds=600)
    tally = stack.require_nobody_twice("killed")
    assert 0 < tally.in_doubt < PEOPLE
    assert tally.accepted + tally.in_doubt + tally.suppressed == PEOPLE
    assert set(stack.accepted("killed")) <= stack.planned("killed")
