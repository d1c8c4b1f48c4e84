"""The tasks by which an operator decides about messages in doubt."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import task, task_group

from include.core.campaign import Campaign
from include.orchestration.tags import Pool
from include.orchestration.tasks import Stores, stores_task, with_stores
from include.orchestration.triggers import TriggerRun


@task_group
def doubt(campaign: Campaign) -> None:
    """Ask an operator about messages in doubt, if the campaign says `on_doubt: ask`."""

    @task.short_circuit
    @with_stores
    def ask(stores: Stores, ti: Any = None) -> Any:
        """Continue if the campaign says `on_doubt: ask` and messages are in doubt; returns how many."""
        from include.dispatch.account.in_doubt import awaiting_decision

        return awaiting_decision(stores.ledger, ti.xcom_pull(task_ids="dispatch.plan", key="plan")["plan_id"])

    decide = ApprovalOperator(
        task_id="decide", subject=f"{campaign.name}: resend messages in doubt?",
        body="{{ ti.xcom_pull(task_ids='dispatch.doubt.ask') }} messages may or may not have been sent. Wait for "
        "collect_engagement to resolve them by evidence; then approve to resend the rest, or reject to leave them.",
        doc_md="Shown under the required actions of the UI. Approving may send a message twice.",
    )  # fmt: skip

    @stores_task(pool=Pool.WAREHOUSE)
    def reopen(stores: Stores, ti: Any = None) -> dict[str, str]:
        """Make messages that are still in doubt pending again; returns the form of the run that sends them."""
        from include.dispatch.account.in_doubt import reopen

        planned = ti.xcom_pull(task_ids="dispatch.plan", key="plan")
        reopen(stores, planned["plan_id"], decision="approved in Airflow")
        return {"mode": "live", "occurrence": planned["occurrence"]}

    form = reopen()
    resend = TriggerRun(
        task_id="resend", trigger_dag_id=f"send_{campaign.id}", doc_md="Continue the plan.",
        conf=form,
    )  # fmt: skip
    ask() >> decide >> form >> resend
