"""A late run asks for approval; a campaign that SendGrid refuses stops until the cause is fixed."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from operations.runs import Run
from tests.operators.campaigns import PEOPLE
from tests.operators.stack import SEND, Stack, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


@pytest.mark.slow
def test_a_late_scheduled_run_sends_after_approval(stack: Stack) -> None:
    run = missed_tick(stack, "late", datetime.now(UTC) - timedelta(hours=3))
    stack.await_task(run, "dispatch.approve_late_start", "awaiting_input", "deferred")
    assert stack.accepted("late") == []
    assert not stack.has_plan("late")
    stack.answer(run, "dispatch.approve_late_start", "Approve")
    stack.await_run(run)
    stack.require_everybody_once("late")


@pytest.mark.slow
def test_a_late_run_that_is_rejected_sends_nothing(stack: Stack) -> None:
    run = missed_tick(stack, "too_late", datetime.now(UTC) - timedelta(hours=3))
    stack.await_task(run, "dispatch.approve_late_start", "awaiting_input", "deferred")
    stack.answer(run, "dispatch.approve_late_start", "Reject")
    stack.await_run(run)
    assert stack.accepted("too_late") == []
    assert not stack.has_plan("too_late")


@pytest.mark.slow
def test_a_refused_sender_stops_the_campaign_until_it_is_fixed(stack: Stack) -> None:
    """After a 403, everybody is pending, an alert names the runbook page, and the next run sends to everybody."""
    stack.simulator_call("faults", {"kind": "forbidden", "match": {"campaign": "refused"}})
    run = stack.trigger("refused")
    real = stack.trigger("unverified")
    for stopped in (run, real):
        campaign = stopped.dag.removeprefix("send_")
        stack.await_run(stopped, "failed")
        assert "CampaignStopped" in stack.errors(stopped)[SEND]
        assert stack.accepted(campaign) == []
        tally = stack.require_nobody_twice(campaign)
        assert tally.pending + tally.suppressed == PEOPLE
        assert any(alert["dag"] == stopped.dag and "campaign-stopped" in alert["runbook"] for alert in stack.alerts())
    stack.simulator_call("faults", None, "DELETE")
    stack.await_run(stack.trigger("refused"))
    stack.require_everybody_once("refused")


def missed_tick(stack: Stack, campaign: str, tick: datetime) -> Run:
    """The run for a tick that the scheduler missed: it creates the run now."""
    dag = f"send_{campaign}"
    moment = f"{tick:%Y-%m-%d %H:%M:%S.%f}"
    with sqlite3.connect(stack.installation.airflow_home / "airflow.db", timeout=30) as database:
        database.execute(
            "update dag set next_dagrun = ?, next_dagrun_data_interval_start = ?, next_dagrun_data_interval_end = ?, "
            "next_dagrun_create_after = ? where dag_id = ?",
            (moment, moment, moment, moment, dag),
        )
    runs_of = f"/dags/{dag}/dagRuns"
    until(lambda: stack.api.get(runs_of, run_type="scheduled")["dag_runs"], lambda: f"the scheduled run of {dag}")
    return Run(dag, stack.api.get(runs_of, run_type="scheduled")["dag_runs"][0]["dag_run_id"])
