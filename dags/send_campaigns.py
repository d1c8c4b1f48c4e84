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
from airflow.sdk import DAG, Param, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from include.core.campaign import Campaign, campaign_names, load_campaign
from include.core.errors import ConfigurationError
from include.orchestration import campaigns, configuration, defaults, forms, runs, timetables
from include.orchestration.assets import SENDS
from include.orchestration.doubt import doubt
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import stores_task, with_stores


@task_group
def dispatch(campaign: Campaign) -> None:
    """Plan, send, settle, record; then what is in doubt."""

    @task.branch
    @with_stores
    def start(stores, params=None, dag_run=None):
        """A scheduled run that comes later than the campaign allows asks a person before it sends."""
        from include.dispatch.start import late_by

        if runs.run_mode(dag_run, params) != "live" or not runs.is_scheduled(dag_run):
            return "dispatch.plan"
        late = late_by(stores.ledger, load_campaign(campaign.id), runs.run_moment(dag_run))
        return "dispatch.approve_late_start" if late else "dispatch.plan"

    approve_late_start = ApprovalOperator(
        task_id="approve_late_start", subject=f"{campaign.name}: send although it is late?",
        body="Due {{ dag_run.run_after }}. Approve to send now; reject to leave this occurrence out.",
        doc_md="Nothing is planned before somebody approves.",
    )  # fmt: skip

    @stores_task(pool=Pool.WAREHOUSE, trigger_rule="none_failed_min_one_success")
    def plan(stores, params=None, dag_run=None, ti=None):
        """Finds or freezes the plan; returns the ranges of chunks to send (none in a preview)."""
        from include.dispatch.start import start_run

        mode, at = runs.run_mode(dag_run, params), runs.run_moment(dag_run)
        planned, ranges = start_run(
            stores, load_campaign(campaign.id), mode=mode, at=at,
            account=configuration.account(), run=dag_run.run_id, edge_url=configuration.edge_url(),
            recipients=params["test_recipients"] or [], resumes=params["occurrence"],
        )  # fmt: skip
        ti.xcom_push(key="plan", value=planned)
        return ranges

    @stores_task(
        pool=Pool.SENDGRID,
        retries=100,
        doc_md="Claims, posts, records the pending chunks of a range; retries wait out caps.",
    )
    def send_range(stores, part):
        from include.dispatch.send.sender import send_range

        pace = configuration.account_pace()
        return send_range(stores, configuration.account(), account_pace=pace, **part)

    @stores_task(trigger_rule="none_failed")
    def settle(stores, ti=None):
        """planned = accepted + rejected + suppressed + skipped + in doubt + pending, or it fails."""
        from include.dispatch.account.settle import settle

        planned = ti.xcom_pull(task_ids="dispatch.plan", key="plan")
        if not planned or planned["mode"] == "preview":
            raise AirflowSkipException("nothing was sent")
        return settle(stores.ledger, planned["plan_id"])

    @stores_task(pool=Pool.WAREHOUSE, outlets=[SENDS])
    def record(stores):
        """The ledger's outcomes into `dispatch.plans` and `dispatch.sends`."""
        from include.dispatch.account.record import record_sends

        return record_sends(stores)

    ranges = plan()
    start() >> [ranges, approve_late_start]
    approve_late_start >> ranges
    settled = settle()
    send_range.expand(part=ranges) >> settled >> [record(), doubt(campaign)]


def send_dag(campaign: Campaign) -> DAG:
    """The DAG of one campaign file."""
    with DAG(
        dag_id=f"send_{campaign.id}", dag_display_name=f"Send: {campaign.name}",
        schedule=timetables.timetable(campaign.schedule, grace=True) if campaign.schedule else None,
        tags=[Tag.SENDS, Tag.CAMPAIGN, Tag.SENDS_MAIL],
        params={name: Param(**field) for name, field in forms.SEND_FORM.items()},
        doc_md=campaigns.campaign_page(campaign, __doc__),
        **defaults.dag_defaults(campaign.owner, due=timedelta(hours=4), timeout=timedelta(days=14)),
    ) as dag:  # fmt: skip
        dispatch(campaign)
    return dag


for name in campaign_names():
    try:
        sending = send_dag(load_campaign(name))
    except ConfigurationError as error:
        sending = campaigns.broken_campaign(name, error)
    globals()[sending.dag_id] = sending
