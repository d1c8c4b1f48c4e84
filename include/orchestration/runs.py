"""What a DAG run is about: its moment, and its mode."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def run_moment(dag_run: Any) -> datetime:
    """The moment that a run is about: its tick where it is scheduled, when it was asked for where not.

    `logical_date` may be None (asset-triggered and manual runs), so `run_after` is what every run has.
    """
    return dag_run.run_after.astimezone(UTC)


def run_mode(dag_run: Any, params: Mapping[str, Any]) -> Any:
    """preview, test or live. A scheduled run is live; anything else is what its form says, and the form says preview."""
    return "live" if is_scheduled(dag_run) else params["mode"]


def is_scheduled(dag_run: Any) -> bool:
    """Whether the timetable made this run, and nobody by hand, by an asset or as a backfill."""
    return getattr(dag_run.run_type, "value", dag_run.run_type) == "scheduled"
