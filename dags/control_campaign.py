"""### control_campaign

**Purpose.** Pause, resume or cancel a campaign that is being sent, or send its corrected content to everybody who is still
pending. Pause, resume or cancel a journey, or the mail of one of its steps.

**Inputs.** The form: the action, the campaign or journey, and which of its occurrences. Everybody who may start this DAG may
decide.

A campaign that needs an approval asks for one of the new content too: meanwhile the plan is paused.

**Outputs.** The state of the plan in the ledger, effective from the next chunk of at most 1,000 people on, and the decision:
who, when, why, and what it changed. *resume* and *replace_content* then start the campaign's DAG. Messages that SendGrid
holds for later are paused, released or cancelled too.

**Triage.**
- `decide` fails with *ConfigurationError*: the campaign has no such occurrence, or several are unfinished; the message names
  them. Nothing was changed.
- `decide` fails with *PlanError* for *replace_content*: nobody is pending, the content is the same, or a variant or
  language of pending people is missing. If the plan was paused before it failed, *resume* continues with the old content.
- `approve` waits in *Required Actions*. After a rejection the plan stays paused: put the files back, and *resume*
  continues it with the old content.
- `next_run` fails with *ConfigurationError*: the campaign's DAG is paused in Airflow, so that nobody would get anything.
  Switch it on, and clear the task.
- `decide` is retried with *CampaignRunning*: requests are under way, which end within two minutes.
- Every task can be cleared and run again: a decision that is in force changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from include.orchestration import control, defaults, forms
from include.orchestration.approval import ApproveCampaign
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import Stores, skip_unless, stores_task
from include.orchestration.triggers import TriggerRun

with DAG(
    dag_id="control_campaign",
    dag_display_name="Control a campaign",
    schedule=None,
    is_paused_upon_creation=False,
    tags=[Tag.SENDS],
    params=forms.params(forms.CONTROL_FORM),
    **defaults.dag_defaults("marketing", due=timedelta(minutes=30), timeout=timedelta(days=14))
    | {"max_active_runs": 16},  # A run that waits for an approval must not keep another from pausing a campaign.
    doc_md=__doc__,
):

    @stores_task(pool=Pool.WAREHOUSE)
    def decide(stores: Stores, params: Any = None, dag_run: Any = None) -> Any:
        """Apply the decision in the ledger and at SendGrid; returns the plan's state and people."""
        return control.decide(stores, params, dag_run)

    approve = ApproveCampaign(
        task_id="approve", campaign="{{ params.campaign }}", correction=True, pool=Pool.WAREHOUSE,
        doc_md="Ask people to approve new content, if the campaign says `approval`. Skipped otherwise.",
    )  # fmt: skip

    @stores_task(pool=Pool.WAREHOUSE)
    def replace(stores: Stores, params: Any = None, dag_run: Any = None) -> Any:
        """Replace the content that was approved; returns the plan's state and people."""
        return control.decide(stores, params, dag_run)

    @task(trigger_rule="none_failed")
    def next_run(decided: Any, replaced: Any, params: Any = None, ti: Any = None) -> Any:
        """The form of the run that continues the plan. Skipped if nothing is to be sent; fails if its DAG is paused."""
        following = control.next_run(params["action"], decided, replaced)
        skip_unless(following, "nothing is to be sent now")
        control.require_running(ti, params["campaign"])
        return following

    decided: Any = decide()
    replaced: Any = replace()
    decided >> approve >> replaced
    form: Any = next_run(decided, replaced)
    TriggerRun(
        task_id="continue_send", trigger_dag_id="send_{{ params.campaign }}", doc_md="Run the campaign's DAG.",
        conf=form,
    )  # fmt: skip
