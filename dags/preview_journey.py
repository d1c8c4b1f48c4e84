"""### preview_journey

**Purpose.** Show the mail of a journey's step before people get it, or send it to the team.

**Inputs.** The form: the journey and its step, and for a test the people of the team. The journey's file and templates as
they are now; for a preview the people who are inside the journey.

**Outputs.** *preview*: a page in `previews/<journey>__<step>/`, behind the button *Preview* of `dispatch.plan`; nothing is
sent. *test*: a plan of its own, which reports leave out: marked mail, with links that change nothing. People inside the
journey are not affected by either.

**Triage.**
- `dispatch.plan` fails with *ConfigurationError* or *PlanError*: the message names file and line, or what can be chosen.
- Every task can be cleared and run again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task_group

from include.orchestration import defaults, forms, links, sends
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import Stores, skip_unless, stores_task

with DAG(
    dag_id=links.JOURNEY_PREVIEWS,
    dag_display_name="Preview or test a journey's mail",
    schedule=None,
    is_paused_upon_creation=False,
    tags=[Tag.SENDS],
    params=forms.params(forms.journey_form()),
    **defaults.dag_defaults("marketing", due=timedelta(minutes=30), timeout=timedelta(hours=2)),
    doc_md=__doc__,
):

    @task_group
    def dispatch() -> None:
        @stores_task(pool=Pool.WAREHOUSE)
        def plan(stores: Stores, params: Any = None, dag_run: Any = None, ti: Any = None) -> Any:
            """Render the preview, or freeze the test; returns the ranges of chunks to send (none in a preview)."""
            planned, ranges = sends.start_run(stores, sends.chosen_mail(params), dag_run, params, ti)
            ti.xcom_push(key="plan", value=planned)
            return ranges

        @stores_task(pool=Pool.SENDGRID, doc_md="As in a campaign.")
        def send_range(stores: Stores, part: Any) -> Any:
            return sends.send_range(stores, part)

        @stores_task(trigger_rule="none_failed")
        def settle(stores: Stores, ti: Any = None) -> Any:
            """Check that the people of the test add up."""
            from include.dispatch.account.settle import settle

            plan_id = sends.sent_plan(ti)
            skip_unless(plan_id, "nothing was sent")
            return settle(stores.ledger, plan_id)

        ranges = links.with_link(plan(), links.PreviewLink())
        send_range.expand(part=ranges) >> settle()

    dispatch()
