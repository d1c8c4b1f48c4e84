"""The name by which Airflow's database knows the deadline reference of DAG versions from before 0.1.0."""

from __future__ import annotations

from include.orchestration import deadlines


class SinceQueued(deadlines.SinceQueued):
    """Registered by `plugins/deadlines.py`: runs that are under way during an upgrade read their DAG version with it."""
