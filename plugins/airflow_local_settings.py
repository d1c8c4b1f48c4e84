"""Airflow imports the module of this name as each of its processes starts, and takes no setting from it.

The scheduler (LocalExecutor) and Celery's workers fork a process for each task, which has what they have imported.
"""

from __future__ import annotations

import sys

from airflow.configuration import conf

__all__: list[str] = []

FORKING = {"LocalExecutor": "scheduler", "CeleryExecutor": "celery"}
"""The process that forks the tasks, by executor."""

if sys.argv[1:2] == [FORKING.get(conf.get("core", "executor"))]:
    from include.orchestration.preload import import_stages

    import_stages()
