"""### nightly_analytics

**Purpose.** Compute the marts, prove that the sums hold, and publish one DuckDB file and a report.

**Inputs.** The warehouse and the ledger, as of the end of the night's interval (02:00 UTC); as of now where it is
triggered by hand.

**Outputs.** Schema `marts`; `published/analytics.duckdb` with `manifest.json` and `report.html`; the asset
`analytics`. The file before is kept.

**Triage.**
- `analyze.reconcile` fails with *ConservationBroken*: somebody was lost or counted twice. Nothing was published; the
  message names the check and both sides. Look at `marts.reconciliation` and at the ledger before anything else is
  sent.
- `publish.read_back` fails with *PublishError*: the built file does not say what was written. The file before is in
  force.
- Everything here may be cleared and run again.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, task, task_group

from include.orchestration import configuration, defaults, runs, timetables
from include.orchestration.assets import ANALYTICS
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import stores_task

with DAG(
    dag_id="nightly_analytics",
    dag_display_name="Nightly analytics",
    schedule=timetables.timetable("0 2 * * *", interval=timedelta(days=1), grace=True),
    tags=[Tag.ANALYTICS, Tag.WRITES_WAREHOUSE],
    **defaults.dag_defaults("analytics", due=timedelta(minutes=90), timeout=timedelta(hours=2)),
    doc_md=__doc__,
):

    @task_group
    def collect():
        @task(pool=Pool.WAREHOUSE)
        def totals():
            """SendGrid's own totals of the last days, to hold our events against; the marts do not wait for its success."""
            from include.collect.stats import fetch_totals

            return fetch_totals(configuration.account(), configuration.paths())

        totals()

    @task_group
    def analyze():
        @stores_task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
        def marts(stores, **context):
            """Every mart, replaced by key; from what the ledger says now, so that no event is newer than its send."""
            from include.analyze.marts import build_marts
            from include.dispatch.account.record import record_sends

            record_sends(stores)
            return build_marts(stores, as_of=runs.run_moment(context["dag_run"]))

        @task(pool=Pool.WAREHOUSE)
        def reconcile():
            """selected = accepted + rejected + suppressed + capped + held out + in doubt + pending, and more."""
            from include.analyze.reconcile import check_sums

            return check_sums(configuration.paths())

        marts() >> reconcile()

    @task_group
    def publish():
        @task(pool=Pool.WAREHOUSE)
        def file():
            """Built beside, checked, renamed: analysts see the old file or the new one."""
            from include.publish.file import publish

            return publish(configuration.paths())

        @task(outlets=[ANALYTICS])
        def read_back():
            """Opens the file as an analyst would and holds it against its manifest."""
            from include.publish.read_back import verify

            return verify(configuration.paths())

        @task
        def report():
            """One HTML page from the published file."""
            from include.publish.report import write_report

            return write_report(configuration.paths())

        file() >> read_back() >> report()

    collect() >> analyze() >> publish()
