"""Compute the features and freeze the members of every segment."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from include.core import clock
from include.core.campaign_file import chosen_segments
from include.core.errors import ConfigurationError, SegmentsBroken
from include.core.paths import SEGMENTS, DataPaths
from include.segment import guards, history
from include.segment.activity_segments import activity_segments
from include.segment.catalogue import Segment, read_catalogue
from include.segment.features import build_features
from include.segment.members import select_members
from include.warehouse import memory
from include.warehouse.connection import open_warehouse, run, transaction

logger = logging.getLogger(__name__)

DEFINITION_TIMEOUT_SECONDS = 120.0
"""A definition that takes longer is interrupted, since the warehouse has one writer."""

KEEP_HISTORY = timedelta(days=400)
"""How long it is kept who was in a segment in each run, who entered and left, and why. Sizes are kept longer."""

DEFINITION_SPILL = 10
"""How many times DuckDB's memory a definition may spill: one that needs more must not fill the disk of the others."""

_FREEZE = (
    "runs_delete",
    "runs_insert",
    "positions_insert",
    "members_update",
    "members_insert",
    "moves_delete",
    "moves_insert",
    "moves_delete_old",
    "positions_update",
    "sizes_delete",
    "sizes_insert",
    "sizes_define",
    "condition_changes_delete",
    "condition_changes_insert",
)
"""SQL files that run in one transaction, in this order."""


def build_segments(
    paths: DataPaths,
    *,
    segment_run: str,
    as_of: datetime,
    definitions: Path = SEGMENTS,
    only_activities: bool = False,
    whole: bool = False,
    seconds: float = DEFINITION_TIMEOUT_SECONDS,
) -> dict[str, int]:
    """Bring `segment.features` up to a time and freeze each segment's members under `segment_run`: {segment: members}.

    With `only_activities`, nothing but activities has changed: the other segments keep their members of earlier runs. With
    `whole`, everybody's features are computed, and not those of the people with something new.

    Running the same run again replaces its members; segments that a later run has built keep theirs. If a definition is
    broken or too slow, the others are built and committed; then `SegmentsBroken` names each broken definition with file and
    line. A broken segment keeps its members.
    """
    if as_of.tzinfo is None:
        raise ValueError("as_of needs a time zone")
    with open_warehouse(paths) as connection:
        build_features(connection, as_of, whole=whole)
        memory.limit_spilling(connection, paths.spill, DEFINITION_SPILL * memory.limit())
        _lock_down(connection)
        catalogue = read_catalogue(definitions, chosen_segments())
        wanted = activity_segments(catalogue) if only_activities else catalogue
        selected, broken = select_members(connection, wanted, as_of, seconds, segment_run)
        built = history.not_built_later(connection, selected, segment_run, as_of)
        history.find(connection, built, segment_run, as_of)
        kept = {str(segment.name) for segment in selected if segment not in built} | set(broken)
        sizes = _freeze(connection, segment_run, as_of, built, broken, {"kept": sorted(kept), "is_partial": only_activities})
    if broken:
        raise SegmentsBroken(
            "".join(
                [f"{len(broken)} of {len(broken) + len(sizes)} segments could not be built:\n"]
                + [f"  {broken[name]}\n" for name in sorted(broken)]
            ),
            where=f"segment run {segment_run}",
            remedy="The other segments are built. Fix the definitions, then run again.",
        )
    return sizes


def _lock_down(connection: duckdb.DuckDBPyConnection) -> None:
    """Deny access to files and network until the connection is closed."""
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _freeze(
    connection: duckdb.DuckDBPyConnection,
    segment_run: str,
    as_of: datetime,
    built: Sequence[Segment],
    broken: Mapping[str, ConfigurationError],
    more: Mapping[str, Any],
) -> dict[str, int]:
    """Replace members, sizes, history and stops of the run, and delete old history, in one transaction."""
    params = {
        "segment_run": segment_run,
        "as_of": as_of,
        "built_at": clock.now(),
        "built": [str(segment.name) for segment in built],
        "definitions": [history.definition_hash(segment) for segment in built],
        "history_since": as_of - KEEP_HISTORY,
        **more,
    }
    with transaction(connection):
        for name in _FREEZE:
            run(connection, "segment", name, params)
        found = guards.stops(connection, built, broken, segment_run, as_of)
        guards.record(connection, segment_run, found)
    for stop in found:
        if stop.kind == "size":
            logger.warning("%s Its campaigns do not send before its size is right or accepted.", stop.what)
    counts = dict(run(connection, "segment", "sizes_of_run", params).fetchall())
    return {str(segment.name): counts[str(segment.name)] for segment in built}
