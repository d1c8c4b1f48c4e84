"""### collect_activities

**Purpose.** Load the activities that were posted to the activities port, so that segments and triggers can ask for them
within two minutes.

**Inputs.** `spool/activities/incoming/`: files of activities, durable since the port acknowledged them.

A minute without a file costs a look into that folder: the warehouse is left to others.

**Outputs.** `core.activities`, each `activity_id` once; the files in `spool/activities/archive/`; the asset `activities`
if there was a file, which starts `build_segments`.

**Triage.**
- A run without a file skips `load`. That is normal.
- A file that cannot be read is moved to `spool/activities/broken/` with its reason; other files do not wait.
- Files accumulate in `spool/activities/incoming/`: the task waits for the pool `warehouse`; find the task that occupies
  it. Nothing is lost meanwhile.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task, task_group

from include.orchestration import configuration, defaults, privacy, timetables
from include.orchestration.assets import ACTIVITIES
from include.orchestration.tags import Pool, Tag
from include.orchestration.tasks import Stores, skip_unless, stores_task

with DAG(
    dag_id="collect_activities",
    dag_display_name="Collect activities",
    schedule=timetables.timetable("* * * * *"),
    tags=[Tag.INGEST, Tag.WRITES_WAREHOUSE],
    **defaults.dag_defaults("data", due=timedelta(minutes=30), timeout=timedelta(hours=1)),
    doc_md=__doc__,
):

    @task_group
    def collect() -> None:
        @task
        def look() -> None:
            """Look for a file; without one, skip what follows, so that it does not wait for the warehouse."""
            from include.collect.spool import activities_waiting_since

            skip_unless(activities_waiting_since(configuration.paths()), "no activity was posted")

        @stores_task(pool=Pool.WAREHOUSE, priority_weight=100, outlets=[ACTIVITIES])
        def load(stores: Stores) -> Any:
            """Load posted activities from the spool, before other tasks that wait for the warehouse."""
            from include.collect.activities import has_changes, load_activities

            loaded = load_activities(stores.paths, prepare=privacy.without_erased_activities(stores))
            skip_unless(has_changes(loaded), "no activity was posted")
            return loaded

        look() >> load()

    collect()
