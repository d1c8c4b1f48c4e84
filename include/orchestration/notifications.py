"""Alerts from Airflow: for tasks that failed permanently, failed runs, and runs that miss their deadline.

The triggerer imports this module by name, and the DAG processor runs it for tasks whose process was lost (docs/adr/0060).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow.sdk import AsyncCallback, BaseNotifier, DeadlineAlert  # type: ignore[attr-defined]

from include.core.alert import Alert, deliver, has_failure_alert, resolve
from include.orchestration.alert_route import alert_route
from include.orchestration.deadlines import SinceQueued

if TYPE_CHECKING:
    from airflow.sdk import Context

_RULES_WITHOUT_FAILURE = ("all_success", "none_failed", "none_failed_min_one_success")
_RUN_KINDS = ("run-timed-out", "missed-deadline")


def _failure_kinds() -> set[str]:
    """The kinds of the alerts of this module; others are resolved by the check that raised them."""
    from include.core.failure_alert import ALERT_RULES, DISK_FULL, TASK_LOST, UNEXPECTED

    return {*_RUN_KINDS, *(rule.kind for rule in (*ALERT_RULES, DISK_FULL, TASK_LOST, UNEXPECTED))}


class TaskFailureNotifier(BaseNotifier):
    """`on_failure_callback` of every task: delivers an alert for the exception, with its runbook page.

    There is no alert for a task that will be retried, nor for previews and tests, whose author is watching the run. Airflow
    logs errors of this callback; they do not change the state of the task.
    """

    def notify(self, context: Context) -> None:
        if _is_preview_or_test(context.get("dag_run")):
            return
        from include.core.failure_alert import failure_alert_for
        from include.core.paths import data_paths

        error = context.get("exception")
        known = error if isinstance(error, BaseException) else None
        deliver(data_paths(), failure_alert_for(known, **_location(context)), alert_route())


class TaskSuccessNotifier(BaseNotifier):
    """`on_success_callback` of every task: resolves alerts whose cause is over, because the task works again.

    That is an alert for this task, for a task before it (a mapped task's success says nothing about the others), or for
    an earlier run of the DAG as a whole: a DAG has one run at a time. In a campaign's DAG, an alert for a task is about
    its run. Costs a look into a folder that is usually empty.
    """

    def notify(self, context: Context) -> None:
        from include.core.paths import data_paths

        where = _location(context)
        tasks = _tasks_that_work(context)

        def is_over(alert: Mapping[str, Any]) -> bool:
            if alert["dag"] != where["dag"] or alert["kind"] not in _failure_kinds():
                return False
            if not alert["task"]:
                return bool(alert["run"] != where["run"])
            return alert["task"] in tasks and alert["about"] in (alert["task"], where["run"])

        resolve(data_paths(), is_over, alert_route)


def _tasks_that_work(context: Mapping[str, Any]) -> set[str]:
    """The task that succeeded, and those before it that it waits for. Empty for a mapped task, which is one of several."""
    task, map_index = context.get("task"), getattr(context.get("ti"), "map_index", None)
    if task is None or (map_index is not None and map_index >= 0):
        return set()
    rule = str(getattr(task.trigger_rule, "value", task.trigger_rule))
    return {task.task_id, *(task.upstream_task_ids if rule in _RULES_WITHOUT_FAILURE else ())}


class RunFailureNotifier(BaseNotifier):
    """`on_failure_callback` of every DAG: delivers an alert for a failed run without an alert for one of its tasks.

    Airflow does not call the callbacks of tasks whose process was killed, or which a run's timeout ended. This callback runs
    in the DAG processor.
    """

    def notify(self, context: Context) -> None:
        from include.core.failure_alert import failure_alert_for
        from include.core.paths import data_paths

        where = _location(context)
        if _is_preview_or_test(context.get("dag_run")) or has_failure_alert(data_paths(), where["dag"], where["run"]):
            return
        timed_out = context.get("reason") == "timed_out"
        alert = _timed_out(where["dag"], where["run"]) if timed_out else failure_alert_for(None, **where)
        deliver(data_paths(), alert, alert_route())


def _timed_out(dag: str, run: str) -> Alert:
    return Alert(
        "run-timed-out", f"{dag}: a run exceeded its timeout and was ended", f"Run {run} went over its dagrun_timeout.",
        "No message was sent twice. Unfinished work is pending.", "Find the unfinished task, then run the DAG again.",
        "docs/runbook/missed-deadline.md#what-to-do", dag=dag, run=run, about=run,
    )  # fmt: skip


async def deadline_missed(context: Mapping[str, Any] | None = None, minutes: int = 0) -> None:
    """Callback of a deadline. The triggerer calls it with plain values (`dag_run`, `deadline`), not a task context."""
    from include.core.paths import data_paths

    run = (context or {}).get("dag_run") or {}
    if _is_preview_or_test(SimpleNamespace(**run)):
        return
    alert = late_run_alert(str(run.get("dag_id") or "a DAG"), str(run.get("dag_run_id") or run.get("run_id") or ""), minutes)
    route = await asyncio.to_thread(alert_route)
    await asyncio.to_thread(deliver, data_paths(), alert, route)


def late_run_alert(dag: str, run: str, minutes: int) -> Alert:
    """The alert for a run that missed its deadline."""
    sends = dag.startswith("send_")
    safe = "The run continues; lateness sends nothing twice." if sends else "The previous state is still in use."
    return Alert(
        "missed-deadline", f"{dag}: not done {minutes} minutes after it was due", f"Run {run} is not finished.", safe,
        "Find the unfinished task, and what it waits for.", "docs/runbook/missed-deadline.md#what-to-do", "warning",
        dag=dag, run=run, about=run,
    )  # fmt: skip


def deadline(within: timedelta) -> DeadlineAlert:
    """`deadline` of a DAG: alerts if a run is not finished `within` this time after it was queued.

    The logical date is not used: it is the start of the interval, and None in a manual run.
    """
    minutes = int(within.total_seconds() // 60)
    callback = AsyncCallback(deadline_missed, kwargs={"minutes": minutes})
    return DeadlineAlert(SinceQueued(), within, callback, name=f"done within {minutes} minutes")


def _is_preview_or_test(dag_run: Any) -> bool:
    """Whether the run is a preview or test of a campaign: not scheduled, and its form does not say live.

    Uses plain attributes, since Airflow has several classes for a run. A run of unknown kind counts as live.
    """
    if not str(getattr(dag_run, "dag_id", None) or "").startswith("send_"):
        return False
    kind = getattr(dag_run, "run_type", None)
    if kind is None or str(getattr(kind, "value", kind)) == "scheduled":
        return False
    return (getattr(dag_run, "conf", None) or {}).get("mode", "preview") in ("preview", "test")


def _location(context: Mapping[str, Any]) -> dict[str, str]:
    instance, dag = context.get("ti"), context.get("dag")
    return {
        "dag": str(getattr(instance, "dag_id", None) or getattr(dag, "dag_id", "")),
        "run": str(context.get("run_id") or getattr(instance, "run_id", "")),
        "task": str(getattr(instance, "task_id", "")),
    }
