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
- `dispatch.send_range` fails with *CampaignStopped*: SendGrid refused the key, the sender or the credits, or an
  operator paused it. What was not sent is pending; mend the cause and clear the task.
- Chunks *in doubt* are not failures and are never resent by a retry; `collect_engagement` resolves them by evidence.
- `dispatch.settle` fails with *ConservationBroken*: stop, do not clear; compare the ledger's chunks with the plan's
  folder.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from include import notify, runtime
from include.assets import SENDS
from include.core.campaign import Campaign, campaign_names, load_campaign
from include.core.errors import ConfigurationError
from include.tags import Pool, Tag


def send_dag(campaign: Campaign) -> DAG:
    """The DAG of one campaign file."""
    with DAG(
        dag_id=f"send_{campaign.id}", dag_display_name=f"Send: {campaign.name}",
        schedule=runtime.timetable(campaign.schedule, rare=True) if campaign.schedule else None,
        catchup=False, max_active_runs=1, tags=[Tag.SENDS, Tag.CAMPAIGN, Tag.SENDS_MAIL],
        default_args=runtime.task_defaults(campaign.owner), dagrun_timeout=timedelta(hours=12),
        deadline=notify.deadline(timedelta(hours=4)),
        params={name: Param(**field) for name, field in runtime.SEND_FORM.items()},
        doc_md=runtime.campaign_page(campaign, __doc__),
    ) as dag:  # fmt: skip

        @task_group
        def dispatch():
            @task(pool=Pool.WAREHOUSE)
            def plan(params=None, dag_run=None, ti=None):
                """Finds or freezes the plan; returns the ranges of chunks to send (none in a preview)."""
                from include.dispatch.begin import begin

                mode, at = runtime.run_mode(dag_run, params), runtime.run_moment(dag_run)
                with runtime.ledger() as ledger:
                    planned, ranges = begin(
                        runtime.paths(), ledger, runtime.secrets(), load_campaign(campaign.id), mode=mode, at=at,
                        run=dag_run.run_id, edge_url=runtime.edge_url(), recipients=params["test_recipients"] or [],
                    )  # fmt: skip
                ti.xcom_push(key="plan", value=planned)
                return ranges

            @task(pool=Pool.SENDGRID, doc_md="Claims, posts, classifies and records the pending chunks of one range.")
            def send_range(part):
                from include.dispatch import send

                with runtime.ledger() as ledger:
                    return send.send_range(
                        runtime.paths(), ledger, runtime.account(), account_pace=runtime.account_pace(), **part
                    )

            @task(trigger_rule="none_failed")
            def settle(ti=None):
                """planned = accepted + rejected + suppressed + skipped + in doubt + pending, or it fails."""
                from include.dispatch.settle import settle

                planned = ti.xcom_pull(task_ids="dispatch.plan", key="plan")
                if planned["mode"] == "preview":
                    raise AirflowSkipException("a preview sends nothing")
                with runtime.ledger() as ledger:
                    return settle(runtime.paths(), ledger, planned["plan_id"])

            @task(pool=Pool.WAREHOUSE, outlets=[SENDS])
            def record():
                """The ledger's outcomes into `dispatch.plans` and `dispatch.sends`."""
                from include.dispatch.record import record_sends

                with runtime.ledger() as ledger:
                    return record_sends(runtime.paths(), ledger)

            send_range.expand(part=plan()) >> settle() >> record()

        dispatch()
    return dag


for name in campaign_names():
    try:
        sending = send_dag(load_campaign(name))
    except ConfigurationError as error:
        sending = runtime.broken_campaign(name, error)
    globals()[sending.dag_id] = sending
