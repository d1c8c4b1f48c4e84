"""The task that builds segments: which ones, by what has changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from include.orchestration import configuration, runs
from include.orchestration.assets import ACTIVITIES


def build(dag_run: Any, changed: Iterable[Any], *, whole: bool = False) -> dict[str, int]:
    """Build every segment; or, if `changed` is only the asset of posted activities, those that may read activities.

    With `whole`, everybody's features are computed, and not those of the people with something new.
    """
    from include.segment.build import build_segments

    only = {asset.name for asset in changed} == {ACTIVITIES.name}
    as_of = runs.run_moment(dag_run)
    paths = configuration.paths()
    return build_segments(paths, segment_run=dag_run.run_id, as_of=as_of, only_activities=only, whole=whole)
