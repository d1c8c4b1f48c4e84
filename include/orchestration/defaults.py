"""What all our DAGs and tasks have in common."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from include.orchestration.notifications import RunFailureNotifier, TaskFailureNotifier, deadline
from include.orchestration.retries import TransientErrors

# A process that was killed, or never came to its work, raised nothing that the policy could classify.
_AFTER_A_KILL = {
    "retry_delay": timedelta(seconds=10), "retry_exponential_backoff": 2, "max_retry_delay": timedelta(minutes=5),
}  # fmt: skip


def dag_defaults(owner: str, *, due: timedelta, timeout: timedelta) -> dict[str, Any]:
    """Arguments of `DAG`: one run at a time, no catch-up, alerts, an end.

    An alert comes where a run is not done when `due`, or failed; the end at the `timeout`. Both count from when the run was
    queued, or started.
    """
    return {
        "catchup": False, "max_active_runs": 1, "default_args": task_defaults(owner), "deadline": deadline(due),
        "dagrun_timeout": timeout, "on_failure_callback": RunFailureNotifier(),
    }  # fmt: skip


def task_defaults(owner: str) -> dict[str, Any]:
    """`default_args` of every DAG."""
    return {
        "owner": owner, "retries": 3, "retry_policy": TransientErrors(), "on_failure_callback": [TaskFailureNotifier()],
        **_AFTER_A_KILL,
    }  # fmt: skip
