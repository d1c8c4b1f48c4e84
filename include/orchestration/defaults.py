"""Default arguments of all DAGs and tasks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from include.orchestration.notifications import (
    RunFailureNotifier,
    TaskFailureNotifier,
    TaskSuccessNotifier,
    deadline,
)
from include.orchestration.retries import TransientErrors

# Used if a process is killed or does not start: there is no exception that the retry policy could classify.
_RETRY_WITHOUT_EXCEPTION = {
    "retry_delay": timedelta(seconds=10), "retry_exponential_backoff": 2, "max_retry_delay": timedelta(minutes=5),
}  # fmt: skip


def dag_defaults(owner: str, *, due: timedelta, timeout: timedelta) -> dict[str, Any]:
    """Arguments of `DAG`: one run at a time, no catch-up, alerts and a timeout.

    An alert is delivered if a run fails, or is not finished `due` after it was queued. A run is ended `timeout` after it
    started.
    """
    return {
        "catchup": False, "max_active_runs": 1, "default_args": task_defaults(owner), "deadline": deadline(due),
        "dagrun_timeout": timeout, "on_failure_callback": RunFailureNotifier(),
    }  # fmt: skip


def task_defaults(owner: str) -> dict[str, Any]:
    """`default_args` of every DAG."""
    return {
        "owner": owner, "retries": 3, "retry_policy": TransientErrors(), "on_failure_callback": [TaskFailureNotifier()],
        "on_success_callback": [TaskSuccessNotifier()], **_RETRY_WITHOUT_EXCEPTION,
    }  # fmt: skip
