"""Alerts from Airflow: for tasks that failed permanently, failed runs and late runs."""

from __future__ import annotations

import asyncio
import inspect
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk import DAG, Variable
from airflow.sdk._shared.module_loading import import_string
from airflow.sdk.definitions.deadline import DeadlineAlert

from include.core.errors import PlanError, QualityStop
from include.core.paths import PROJECT, DataPaths
from include.orchestration import notifications
from include.orchestration.deadlines import SinceQueued
from tests.alerts.receiver import Receiver

MINUTES = {
    "audit": 60,
    "build_segments": 30, "collect_activities": 30, "collect_engagement": 30, "control_campaign": 30,
    "ingest_subscribers": 50,
    "nightly_analytics": 90, "preview_journey": 30, "privacy_requests": 300, "retention": 60, "run_journeys": 30,
    "send_confirm": 240, "send_confirm_reminder": 240, "send_newsletter": 240, "send_still_looking": 240,
    "send_summer_sale": 240, "send_vip_early_access": 240, "send_welcome": 240, "send_winback": 240,
}  # fmt: skip


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Any:
    started = Receiver()
    monkeypatch.setenv("AIRFLOW_VAR_ALERT_WEBHOOK_URL", started.url)
    yield started
    started.stop()


def stored_alerts(paths: DataPaths) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in paths.alerts.glob("*Z-*.json")]


