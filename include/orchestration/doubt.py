"""The tasks by which a person decides about messages in doubt."""

from __future__ import annotations

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import task, task_group

from include.core.campaign import Campaign
from include.orchestration.tags import Pool
from include.orchestration.tasks import stores_task, with_stores


@task_group
def doubt(campaign: Campaign) -> None:
    """A person decides about those who may or may not have got it, where the campaign says so."""

    @task.short_circuit
    @with_stores
    def ask(stores, ti=None):
        """Goes on where the campaign says `on_doubt: ask` and somebody may or may not have got the message."""
        from include.dispatch.account.in_doubt import question

        return question(stores.ledger, ti.xcom_pull(task_ids="dispatch.plan", key="plan")["plan_id"])

    decide = ApprovalOperator(
        task_id="decide", subject=f"{campaign.name}: send again to those in doubt?",
        body="{{ ti.xcom_pull(task_ids='dispatch.doubt.ask') }} people may or may not have got it. Wait for "
        "collect_engagement to prove what it can; then approve to send to the rest, or reject to leave them.",
        doc_md="Shown under the required actions of the UI. Approving may mail somebody twice.",
    )  # fmt: skip

    @stores_task(pool=Pool.WAREHOUSE)
    def reopen(stores, ti=None):
        """Makes those who are still in doubt pending again; the next run sends to them."""
        from include.dispatch.account.in_doubt import reopen

        planned = ti.xcom_pull(task_ids="dispatch.plan", key="plan")
        reopen(stores, planned["plan_id"], decision="approved in Airflow")
        return {"mode": "live", "occurrence": planned["occurrence"]}

    again = reopen()
    resend = TriggerDagRunOperator(
        task_id="resend", trigger_dag_id=f"send_{campaign.id}", doc_md="Goes on with the plan.",
        conf=again,  # type: ignore[arg-type]
    )  # fmt: skip
    ask() >> decide >> again >> resend
