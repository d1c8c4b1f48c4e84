"""Airflow imports the module of this name as each of its processes starts, and takes no setting from it.

The scheduler (LocalExecutor) and Celery's workers fork a process for each task, which has what they have imported.
"""

from __future__ import annotations

import sys

__all__: list[str] = []

FORKING = ("scheduler", "celery")

if sys.argv[1:2] and sys.argv[1] in FORKING:
    from include.orchestration.preload import import_stages

    import_stages()
