"""Properties of a DAG run: its time, its mode, and whether it was scheduled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

AHEAD = "approve"
"""The mode of a run that asks for the approval of the next scheduled run, and sends nothing."""


def run_moment(dag_run: Any) -> datetime:
    """The time of a run: the tick of a scheduled run, the time of the request of any other.

    Taken from `run_after`: `logical_date` is None in manual and asset-triggered runs.
    """
    moment: datetime = dag_run.run_after
    return moment.astimezone(UTC)


def run_mode(dag_run: Any, params: Mapping[str, Any]) -> Any:
    """preview, test, live or approve. A scheduled run is live; the form of another sets its mode, by default preview."""
    return "live" if is_scheduled(dag_run) else params["mode"]


def is_scheduled(dag_run: Any) -> bool:
    """Whether the timetable created this run. Manual, asset-triggered and backfill runs are not scheduled."""
    return bool(getattr(dag_run.run_type, "value", dag_run.run_type) == "scheduled")
