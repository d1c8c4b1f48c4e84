"""**What it does.** Freezes one plan for the campaign and occurrence (audience, content, chunks), posts each chunk once
to SendGrid, and shows that everybody is accounted for. Running it again finds the plan and posts only what is still
pending.

**Modes.** A scheduled run is live. A run by hand does what its form says: *preview* (default) renders and counts and
sends nothing; *test* sends to the named subscriber ids alone, under a key of its own; *live* sends. A backfill
previews.

**Inputs.** `include/campaigns/<campaign>.yaml`, its template, the newest run of its segment, suppressions and consent
in the ledger.

**Outputs.** `plans/<campaign>/<occurrence>/`, plan and chunks in the ledger, `dispatch.plans` and `dispatch.sends`; a
page in `previews/` in preview mode.

**Triage.**
- `dispatch.plan` fails with *PlanError*, *ConfigurationError* or *ContentChanged*: nothing was sent; the message
  names file, line and remedy.
- `dispatch.plan` fails with *EdgeUnavailable*: the edge did not answer at `edge_public_url`, where unsubscribe links
  lead; nothing was sent, and it tries again. See docs/edge.md.
- `dispatch.send_range` fails with *CampaignStopped*: SendGrid refused the key, the sender or the credits, or an
  operator paused it. What was not sent is pending; mend the cause and clear the task.
- Chunks *in doubt* are not failures and are never resent by a retry; `collect_engagement` resolves them by evidence.
- `dispatch.settle` fails with *ConservationBroken*: stop, do not clear; compare the ledger's chunks with the plan's
  folder.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from include import runtime
from include.core.campaign import Campaign, campaign_names, load_campaign
from include.core.errors import ConfigurationError
from include.orchestration import notifications
from include.orchestration.assets import SENDS
from include.orchestration.tags import Pool, Tag


@task_group
def doubt(campaign: Campaign) -> None:
    """A person decides about those who may or may not have got it, where the campaign says so."""

    @task.short_circuit
    def ask(ti=None):
        """Goes on where the campaign says `on_doubt: ask` and somebody may or may not have got the message."""
        from include.dispatch.account.in_doubt import question

        with runtime.ledger() as ledger:
            return question(ledger, ti.xcom_pull(task_ids="dispatch.plan", key="plan")["plan_id"])

    decide = ApprovalOperator(
        task_id="decide", subject=f"{campaign.name}: send again to those in doubt?",
        body="{{ ti.xcom_pull(task_ids='dispatch.doubt.ask') }} people may or may not have got it. Wait for "
        "collect_engagement to prove what it can; then approve to send to the rest, or reject to leave them.",
        doc_md="Shown under the required actions of the UI. Approving may mail somebody twice.",
    )  # fmt: skip

    @task(pool=Pool.WAREHOUSE)
    def reopen(ti=None):
        """Makes those who are still in doubt pending again; the next run sends to them."""
        from include.dispatch.account.in_doubt import reopen

        planned = ti.xcom_pull(task_ids="dispatch.plan", key="plan")
        with runtime.ledger() as ledger:
            reopen(runtime.paths(), ledger, planned["plan_id"], decision="approved in Airflow")
        return {"mode": "live", "occurrence": planned["occurrence"]}

    again = reopen()
    resend = TriggerDagRunOperator(
        task_id="resend", trigger_dag_id=f"send_{campaign.id}", doc_md="Goes on with the plan.",
        conf=again,  # type: ignore[arg-type]
    )  # fmt: skip
    ask() >> decide >> again >> resend


@task_group
def dispatch(campaign: Campaign) -> None:
    """Plan, send, settle, record; then what is in doubt."""

    @task.branch
    def start(params=None, dag_run=None):
        """A scheduled run that comes later than the campaign allows asks a person before it sends."""
        from include.dispatch.start import late_by

        if runtime.run_mode(dag_run, params) != "live" or not runtime.is_scheduled(dag_run):
            return "dispatch.plan"
        with runtime.ledger() as ledger:
            late = late_by(ledger, load_campaign(campaign.id), runtime.run_moment(dag_run))
        return "dispatch.approve_late_start" if late else "dispatch.plan"

    approve_late_start = ApprovalOperator(
        task_id="approve_late_start", subject=f"{campaign.name}: send although it is late?",
        body="Due {{ dag_run.run_after }}. Approve to send now; reject to leave this occurrence out.",
        doc_md="Nothing is planned before somebody approves.",
    )  # fmt: skip

    @task(pool=Pool.WAREHOUSE, trigger_rule="none_failed_min_one_success")
    def plan(params=None, dag_run=None, ti=None):
        """Finds or freezes the plan; returns the ranges of chunks to send (none in a preview)."""
        from include.dispatch.start import begin

        mode, at = runtime.run_mode(dag_run, params), runtime.run_moment(dag_run)
        with runtime.ledger() as ledger:
            planned, ranges = begin(
                runtime.paths(), ledger, runtime.secrets(), load_campaign(campaign.id), mode=mode, at=at,
                account=runtime.account(), run=dag_run.run_id, edge_url=runtime.edge_url(),
                recipients=params["test_recipients"] or [], resumes=params["occurrence"],
            )  # fmt: skip
        ti.xcom_push(key="plan", value=planned)
        return ranges

    @task(
        pool=Pool.SENDGRID,
        retries=100,
        doc_md="Claims, posts, records the pending chunks of a range; retries wait out caps.",
    )
    def send_range(part):
        from include.dispatch.send.sender import send_range

        with runtime.ledger() as ledger:
            pace = runtime.account_pace()
            return send_range(runtime.paths(), ledger, runtime.account(), account_pace=pace, **part)

    @task(trigger_rule="none_failed")
    def settle(ti=None):
        """planned = accepted + rejected + suppressed + skipped + in doubt + pending, or it fails."""
        from include.dispatch.account.settle import settle

        planned = ti.xcom_pull(task_ids="dispatch.plan", key="plan")
        if not planned or planned["mode"] == "preview":
            raise AirflowSkipException("nothing was sent")
        with runtime.ledger() as ledger:
            return settle(runtime.paths(), ledger, planned["plan_id"])

    @task(pool=Pool.WAREHOUSE, outlets=[SENDS])
    def record():
        """The ledger's outcomes into `dispatch.plans` and `dispatch.sends`."""
        from include.dispatch.account.record import record_sends

        with runtime.ledger() as ledger:
            return record_sends(runtime.paths(), ledger)

    ranges = plan()
    start() >> [ranges, approve_late_start]
    approve_late_start >> ranges
    settled = settle()
    send_range.expand(part=ranges) >> settled >> [record(), doubt(campaign)]


def send_dag(campaign: Campaign) -> DAG:
    """The DAG of one campaign file."""
    with DAG(
        dag_id=f"send_{campaign.id}", dag_display_name=f"Send: {campaign.name}",
        schedule=runtime.timetable(campaign.schedule, rare=True) if campaign.schedule else None,
        catchup=False, max_active_runs=1, tags=[Tag.SENDS, Tag.CAMPAIGN, Tag.SENDS_MAIL],
        default_args=runtime.task_defaults(campaign.owner), dagrun_timeout=timedelta(days=14),
        deadline=notifications.deadline(timedelta(hours=4)), on_failure_callback=notifications.TellOfTheRun(),
        params={name: Param(**field) for name, field in runtime.SEND_FORM.items()},
        doc_md=runtime.campaign_page(campaign, __doc__),
    ) as dag:  # fmt: skip
        dispatch(campaign)
    return dag


for name in campaign_names():
    try:
        sending = send_dag(load_campaign(name))
    except ConfigurationError as error:
        sending = runtime.broken_campaign(name, error)
    globals()[sending.dag_id] = sending
