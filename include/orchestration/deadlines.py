"""From when a deadline counts.

A module of its own, without anything else of ours: the plugin that registers it is loaded into every Airflow process, and
whatever it imports is frozen there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.sdk.definitions.deadline import BaseDeadlineReference


class SinceQueued(BaseDeadlineReference):
    """From when the run was queued, as `DeadlineReference.DAGRUN_QUEUED_AT`; but a run that has it can be cleared.

    Airflow 3.3.0 to 3.3.2 answer 500 to whoever clears a run with that one (github.com/apache/airflow/issues/70368).
    """

    required_kwargs = {"dag_id", "run_id"}

    def _evaluate_with(self, *, session: Any, dag_id: str, run_id: str) -> datetime | None:
        from airflow.models import DagRun
        from sqlalchemy import select

        return session.scalar(select(DagRun.queued_at).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