def test_every_task_alerts_on_failure_and_not_on_retry(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        assert isinstance(dag.on_failure_callback, notifications.RunFailureNotifier)
        for task in dag.tasks:
            values = getattr(task, "partial_kwargs", None) or vars(task)
            assert [type(each) for each in values["on_failure_callback"]] == [notifications.TaskFailureNotifier], (
                task.task_id
            )
            assert [type(each) for each in values["on_success_callback"]] == [notifications.TaskSuccessNotifier]
            assert not values.get("on_retry_callback"), task.task_id


def test_a_failed_task_posts_an_alert(paths: DataPaths, receiver: Receiver) -> None:
    context: dict[str, Any] = {
        "ti": SimpleNamespace(dag_id="ingest_subscribers", run_id="scheduled__1", task_id="validate.check"),
        "run_id": "scheduled__1", "exception": QualityStop("too few rows.", where="subscribers"),
    }  # fmt: skip
    notifications.TaskFailureNotifier()(context)
    (alert,) = receiver.posted
    assert (alert["dag"], alert["run"], alert["task"]) == ("ingest_subscribers", "scheduled__1", "validate.check")
    assert alert["happened"] == "subscribers: too few rows."
    assert alert["runbook"] == "docs/runbook/quality-stop.md#what-to-do"
    assert [each["kind"] for each in stored_alerts(paths)] == ["quality-stop"]


@pytest.mark.parametrize("exception", [None, "text from the scheduler"])
def test_a_task_whose_process_was_lost_posts_an_alert(exception: str | None, paths: DataPaths, receiver: Receiver) -> None:
    context: dict[str, Any] = {"ti": SimpleNamespace(dag_id="send_winback", run_id="r", task_id="t"), "exception": exception}
    notifications.TaskFailureNotifier()(context)
    assert [alert["kind"] for alert in receiver.posted] == ["task-lost"]


def run_of(mode: str | None, run_type: str = "manual", dag: str = "send_newsletter") -> SimpleNamespace:
    conf = {} if mode is None else {"mode": mode}
    return SimpleNamespace(dag_id=dag, run_id="r", run_type=run_type, conf=conf)


@pytest.mark.parametrize(
    ("run", "alerts"),
    [
        (run_of("preview"), 0),
        (run_of(None), 0),  # the form's default
        (run_of("test"), 0),
        (run_of("preview", "backfill"), 0),
        (run_of("live"), 1),
        (run_of("something else"), 1),
        (run_of(None, "scheduled"), 1),
        (run_of("preview", "scheduled"), 1),  # a scheduled run is live, whatever its conf says
        (run_of(None, dag="ingest_subscribers"), 1),
    ],
)
def test_previews_and_tests_do_not_alert(run: SimpleNamespace, alerts: int, paths: DataPaths, receiver: Receiver) -> None:
    """For each of the three callbacks: failed task, failed run, missed deadline."""
    task = SimpleNamespace(dag_id=run.dag_id, run_id="r", task_id="dispatch.plan")
    notifications.TaskFailureNotifier()({"ti": task, "run_id": "r", "dag_run": run, "exception": PlanError("a typo.")})
    notifications.RunFailureNotifier()(
        {"dag": DAG(run.dag_id, schedule=None), "run_id": "r2", "dag_run": run, "reason": "timed_out"}
    )
    shown = {"dag_id": run.dag_id, "dag_run_id": "r", "run_type": run.run_type, "conf": run.conf}
    asyncio.run(notifications.deadline_missed({"dag_run": shown}, 240))
    assert len(receiver.posted) == 3 * alerts
    assert len(stored_alerts(paths)) == 3 * alerts


def test_a_failed_run_alerts_unless_one_of_its_tasks_did(paths: DataPaths, receiver: Receiver) -> None:
    """The DAG processor calls it with or without a task in the context."""
    lost: dict[str, Any] = {"dag": DAG("nightly_analytics", schedule=None), "run_id": "r1", "reason": "task_failure"}
    notifications.RunFailureNotifier()(lost)
    notifications.RunFailureNotifier()({**lost, "run_id": "r2", "reason": "timed_out"})
    assert [(alert["kind"], alert["run"]) for alert in receiver.posted] == [("task-lost", "r1"), ("run-timed-out", "r2")]
    instance = SimpleNamespace(dag_id="ingest_subscribers", run_id="r3", task_id="validate.check")
    notifications.TaskFailureNotifier()({"ti": instance, "run_id": "r3", "exception": QualityStop("x")})
    notifications.RunFailureNotifier()({"ti": instance, "run_id": "r3", "reason": "task_failure"})
    assert [alert["kind"] for alert in receiver.posted][2:] == ["quality-stop"]


def test_a_late_run_that_fails_alerts_again(paths: DataPaths, receiver: Receiver) -> None:
    asyncio.run(notifications.deadline_missed({"dag_run": {"dag_id": "nightly_analytics", "dag_run_id": "r1"}}, 90))
    notifications.RunFailureNotifier()(
        {"dag": DAG("nightly_analytics", schedule=None), "run_id": "r1", "reason": "task_failure"}
    )
    assert [alert["kind"] for alert in receiver.posted] == ["missed-deadline", "task-lost"]


def test_an_alert_is_stored_if_the_webhook_variable_cannot_be_read(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unreachable(*arguments: object, **named: object) -> None:
        raise ConnectionError("no supervisor")

    monkeypatch.setattr(Variable, "get", unreachable)
    notifications.TaskFailureNotifier()(
        {"ti": SimpleNamespace(dag_id="d", run_id="r", task_id="t"), "exception": KeyError("k")}
    )
    assert [alert["kind"] for alert in stored_alerts(paths)] == ["failed-task"]
    assert "alert_webhook_url could not be read" in caplog.text


def test_every_dag_has_a_deadline_before_its_timeout(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        (deadline,) = cast("list[DeadlineAlert]", dag.deadline)
        assert isinstance(deadline.interval, timedelta)
        assert deadline.interval == timedelta(minutes=MINUTES[dag.dag_id]), dag.dag_id
        assert deadline.callback.kwargs == {"minutes": MINUTES[dag.dag_id]}
        assert deadline.reference.reference_name == "SinceQueued"
        assert dag.dagrun_timeout
        assert deadline.interval < dag.dagrun_timeout


def test_the_triggerer_imports_the_callback_by_name(paths: DataPaths, receiver: Receiver) -> None:
    from airflow.sdk._shared.module_loading import accepts_context

    callback = import_string(notifications.deadline(timedelta(minutes=50)).callback.path)
    assert inspect.iscoroutinefunction(callback)
    assert accepts_context(callback)
    run = {"dag_id": "send_newsletter", "dag_run_id": "scheduled__2026-11-24T09:00:00+00:00"}
    asyncio.run(callback(minutes=50, context={"dag_run": run, "deadline": {"id": "x", "deadline_time": "y"}}))
    (alert,) = receiver.posted
    assert alert["kind"] == "missed-deadline"
    assert alert["title"] == "send_newsletter: not done 50 minutes after it was due"
    assert alert["run"] == run["dag_run_id"]


def test_a_missed_deadline_without_a_context_alerts(paths: DataPaths) -> None:
    asyncio.run(notifications.deadline_missed(minutes=5))
    assert [alert["title"] for alert in stored_alerts(paths)] == ["a DAG: not done 5 minutes after it was due"]


def test_the_deadline_reference_is_registered() -> None:
    """Without it, Airflow creates no runs. Loaded from the plugins folder, as in a running Airflow."""
    from airflow._shared.plugins_manager import plugins_manager

    found, errors = plugins_manager._load_plugins_from_plugin_directory(str(PROJECT / "plugins"))
    assert not errors
    registered = [reference for plugin in found for reference in plugin.deadline_references]
    assert SinceQueued in registered
    assert import_string("include.deadlines.SinceQueued") in registered, (
        "runs from before 0.1.0 have it in their DAG version"
    )


def test_deadlines_from_before_0_1_0_find_their_callback() -> None:
    assert import_string("include.notify.deadline_missed") is notifications.deadline_missed
