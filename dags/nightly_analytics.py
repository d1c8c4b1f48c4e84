"""### nightly_analytics

**Purpose.** Compute the marts, check the sums, and publish one DuckDB file and a report.

**Inputs.** The warehouse and the ledger, as of the end of the interval (02:00 UTC), or of now in a manual
run.

**Outputs.** Schema `marts`; `published/analytics.duckdb` with `manifest.json` and `report.html`; the asset
`analytics`. The previous file is kept. The report by mail, once a day, to those whom `nightly_report` in
`include/seed_addresses.yaml` names; to nobody by default. A copy of the build in the place that the connection
`published_builds` names, a bucket or a folder; none by default.

**Triage.**
- `collect.reconcile_suppressions` fails with *EspUnavailable*: SendGrid did not answer; the next night compares again.
  `marts.suppression_reconciliation` has the counts.
- An alert says *Reconciliation differs*: docs/runbook/reconciliation-differs.md. The run goes on.
- `analyze.reconcile` fails with *ConservationBroken*: people are missing or counted twice. Nothing was published;
  the message names the check and both sides. Compare `marts.reconciliation` with the ledger before anything else is
  sent.
- `check_consent` fails with *ConsentChainBroken*: a row of the consent log was changed, removed, inserted or moved. The
  message names the first one; docs/runbook/consent-chain.md has the remedy. The marts are published in spite of it.
- `analyze.check` fails with *QualityStop*: a mart has an impossible rate, a sum that does not hold or a key twice.
  Nothing was published; the message names the mart and the rule.
- `publish.read_back` fails with *PublishError*: the built file does not contain what was written. The previous file
  remains published.
- `dispatch.plan` fails with *ConfigurationError* or *EdgeUnavailable*: the file of seed addresses or the edge; the message
  says what. The file is published; clear the task once it is mended.
- `copy_out` fails with *PlaceUnavailable*: object storage did not answer, or lost what was written. Those who fetch from
  there have the build before; clear the task.
- A figure is doubted: trigger the DAG with `whole`. It builds marts and file from the whole history, and not from what
  changed (docs/runbook/rebuild-marts.md).
- Every task can be cleared and run again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task, task_group

from include.orchestration import alert_route, configuration, copies, defaults, forms, quality, report_mail, runs, timetables
from include.orchestration.assets import ACTIVITIES, ANALYTICS, ENGAGEMENT, SEGMENTS, SENDS, SUBSCRIBERS
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import Stores, stores_task

with DAG(
    dag_id="nightly_analytics",
    dag_display_name="Nightly analytics",
    schedule=timetables.timetable("0 2 * * *", interval=timedelta(days=1), grace=True),
    tags=[Tag.ANALYTICS, Tag.WRITES_WAREHOUSE],
    params=forms.params(forms.ANALYTICS_FORM),
    **defaults.dag_defaults("analytics", due=timedelta(minutes=90), timeout=timedelta(hours=2)),
    doc_md=__doc__,
):

    @task_group
    def collect() -> None:
        @task(pool=Pool.WAREHOUSE)
        def totals() -> Any:
            """Fetch SendGrid's totals of the last days, for comparison with the events; the marts do not depend on it."""
            from include.collect.provider_totals import fetch_totals

            return fetch_totals(configuration.account(), configuration.paths())

        @stores_task(pool=Pool.WAREHOUSE)
        def reconcile_suppressions(stores: Stores) -> Any:
            """Compare SendGrid's suppression lists, read whole, with the ledger; import and export what a side lacks."""
            from include.collect.reconcile_suppressions import reconcile_suppressions

            return reconcile_suppressions(stores, configuration.account())

        @task(pool=Pool.WAREHOUSE)
        def verdicts() -> Any:
            """Measure the classification of opens and clicks against the simulator; a real SendGrid has no ground truth."""
            from include.collect.measure_verdicts import measure_verdicts

            return measure_verdicts(configuration.account(), configuration.paths())

        totals()
        verdicts()
        reconcile_suppressions()

    @task_group
    def analyze() -> None:
        @stores_task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
        def marts(stores: Stores, dag_run: Any = None, params: Any = None) -> Any:
            """Bring every mart up to date. The sends are copied from the ledger first: no event is newer than its send."""
            from include.analyze.marts import build_marts
            from include.dispatch.account.record import record_sends

            record_sends(stores)
            return build_marts(stores, as_of=runs.run_moment(dag_run), whole=params["whole"])

        @task(pool=Pool.WAREHOUSE)
        def reconcile(dag_run: Any = None) -> Any:
            """Check selected = accepted + rejected + suppressed + capped + held out + in doubt + pending, and other sums.

            Alerts where SendGrid's statistics or the ledger differ from the events beyond a limit and nothing explains it.
            """
            from include.analyze.day_reconciliation import alert_on_differences
            from include.analyze.reconcile import check_sums

            where = {"dag": dag_run.dag_id, "run": dag_run.run_id, "route": alert_route.alert_route()}
            alert_on_differences(configuration.paths(), runs.run_moment(dag_run), **where)
            return check_sums(configuration.paths())

        marts() >> reconcile() >> quality.check_stage("marts")

    @task_group
    def publish() -> None:
        @task(pool=Pool.WAREHOUSE)
        def file(params: Any = None) -> Any:
            """Build the file, check it and rename it into place: analysts see the previous file or the new one."""
            from include.publish.file import publish

            return publish(configuration.paths(), whole=params["whole"])

        @task(inlets=[SUBSCRIBERS, ACTIVITIES, SEGMENTS, SENDS, ENGAGEMENT], outlets=[ANALYTICS])
        def read_back() -> Any:
            """Open the file as an analyst would and compare it with its manifest."""
            from include.publish.read_back import verify

            return verify(configuration.paths())

        @stores_task()
        def report(stores: Stores) -> Any:
            """Write the HTML report from the published file, and the figures of the report by mail."""
            return report_mail.write_report(stores)

        file() >> read_back() >> report()

    @stores_task(pool=Pool.WAREHOUSE)
    def check_consent(stores: Stores) -> Any:
        """Recompute the hash chain of the consent log, and compare it with the journal and the heads of earlier nights."""
        from include.analyze.consent_check import check_consent

        return check_consent(stores)

    @task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
    def check_service_levels(dag_run: Any = None) -> Any:
        """Alert on service levels whose error budget burns too fast; also if a sum does not hold."""
        from include.analyze.service_levels import check_service_levels

        where = {"dag": dag_run.dag_id, "run": dag_run.run_id, "route": alert_route.alert_route()}
        return check_service_levels(configuration.paths(), **where)

    check_consent()
    collect() >> analyze() >> [published := publish(), check_service_levels()]
    published >> [report_mail.dispatch(), copies.copy_out()]
