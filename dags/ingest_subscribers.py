"""### ingest_subscribers

**Purpose.** Copy subscribers, purchases and activities from the source into the warehouse, and reject rows and batches
that are not valid.

**Inputs.** Connection `subscribers_source` (any source of docs/data-contract.md). The watermark of each
relation, stored in the state of the asset `subscribers`; extraction starts `extract_overlap_minutes` before it. Once a
day, and with the parameter `full`, the whole source is read: only a full pass sees deletions.

**Outputs.** Immutable Parquet in `landed/`; rows in `core.subscribers`, `core.identities`, `core.purchases` and
`core.activities`; invalid rows with their reasons in `quality.quarantine`; a quality page in `quality/`. In the ledger:
people who withdrew consent at the source after a plan was frozen. The asset `subscribers`, if a row changed.

**Triage.**
- `extract.land` fails with *SourceUnavailable*: the source did not answer; the task is retried. *SourceError* or
  *ConfigurationError*: the message names the table and column.
- `validate.check` fails with *QualityStop*: the whole batch is rejected (too few rows, duplicates, stale). Nothing was
  merged, and the previous subscribers remain. Open the quality page; if the source is right after all, the message has
  the remedy. People who withdrew consent in such a batch are not mailed.
- `warn` alerts on findings that do not stop the batch: deletions that are held back, many withdrawals, a missing file.
  If the source is right, the parameter `accept` applies the deletions at once.
- `merge` can be cleared at any time: it merges by key.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task, task_group

from include.orchestration import alert_route, configuration, defaults, forms, ingest, timetables
from include.orchestration.assets import SUBSCRIBERS
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import Stores, skip_unless, stores_task

with DAG(
    dag_id="ingest_subscribers",
    dag_display_name="Ingest subscribers",
    schedule=timetables.timetable("0 * * * *"),
    tags=[Tag.INGEST, Tag.WRITES_WAREHOUSE],
    params=forms.params(forms.INGEST_FORM),
    **defaults.dag_defaults("data", due=timedelta(minutes=50), timeout=timedelta(hours=2)),
    doc_md=__doc__,
):

    @task_group
    def extract() -> Any:
        @task(inlets=[SUBSCRIBERS])
        def land(asset_state_store: Any = None, dag_run: Any = None, params: Any = None) -> Any:
            """Extract the source to landed Parquet, from the watermark less the overlap."""
            return ingest.land_relations(asset_state_store[SUBSCRIBERS], dag_run, full=params["full"])

        return land()

    @task_group
    def validate(landed: Any) -> Any:
        @stores_task(pool=Pool.WAREHOUSE)
        def check(stores: Stores, manifests: Any, params: Any = None) -> Any:
            """Quarantine rows by row rules, stop the batch by table rules. Withdrawals of consent apply at once."""
            return ingest.validate_batches(stores, manifests, accept=params["accept"])

        @task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
        def quality_page() -> Any:
            """Write the quality page, also after a stop."""
            from include.validate import quality_page

            return quality_page.write_quality_page(configuration.paths())

        @task(pool=Pool.WAREHOUSE, trigger_rule="all_done")
        def alert_on_suppressed(dag_run: Any = None) -> Any:
            """Alert if unreadable rows suppress many people, also after a stop."""
            from include.validate import alerts

            where = {
                "dag": dag_run.dag_id,
                "task": "validate.alert_on_suppressed",
                "route": alert_route.alert_route(),
            }
            return alerts.alert_on_suppressed(configuration.paths(), dag_run.run_id, **where)

        @stores_task(pool=Pool.WAREHOUSE, inlets=[SUBSCRIBERS])
        def merge(stores: Stores, manifests: Any, asset_state_store: Any = None, dag_run: Any = None) -> Any:
            """Merge valid rows into the warehouse, then advance the watermark."""
            return ingest.merge_batches(stores, asset_state_store[SUBSCRIBERS], dag_run, manifests)

        @task(pool=Pool.WAREHOUSE)
        def warn(dag_run: Any = None) -> Any:
            """Alert on warnings of a merged batch, such as deletions that are held back."""
            from include.validate import alerts

            where = {"dag": dag_run.dag_id, "run": dag_run.run_id, "route": alert_route.alert_route()}
            return alerts.alert_on_warnings(configuration.paths(), **where)

        checked = check(landed)
        merged = merge(landed)
        checked >> [quality_page(), alert_on_suppressed(), merged]
        merged >> warn()
        return merged

    @task(outlets=[SUBSCRIBERS])
    def announce(merged: Any, asset_state_store: Any = None) -> None:
        """Update the asset `subscribers`, which starts `build_segments`; skipped if no row changed."""
        from include.extract import watermark

        skip_unless(watermark.finish_merges(asset_state_store[SUBSCRIBERS], merged), "no row changed")

    announce(validate(extract()))
