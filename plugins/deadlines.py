"""Registers the reference of deadlines (include/orchestration/deadlines.py), also under its name before 0.1.0."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from include import deadlines as before
from include.orchestration.deadlines import SinceQueued


class TradewindDeadlines(AirflowPlugin):
    """Airflow finds this class in the plugins folder."""

    name = "tradewind_deadlines"
    deadline_references = [SinceQueued, before.SinceQueued]
