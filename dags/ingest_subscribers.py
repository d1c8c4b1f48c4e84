"""### ingest_subscribers

**Purpose.** Take subscribers and purchases over from the source, believe only what passes, and merge it into the
warehouse.

**Inputs.** Connection `subscribers_source` (PostgreSQL, SQLite, a folder of CSV or Parquet). The watermark of each
relation, kept in the state of the asset `subscribers`; extraction goes back `extract_overlap_minutes` behind it. Once
a day, and with the parameter `full`, the whole source is read: only then are deletions seen.

**Outputs.** Immutable Parquet in `landed/`, rows in `core.subscribers`, `core.identities` and `core.purchases`, bad
rows with their reasons in `quality.quarantine`, a quality page in `quality/`. In the ledger, for plans that are frozen:
who said no at the source meanwhile. The asset `subscribers` is updated when
a row changed, and not otherwise.

**Triage.**
- `extract.land` fails with *SourceUnavailable*: the source did not answer; it is tried again. *SourceError* or
  *ConfigurationError*: see the message, it names the table and column.
- `validate.check` fails with *QualityStop*: the batch as a whole is not believed (too few rows, duplicates, stale).
  Nothing was merged; yesterday's subscribers stand. Open the quality page; when the source is right after all, see
  the message for the remedy. Who refuses in such a batch is not mailed all the same.
- `warn` tells what a person should look at although the batch goes on: deletions that are held, many withdrawals, a
  missing file. Where the source is right, the parameter `accept` lets held deletions through at once.
- `merge` may be cleared at any time: it is a merge by key.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from include.orchestration import configuration, defaults, forms, notifications, runs, timetables
from include.orchestration.assets import SUBSCRIBERS
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import stores_task

with DAG(
    dag_id="ingest_subscribers",
    dag_display_name="Ingest subscribers",
    schedule=timetables.timetable("0 * * * *"),
    tags=[Tag.INGEST, Tag.WRITES_WAREHOUSE],
    **defaults.dag_defaults("data", due=timedelta(minutes=50), timeout=timedelta(hours=2)),
    params={name: Param(**field) for name, field in forms.INGEST_FORM.items()},
    doc_md=__doc__,
):

    @task_group
    def extract():
        @task(inlets=[SUBSCRIBERS])
        def land(asset_state_store=None, dag_run=None, params=None):
            """Source to landed Parquet, from the watermark less the overlap."""
            from include.extract import land, sources, watermark

            state, at, source = asset_state_store[SUBSCRIBERS], runs.run_moment(dag_run), configuration.source_url()
            manifests, overlap = [], configuration.extract_overlap()
            for relation in sources.relations(source):
                since = watermark.incremental_start(state, relation, full=params["full"], now=at, overlap=overlap)
                manifests.append(land.land(configuration.paths(), source, relation, run=dag_run.run_id, since=since))
            return manifests

        return land()

    @task_group
    def validate(landed):
        @stores_task(pool=Pool.WAREHOUSE)
        def check(stores, manifests, params=None):
            """Row rules quarantine, table rules stop; nothing is merged before all pass. Refusals count at once."""
            from include.validate import batch, withdrawals

            paths, accept = configuration.paths(), params["accept"]
            with withdrawals.sync_withdrawals_on_exit(stores):
                return [batch.validate_batch(paths, manifest, accept=accept) for manifest in manifests]

        @task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
        def quality_page():
            """The quality page, also and above all after a stop."""
            from include.validate import quality_page

            return quality_page.write_quality_page(configuration.paths())

        @task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
        def held_back(dag_run=None):
            """Alerts where the rows that cannot be read hold many people back, also after a stop."""
            from include.validate import alerts

            where = {"dag": dag_run.dag_id, "task": "validate.held_back", "webhook_url": notifications.webhook_url()}
            return alerts.alert_on_suppressed(configuration.paths(), dag_run.run_id, **where)

        @stores_task(pool=Pool.WAREHOUSE, inlets=[SUBSCRIBERS])
        def merge(stores, manifests, asset_state_store=None, dag_run=None):
            """Good rows into the warehouse; then the watermark advances. Frozen plans are told who is gone."""
            from include.extract import watermark
            from include.validate import merge, withdrawals

            merged, state, paths = [], asset_state_store[SUBSCRIBERS], configuration.paths()
            with withdrawals.sync_withdrawals_on_exit(stores):
                for manifest in manifests:
                    watermark.record_merge_start(state)
                    merged.append(merge.merge_batch(paths, manifest))
                    watermark.store_watermark(state, manifest, runs.run_moment(dag_run))
            return merged

        @task(pool=Pool.WAREHOUSE)
        def warn(dag_run=None):
            """Tells a person what is odd about a batch that was merged all the same: deletions that are held, for one."""
            from include.validate import alerts

            return alerts.alert_on_warnings(
                configuration.paths(), run=dag_run.run_id, dag=dag_run.dag_id, webhook_url=notifications.webhook_url()
            )

        checked = check(landed)
        merged = merge(landed)
        checked >> [quality_page(), held_back(), merged]
        merged >> warn()
        return merged

    @task(outlets=[SUBSCRIBERS])
    def announce(merged, asset_state_store=None):
        """Tells `build_segments` when a row changed; skipped when none did."""
        from include.extract import watermark

        if not watermark.finish_merges(asset_state_store[SUBSCRIBERS], merged):
            raise AirflowSkipException("no row changed")

    announce(validate(extract()))
