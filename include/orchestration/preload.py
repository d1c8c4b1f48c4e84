"""Imports what tasks need, before Airflow forks a process for each of them (ADR 229)."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import data_quality
import include

LIBRARIES = (
    "great_expectations.expectations", "pandas", "psycopg", "pyarrow.compute", "pyarrow.dataset", "pyarrow.parquet",
    "scipy.stats", "statsmodels.stats.power", "statsmodels.stats.proportion",
)  # fmt: skip
"""What the stages import when they run, since commands and the edge do without."""
_NOT_OF_TASKS = ("include.edge", "include.orchestration", "include.notify", "include.deadlines")
"""The edge is a process of its own; the others need an Airflow that has started."""


def import_stages() -> list[str]:
    """Import the modules of all stages and their libraries; returns their names."""
    names = [*LIBRARIES, *_modules()]
    for name in names:
        importlib.import_module(name)
    return names


def _modules() -> Iterator[str]:
    for package in (include, data_quality):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            parts = found.name.split(".")
            if not found.name.startswith(_NOT_OF_TASKS) and "migrations" not in parts and parts[-1] != "__main__":
                yield found.name
