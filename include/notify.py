"""The dotted name under which Airflow's database knows the callback of deadlines that were set before 0.1.0."""

from __future__ import annotations

from include.orchestration.notifications import deadline_missed

__all__ = ["deadline_missed"]
