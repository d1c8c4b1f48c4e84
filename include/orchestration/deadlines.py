"""The reference time of deadlines.

This module imports nothing else of the project: its plugin is loaded into every Airflow process, and imported modules are
not reloaded there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.sdk.definitions.deadline import BaseDeadlineReference


class SinceQueued(BaseDeadlineReference):
    """The time at which the run was queued, as `DeadlineReference.DAGRUN_QUEUED_AT`.

    With that reference, Airflow 3.3.0 to 3.3.2 answer 500 when a run is cleared (github.com/apache/airflow/issues/70368).
    """

    required_kwargs = {"dag_id", "run_id"}

    def _evaluate_with(self, *, session: Any, dag_id: str, run_id: str) -> datetime | None:
        from airflow.models import DagRun
        from sqlalchemy import select

        queued_at: datetime | None = session.scalar(
            select(DagRun.queued_at).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        )
        return queued_at
