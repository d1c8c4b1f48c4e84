"""The deadline reference under its name before 0.1.0, which older DAG versions in Airflow's database contain."""

from __future__ import annotations

from include.orchestration import deadlines


class SinceQueued(deadlines.SinceQueued):
    """Used by runs that started before an upgrade. `plugins/deadlines.py` registers it."""
