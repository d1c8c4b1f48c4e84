"""Alerts from Airflow: for tasks that failed permanently, failed runs, and runs that miss their deadline.

The triggerer imports this module by name, and the DAG processor runs it for tasks whose process was lost (docs/adr/0060).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow.sdk import AsyncCallback, BaseNotifier, DeadlineAlert, Variable  # type: ignore[attr-defined]

from include.core.alert import Alert, deliver, has_failure_alert
from include.orchestration.deadlines import SinceQueued

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

WEBHOOK_VARIABLE = "alert_webhook_url"


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
        deliver(data_paths(), failure_alert_for(known, **_location(context)), webhook_url())


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
        deliver(data_paths(), alert, webhook_url())


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
    url = await asyncio.to_thread(webhook_url)
    await asyncio.to_thread(deliver, data_paths(), alert, url)


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


def webhook_url() -> str:
    """The URL to which alerts are posted; '' if it is unset or Airflow does not answer. Alerts are stored in any case."""
    try:
        return str(Variable.get(WEBHOOK_VARIABLE, default="") or "").strip()
    except Exception as error:  # noqa: BLE001 - without the URL, the alert must still be stored
        log.warning("variable %s could not be read (%s)", WEBHOOK_VARIABLE, type(error).__name__)
        return ""


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
