"""### retention

**Purpose.** Delete files and rows with personal data that are older than `include/retention.yaml` allows.

**Inputs.** `include/retention.yaml`: days by kind of file and by table. The ledger, for campaigns that have ended.

**Outputs.** Fewer files in the data folder, and fewer rows in the warehouse, whose file is then written anew. The result
counts files by kind and rows by table. A manual run is a dry run, which deletes nothing, unless its form says otherwise.

**Triage.**
- *ConfigurationError*: the message names file, line and field of `include/retention.yaml`. Nothing was deleted.
- The task can be cleared and run again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

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

    delete_expired()
