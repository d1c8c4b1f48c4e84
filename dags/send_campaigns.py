"""**How it works.** Freezes one plan for the campaign and occurrence (audience, content, chunks), posts each chunk once to
SendGrid, and checks that every planned person is accounted for. Running it again finds the plan and posts only pending
chunks.

**Modes.** A scheduled run is live. The form of a manual run sets its mode: *preview* (default) renders and counts and
sends nothing; *test* sends only to people of the team, marked, with links that change nothing; *live* sends. *approve*, of
a campaign with `approval`, asks for the approval of its next scheduled run. A backfill previews.

**Inputs.** `include/campaigns/<campaign>.yaml`, its template, the newest run of its segment, suppressions and consent
in the ledger.

**Outputs.** `plans/<campaign>/<occurrence>/`, plan and chunks in the ledger, `dispatch.plans` and `dispatch.sends`; in
preview mode, a page in `previews/`, behind the button *Preview* of `dispatch.plan`.

**Triage.**
- `dispatch.plan` fails with *PlanError*, *ConfigurationError* or *ContentChanged*: nothing was sent; the message
  names file, line and remedy.
- `dispatch.plan` fails with *EdgeUnavailable*: the edge did not answer at `edge_public_url`, the base of unsubscribe
  links. Nothing was sent, and the task is retried. See docs/edge.md.
- `dispatch.approve` waits in *Required Actions* for somebody to approve the preview (`approval` in the campaign's file). A
  rejection, or no answer in time, skips the rest; who answered is in the ledger (`make campaign DO=status`).
- `dispatch.plan` fails with *NotApproved*: the campaign was edited after its approval. Nothing was sent. A new run asks
  again.
- `dispatch.send_range` fails with *CampaignStopped*: SendGrid refused the key, the sender or the credits. Everybody
  who was not sent to is pending; fix the cause and clear the task.
- `dispatch.plan` or `dispatch.send_range` is *skipped*, with the reason in its log: an operator paused or cancelled the
  campaign. Nothing failed and nobody is alerted. The DAG `control_campaign` resumes it.
- Chunks *in doubt* are not failures and are never resent by a retry; `collect_engagement` resolves them by evidence.
- `dispatch.check` fails with *QualityStop*: a plan's people do not add up, or somebody is in it twice. Everything was
  recorded; do not clear other tasks, and follow docs/runbook/conservation-broken.md.
- `dispatch.settle` fails with *ConservationBroken*: do not clear the task; compare the ledger's chunks with the
  plan's folder.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, task, task_group

from include.core.campaign import Campaign
from include.orchestration import campaigns, defaults, forms, links, quality, sends, timetables
from include.orchestration.approval import ApproveCampaign, due
from include.orchestration.assets import SEGMENTS, SENDS, SUBSCRIBERS
from include.orchestration.doubt import doubt
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import Stores, skip_unless, stores_task, with_stores


@task_group
def dispatch(campaign: Campaign) -> None:
    """Plan, send, settle and record; then decide about messages in doubt."""

    @task.branch
    @with_stores
    def start(stores: Stores, params: Any = None, dag_run: Any = None) -> str:
        """A campaign may need an approval first, and so does a scheduled run that starts later than it allows."""
        return sends.first_task(stores, campaign.id, dag_run, params)

    approve_late_start = ApprovalOperator(
        task_id="approve_late_start", subject=f"{campaign.name}: send although it is late?",
        body="Due {{ dag_run.run_after }}. Approve to send now; reject to skip this occurrence.",
        doc_md="Nothing is planned before somebody approves.",
    )  # fmt: skip

    approve = ApproveCampaign(
        task_id="approve", campaign=campaign.id, pool=Pool.WAREHOUSE,
        doc_md="Shows the preview and asks people to approve it, if the campaign says `approval`.",
    )  # fmt: skip

    @stores_task(pool=Pool.WAREHOUSE, trigger_rule="none_failed_min_one_success")
    def plan(stores: Stores, params: Any = None, dag_run: Any = None, ti: Any = None) -> Any:
        """Find or freeze the plan; returns the ranges of chunks to send (none in a preview)."""
        planned, ranges = sends.start_run(stores, campaign.id, dag_run, params, ti)
        ti.xcom_push(key="plan", value=planned)
        return ranges

    @stores_task(
        pool=Pool.SENDGRID,
        retries=100,
        doc_md="Claim, post and record the pending chunks of a range; retries wait for caps and windows.",
    )
    def send_range(stores: Stores, part: Any) -> Any:
        return sends.send_range(stores, part)

    @stores_task(trigger_rule="none_failed")
    def settle(stores: Stores, ti: Any = None) -> Any:
        """Check planned = accepted + rejected + suppressed + skipped + in doubt + pending."""
        from include.dispatch.account.settle import settle

        plan_id = sends.sent_plan(ti)
        skip_unless(plan_id, "nothing was sent")
        return settle(stores.ledger, plan_id)

    @stores_task(pool=Pool.WAREHOUSE, inlets=[SUBSCRIBERS, SEGMENTS], outlets=[SENDS])
    def record(stores: Stores) -> Any:
        """Copy the outcomes from the ledger into `dispatch.plans` and `dispatch.sends`."""
        from include.dispatch.account.record import record_sends

        return record_sends(stores)

    ranges, recorded = links.with_link(plan(), links.PreviewLink()), record()
    start() >> [ranges, approve, approve_late_start]
    [approve, approve_late_start] >> ranges
    send_range.expand(part=ranges) >> settle() >> [recorded, doubt(campaign)]
    recorded >> quality.check_stage("sends")


def send_dag(campaign: Campaign) -> DAG:
    """The DAG of one campaign file."""
    with DAG(
        dag_id=f"send_{campaign.id}", dag_display_name=f"Send: {campaign.name}",
        schedule=timetables.of_campaign(campaign), params=forms.params(forms.send_form(campaign)),
        tags=[Tag.SENDS, Tag.CAMPAIGN, Tag.SENDS_MAIL],
        doc_md=campaigns.campaign_page(campaign, __doc__),
        **defaults.dag_defaults(campaign.owner, due=due(campaign, timedelta(hours=4)), timeout=timedelta(days=14))
        | timetables.one_date_arguments(campaign),
    ) as dag:  # fmt: skip
        dispatch(campaign)
    return dag


globals().update(campaigns.campaign_dags(send_dag))
