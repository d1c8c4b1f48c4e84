"""### ingest_subscribers

**Purpose.** Take subscribers and purchases over from the source, believe only what passes, and merge it into the warehouse.

**Inputs.** Connection `subscribers_source` (PostgreSQL, SQLite, a folder of CSV or Parquet). The watermark of each relation, kept
in the state of the asset `subscribers`; extraction goes back `extract_overlap_minutes` behind it. Once a day, and with the
parameter `full`, the whole source is read: only then are deletions seen.

**Outputs.** Immutable Parquet in `landed/`, rows in `core.subscribers`, `core.identities` and `core.purchases`, bad rows with their reasons in
`quality.quarantine`, a quality page in `quality/`. The asset `subscribers` is updated when a row changed, and not otherwise.

**Triage.**
- `extract.land` fails with *SourceUnavailable*: the source did not answer; it is tried again. *SourceError* or *ConfigurationError*: see
  the message, it names the table and column.
- `validate.check` fails with *QualityStop*: the batch as a whole is not believed (too few rows, duplicates, stale). Nothing was
  merged; yesterday's subscribers stand. Open the quality page; when the source is right after all, see the message for the remedy.
- `merge` may be cleared at any time: it is a merge by key.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from include import runtime
from include.assets import SUBSCRIBERS
from include.tags import Pool, Tag

with DAG(
    dag_id="ingest_subscribers",
    dag_display_name="Ingest subscribers",
    schedule=runtime.timetable("0 * * * *"),
    catchup=False,
    max_active_runs=1,
    tags=[Tag.INGEST, Tag.WRITES_WAREHOUSE],
    default_args=runtime.task_defaults("data"),
    dagrun_timeout=timedelta(hours=2),
    params={"full": Param(False, type="boolean", title="Full pass", description="Read the whole source; sees deletions.")},
    doc_md=__doc__,
):

    @task_group
    def extract():
        @task(inlets=[SUBSCRIBERS], doc_md="Source to landed Parquet, from the watermark less the overlap.")
        def land(asset_state_store=None, **context):
            from include.extract import land, sources

            at, full, state = runtime.run_moment(context), context["params"]["full"], asset_state_store[SUBSCRIBERS]
            return [
                land.land(
                    runtime.paths(), runtime.source_url(), relation, run=context["run_id"],
                    since=runtime.watermark_since(state, relation, full=full, now=at),
                )
                for relation in sources.relations(runtime.source_url())
            ]  # fmt: skip

        return land()

    @task_group
    def validate(landed):
        @task(
            pool=Pool.WAREHOUSE,
            doc_md="Row rules quarantine, table rules stop. Nothing is merged before all relations pass.",
        )
        def check(manifests):
            from include.validate import batch

            return [batch.validate_batch(runtime.paths(), manifest) for manifest in manifests]

        @task(pool=Pool.WAREHOUSE, trigger_rule="all_done", doc_md="The quality page, also and above all after a stop.")
        def quality_page():
            from include.validate import data_docs

            return data_docs.write_page(runtime.paths())

        @task(pool=Pool.WAREHOUSE, inlets=[SUBSCRIBERS], doc_md="Good rows into the warehouse; then the watermark advances.")
        def merge(manifests, asset_state_store=None, **context):
            from include.validate import merge

            merged = []
            for manifest in manifests:
                merged.append(merge.merge_batch(runtime.paths(), manifest))
                runtime.remember_watermark(asset_state_store[SUBSCRIBERS], manifest, runtime.run_moment(context))
            return merged

        checked = check(landed)
        merged = merge(landed)
        checked >> [quality_page(), merged]
        return merged

    @task(outlets=[SUBSCRIBERS], doc_md="Tells `build_segments` when a row changed; skipped when none did.")
    def announce(merged):
        if not any(batch[kind] for batch in merged for kind in ("inserted", "updated", "deleted")):
            raise AirflowSkipException("no row changed")

    announce(validate(extract()))
