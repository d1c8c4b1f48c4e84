"""The task that checks what a stage leaves behind, for the DAG in which the stage ends."""

from __future__ import annotations

from typing import Any

from airflow.sdk import task

from include.orchestration import configuration
from include.orchestration.alert_route import alert_route
from include.orchestration.tags import Pool


def check_stage(stage: str, task_id: str = "check") -> Any:
    """A task that evaluates the suite of a stage; a broken critical rule fails it."""
    about = f"Check the {stage} with their suite of rules; a broken critical rule fails the task."

    @task(task_id=task_id, pool=Pool.WAREHOUSE, doc_md=about)
    def check(dag_run: Any = None) -> dict[str, int]:
        from include.validate.stage_checks import check_stage

        where = {"dag": dag_run.dag_id, "run": dag_run.run_id, "route": alert_route()}
        return check_stage(configuration.paths(), stage, **where)

    return check()
