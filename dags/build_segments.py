"""### build_segments

**Purpose.** Compute the features of each subscriber and the members of each segment, stored under this run's id.

**Inputs.** The assets `subscribers`, `engagement` and `activities`: new rows in one of them start a run. A run that
only posted activities have started builds the segments that read activities, and those that a campaign combines with them.
`core.*`, `engagement.events`.
The definitions in `include/sql/segment/definitions/`, one SQL file per segment.

**Outputs.** `segment.features`, `segment.activity_counts`, and for this run `segment.members`, `segment.moves` and
`segment.runs`; the asset `segments`. Campaigns plan from the newest run.

**Triage.** The error names the SQL file of a segment that fails; its campaigns do not send until it is built. The members
of a run appear together or not at all. To rebuild, trigger the DAG; a cleared run replaces its own rows. A run computes the
features of the people with something new; if a figure is doubted, trigger the DAG with `whole`.
`validate.segments` alerts if a segment is empty, holds everybody, or has an unusual share of the list; see
docs/runbook/quality-stop.md.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task, task_group

from include.orchestration import defaults, forms, quality, segments
from include.orchestration.assets import ACTIVITIES, ENGAGEMENT, SEGMENTS, SUBSCRIBERS
from include.orchestration.tags import Pool, Tag

with DAG(
    dag_id="build_segments",
    dag_display_name="Build segments",
    schedule=(SUBSCRIBERS | ENGAGEMENT | ACTIVITIES),
    tags=[Tag.SEGMENTS, Tag.WRITES_WAREHOUSE],
    params=forms.params(forms.SEGMENTS_FORM),
    **defaults.dag_defaults("data", due=timedelta(minutes=30), timeout=timedelta(hours=1)),
    doc_md=__doc__,
):

    @task_group
    def segment() -> None:
        @task(pool=Pool.WAREHOUSE, inlets=[SUBSCRIBERS, ACTIVITIES, ENGAGEMENT], outlets=[SEGMENTS])
        def build(dag_run: Any = None, triggering_asset_events: Any = None, params: Any = None) -> Any:
            """Bring the features up to date, then build the segments, in one transaction; returns the sizes."""
            return segments.build(dag_run, triggering_asset_events, whole=params["whole"])

        build()

    @task_group
    def validate() -> None:
        quality.check_stage("segments", "segments")

    segment() >> validate()
