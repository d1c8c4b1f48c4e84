"""### retention

**Purpose.** Delete files and rows with personal data that are older than `include/retention.yaml` allows, and pack the
spool's files of past days, one file per day.

**Inputs.** `include/retention.yaml`: days by kind of file and by table. The ledger, for campaigns that have ended.

**Outputs.** Fewer files in the data folder, and fewer rows in the warehouse, whose file is then written anew. The result
counts files by kind and rows by table. A manual run is a dry run, which deletes and packs nothing, unless its form says
otherwise.

**Triage.**
- *ConfigurationError*: the message names file, line and field of `include/retention.yaml`. Nothing was deleted.
- *ArchiveDamaged*: a day's packed events cannot be read; docs/runbook/failed-task.md#archived-events.
- The tasks can be cleared and run again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from include.orchestration import defaults, forms, privacy, timetables
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import Stores, stores_task

with DAG(
    dag_id="retention",
    dag_display_name="Retention",
    schedule=timetables.timetable("30 3 * * *"),
    tags=[Tag.PRIVACY],
    params=forms.params(forms.RETENTION_FORM),
    **defaults.dag_defaults("data", due=timedelta(minutes=60), timeout=timedelta(hours=2)),
    doc_md=__doc__,
):

    @stores_task(pool=Pool.WAREHOUSE)
    def delete_expired(stores: Stores, dag_run: Any = None, params: Any = None) -> Any:
        """Delete what has expired, while no other task reads or writes the warehouse; a dry run only counts it."""
        return privacy.delete_expired(stores, dag_run, params)

    @task
    def pack_spool(dag_run: Any = None, params: Any = None) -> Any:
        """Pack the loaded events and activities of each past day into one file; a dry run leaves them."""
        return privacy.pack_spool(dag_run, params)

    delete_expired() >> pack_spool()
