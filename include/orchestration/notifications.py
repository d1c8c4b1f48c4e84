"""Airflow tells a person: on a task that failed for good, and on a run that is not done in time.

The triggerer imports it by its name, and the DAG processor runs it for tasks whose process went away (docs/adr/0060).
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
    """`on_failure_callback` of every task: the exception becomes an alert with its runbook page.

    A task that will be tried again tells nobody, and neither do previews and tests: whoever made the mistake looks at the
    run. What goes wrong here is Airflow's to log; it changes no task's state.
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
    """`on_failure_callback` of every DAG, for a failed run of which no task has told.

    Airflow calls no callback of a task whose process was killed, and none of tasks that a run's timeout ends. This one runs
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
        "run-timed-out", f"{dag}: a run took too long and was ended", f"Run {run} went over its dagrun_timeout.",
        "Nobody was mailed twice. What it did not do is still to do.", "See which task it was at, then run the DAG again.",
        "docs/runbook/missed-deadline.md#what-to-do", dag=dag, run=run, about=run,
    )  # fmt: skip


async def deadline_missed(context: Mapping[str, Any] | None = None, minutes: int = 0) -> None:
    """Called in the triggerer with a context of plain values (`dag_run`, `deadline`), not with that of a task."""
    from include.core.paths import data_paths

    run = (context or {}).get("dag_run") or {}
    if _is_preview_or_test(SimpleNamespace(**run)):
        return
    alert = late_run_alert(str(run.get("dag_id") or "a DAG"), str(run.get("dag_run_id") or run.get("run_id") or ""), minutes)
    url = await asyncio.to_thread(webhook_url)
    await asyncio.to_thread(deliver, data_paths(), alert, url)


def late_run_alert(dag: str, run: str, minutes: int) -> Alert:
    """The alert for a run that is not done in time."""
    sends = dag.startswith("send_")
    safe = "The run goes on; nothing is sent twice because it is late." if sends else "What stood before is in force."
    return Alert(
        "missed-deadline", f"{dag}: not done {minutes} minutes after it was due", f"Run {run} is not finished.", safe,
        "See which task it is at, and what that waits for.", "docs/runbook/missed-deadline.md#what-to-do", "warning",
        dag=dag, run=run, about=run,
    )  # fmt: skip


def deadline(within: timedelta) -> DeadlineAlert:
    """`deadline` of a DAG: tells when a run is not done `within` that time of being queued.

    Not from the logical date, which is the beginning of the interval, and missing in a run by hand.
    """
    minutes = int(within.total_seconds() // 60)
    callback = AsyncCallback(deadline_missed, kwargs={"minutes": minutes})
    return DeadlineAlert(SinceQueued(), within, callback, name=f"done within {minutes} minutes")


def webhook_url() -> str:
    """Where alerts are posted; empty for nowhere, also where Airflow cannot be asked: the alert is filed all the same."""
    try:
        return str(Variable.get(WEBHOOK_VARIABLE, default="") or "").strip()
    except Exception as error:  # noqa: BLE001 - whatever keeps the URL from us must not keep the alert from its file
        log.warning("variable %s could not be read (%s)", WEBHOOK_VARIABLE, type(error).__name__)
        return ""


def _is_preview_or_test(dag_run: Any) -> bool:
    """Whether it is a preview or a test of a campaign: made by hand, and its form does not say live.

    By plain attributes, since Airflow has several classes for a run. What cannot be read as a rehearsal is none.
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
