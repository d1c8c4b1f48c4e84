"""An operator that starts a run of another DAG.

The standard provider's `TriggerDagRunOperator` imports Airflow's database models, which is half the cost of parsing the DAG
files. This one hands the same request to the task runner without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseOperatorLink, timezone
from airflow.sdk.exceptions import DagRunTriggerException

if TYPE_CHECKING:
    from airflow.sdk import Context

_RUN_ID = "trigger_run_id"
"""The XCom in which the task runner stores the id of the started run."""


class TriggeredRunLink(BaseOperatorLink):
    """The button of the task instance that opens the started run."""

    name = "Triggered DAG"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        from airflow.sdk.execution_time.xcom import XCom
        from airflow.utils.helpers import build_airflow_dagrun_url

        return build_airflow_dagrun_url(operator.trigger_dag_id, XCom.get_value(ti_key=ti_key, key=_RUN_ID))


class TriggerRun(BaseOperator):
    """Starts a run of `trigger_dag_id` with `conf` and does not wait for it.

    `run`: the id of a run that is started once only; the task is skipped if it exists. Without it, each is a new run.
    """

    template_fields = ("trigger_dag_id", "conf")
    template_fields_renderers = {"conf": "py"}
    operator_extra_links = [TriggeredRunLink()]

    def __init__(self, *, trigger_dag_id: str, conf: Mapping[str, Any], run: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.trigger_dag_id = trigger_dag_id
        self.conf = conf
        self.run_id = run

    def execute(self, context: Context) -> None:  # noqa: ARG002  (Airflow's signature)
        now = timezone.utcnow()
        raise DagRunTriggerException(
            trigger_dag_id=self.trigger_dag_id, dag_run_id=self.run_id or f"manual__{now.isoformat()}",
            conf=dict(self.conf), logical_date=now, reset_dag_run=False, skip_when_already_exists=self.run_id is not None,
            wait_for_completion=False,
            allowed_states=[], failed_states=[], poke_interval=0, deferrable=False,
        )  # fmt: skip
