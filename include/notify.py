"""The callback of deadlines under its name before 0.1.0, which older deadlines in Airflow's database contain."""

from __future__ import annotations

from include.orchestration.notifications import deadline_missed

__all__ = ["deadline_missed"]
