"""The name by which Airflow's database knows the deadline reference of DAG versions from before 0.1.0."""

from __future__ import annotations

from include.orchestration import deadlines


class SinceQueued(deadlines.SinceQueued):
    """Registered by `plugins/deadlines.py`: a run that is under way while Tradewind is upgraded reads its DAG version with it."""
