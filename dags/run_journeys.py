"""### run_journeys

**Purpose.** Lead people through the journeys of `include/journeys/`: who enters, whose wait is over, who leaves, and the
mail that is due, each step once per person and trigger.

**Inputs.** `include/journeys/<journey>.yaml`, its queries in `include/sql/journey/`, its templates; the warehouse; where
people are, in the ledger.

**Outputs.** In the ledger, where people are, and one plan per mail step that is due, together in one transaction; the
plan's requests; `dispatch.plans` and `dispatch.sends`; `journeys/<journey>.svg`, its picture with numbers of people.

**When.** Every minute, and when activities or subscribers were loaded. A run is skipped if no data changed and nobody is
due. From an activity that is posted to an accepted request takes less than two minutes, if no other task occupies the
warehouse.

**Triage.**
- `dispatch.record` fails with *JourneysBroken*: it names each journey that could not go on, with file, line and remedy.
  The others went on, and nobody inside is lost. See docs/runbook/journey-broken.md.
- `dispatch.send_range` fails with *CampaignStopped*: SendGrid refused the key, the sender or the credits. The journey
  freezes no further mail, and people wait at their step. Fix the cause, then `make journey DO=resume NAME=…`.
- `dispatch.send_range` is *skipped*, with the reason in its log: an operator paused or cancelled the
  journey. Nothing failed.
- `dispatch.advance` fails with *EdgeUnavailable*: the edge did not answer at `edge_public_url`. Mail that is due waits.
- `dispatch.settle` fails with *ConservationBroken*: do not clear the task; see docs/runbook/conservation-broken.md.
- A run that failed or was killed needs no clearing: the next one does what is left.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, AssetOrTimeSchedule, task_group

from include.orchestration import defaults, journeys, timetables
from include.orchestration.assets import ACTIVITIES, SENDS, SUBSCRIBERS
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import Stores, skip_unless, stores_task

with DAG(
    dag_id="run_journeys",
    dag_display_name="Run journeys",
    schedule=AssetOrTimeSchedule(timetable=timetables.every("* * * * *"), assets=(ACTIVITIES | SUBSCRIBERS)),
    tags=[Tag.SENDS, Tag.CAMPAIGN, Tag.SENDS_MAIL],
    **defaults.dag_defaults("marketing", due=timedelta(minutes=30), timeout=timedelta(hours=2)),
    doc_md=__doc__,
):

    @task_group
    def dispatch() -> None:
        @stores_task(pool=Pool.WAREHOUSE, priority_weight=90)
        def advance(stores: Stores, ti: Any = None) -> Any:
            """Let people enter, leave and move, and freeze the mail that is due; returns the ranges of chunks to send."""
            result = journeys.tick(stores)
            skip_unless(any(result.values()), "no data changed, nobody is due, and no plan is unfinished")
            ti.xcom_push(key="tick", value=result)
            return result["ranges"]

        @stores_task(pool=Pool.SENDGRID, retries=0, doc_md="As in a campaign; what cannot go now is left for the next run.")
        def send_range(stores: Stores, part: Any) -> Any:
            return journeys.send_part(stores, part)

        @stores_task(trigger_rule="none_failed_min_one_success")
        def settle(stores: Stores) -> Any:
            """Check that the people of every unfinished plan add up."""
            from include.dispatch.journey.send import settle_plans

            return settle_plans(stores.ledger)

        @stores_task(pool=Pool.WAREHOUSE, inlets=[SUBSCRIBERS, ACTIVITIES], outlets=[SENDS])
        def record(stores: Stores, ti: Any = None) -> Any:
            """Copy the outcomes to the warehouse and draw the pictures; then fail for the journeys that could not go on."""
            return journeys.record(stores, ti.xcom_pull(task_ids="dispatch.advance", key="tick"))

        ranges = advance()
        settled = settle()
        send_range.expand(part=ranges) >> settled >> record()
        ranges >> settled

    dispatch()
