"""Registers the reference that our deadlines count from (include/orchestration/deadlines.py), by its name of before too."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from include import deadlines as before
from include.orchestration.deadlines import SinceQueued


class TradewindDeadlines(AirflowPlugin):
    """Registered by its place in the plugins folder."""

    name = "tradewind_deadlines"
    deadline_references = [SinceQueued, before.SinceQueued]
