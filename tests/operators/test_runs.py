"""After clear, mark, delete, repeated triggers and backfills, every message is sent exactly once."""

from __future__ import annotations

from typing import Any

import pytest

from operations import runs
from operations.runs import Run
from tests.operators.campaigns import PEOPLE
from tests.operators.stack import SEND, Stack, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


@pytest.mark.slow
def test_clear_during_a_send_and_afterwards(stack: Stack) -> None:
    run = stack.trigger("cleared")
    assert stack.await_accepted("cleared", 1) < PEOPLE
    stack.clear(run, SEND)
    stack.await_run(run)
    stack.require_everybody_once("cleared")
    for task in (SEND, "dispatch.plan"):
        stack.clear(run, task)
        until(lambda: stack.run_state(run) not in runs.FINAL, lambda: "the cleared run to start")
        stack.await_run(run)
        stack.require_everybody_once("cleared")


@pytest.mark.slow
def test_mark_success_during_a_send_then_clear(stack: Stack) -> None:
    """Marking ends the task; `settle` then fails because messages are pending."""
    run = stack.trigger("marked_success")
    stack.await_accepted("marked_success", 1)
    stack.mark(run, SEND, "success")
    stack.await_task(run, "dispatch.settle", "up_for_retry", "failed")
    assert "people are still pending" in stack.errors(run)["dispatch.settle"]
    tally = stack.require_nobody_twice("marked_success")
    assert 0 < tally.accepted < PEOPLE
    stack.clear(run, SEND)
    stack.await_run(run)
    stack.require_everybody_once("marked_success")


@pytest.mark.slow
def test_mark_failed_during_a_send_then_trigger_again(stack: Stack) -> None:
    run = stack.trigger("marked_failed")
    stack.await_accepted("marked_failed", 1)
    stack.mark(run, SEND, "failed")
    stack.await_run(run, "failed")
    assert stack.require_nobody_twice("marked_failed").accepted < PEOPLE
    stack.await_run(stack.trigger("marked_failed"))
    stack.require_everybody_once("marked_failed")


@pytest.mark.slow
def test_trigger_twice_delete_trigger_again_backfill(stack: Stack) -> None:
    first, second = stack.trigger("again"), stack.trigger("again")
    until(lambda: stack.run_state(first) != "queued", lambda: "the first run to start")
    while stack.run_state(first) not in runs.FINAL:
        assert stack.run_state(second) == "queued", "two runs of a campaign at the same time"
    stack.await_run(second)
    stack.require_everybody_once("again")
    for run in (first, second):
        stack.delete(run)
    stack.await_run(stack.trigger("again"))
    stack.require_everybody_once("again")


@pytest.mark.slow
def test_backfill_of_past_periods(stack: Stack) -> None:
    """A backfill previews by default; a live one finds the plan that was sent.

    Past ticks only: after the first backfill, Airflow itself creates the scheduled run of the newest tick.
    """
    stack.await_run(stack.trigger("filled"))
    for year, conf, mode in ((2024, {}, "preview"), (2025, {"mode": "live"}, "live")):
        run = backfill(stack, "filled", year, conf)
        stack.await_run(run)
        plan = runs.xcom(stack.api, run, "dispatch.plan", key="plan")
        assert plan["mode"] == mode
        (link,) = stack.api.get(f"{run.path}/taskInstances/dispatch.plan/links")["extra_links"].values()
        assert link == ("/tradewind/" + plan["page"] if mode == "preview" else None)
        stack.require_everybody_once("filled")


def backfill(stack: Stack, campaign: str, year: int, conf: dict[str, str]) -> Run:
    """Backfill the only tick of a past year, 1 January; returns its run."""
    body = {
        "dag_id": f"send_{campaign}", "from_date": f"{year - 1}-12-31T12:00:00Z", "to_date": f"{year}-01-01T12:00:00Z",
        "dag_run_conf": conf, "max_active_runs": 1,
    }  # fmt: skip
    until(lambda: not any(one["completed_at"] is None for one in backfills(stack, campaign)), lambda: "another backfill")
    stack.api.post("/backfills", body)

    def created() -> list[str]:
        found = stack.api.get(f"/dags/send_{campaign}/dagRuns", run_type="backfill")["dag_runs"]
        return [run["dag_run_id"] for run in found if run["run_after"].startswith(str(year))]

    until(created, lambda: f"the backfill of {year}")
    return Run(f"send_{campaign}", created()[0])


def backfills(stack: Stack, campaign: str) -> list[dict[str, Any]]:
    return list(stack.api.get("/backfills", dag_id=f"send_{campaign}")["backfills"])
