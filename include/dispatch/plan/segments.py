"""The segments of a campaign: that they exist, the segment run to read, and the people in their combination."""

from __future__ import annotations

import duckdb

from include.core import segment_name, sqlfile
from include.core.campaign import Campaign
from include.core.campaign_file import source_location
from include.core.errors import PlanError, SegmentStopped
from include.core.paths import SEGMENTS
from include.core.segment_name import SegmentName
from include.core.segment_set import SegmentSet
from include.warehouse.connection import fetch, run


def chosen(campaign: Campaign) -> SegmentSet:
    """The campaign's segments, by the names under which runs freeze them. Raises `PlanError` for one that does not exist."""
    wanted = campaign.segments
    return SegmentSet(
        any=tuple(_frozen_name(campaign, text) for text in wanted.any),
        all=tuple(_frozen_name(campaign, text) for text in wanted.all),
        none=tuple(_frozen_name(campaign, text) for text in wanted.none),
    )


def newest_run(warehouse: duckdb.DuckDBPyConnection, campaign: Campaign, combination: SegmentSet) -> str:
    """The newest run that has the complete membership of all segments. Raises `PlanError` if there is none."""
    names = sorted({str(name) for name in combination.names()})
    found = fetch(warehouse, "dispatch", "latest_segment_run", {"segments": names}).to_pylist()
    if not found or found[0]["members"] != found[0]["frozen_members"]:
        raise PlanError(
            f"no {'recent ' if found else ''}run of build_segments has {', '.join(names)}.",
            where=source_location(campaign.id, "segment"),
            remedy="Run build_segments first.",
        )
    return str(found[0]["segment_run"])


def require_not_stopped(warehouse: duckdb.DuckDBPyConnection, campaign: Campaign, combination: SegmentSet) -> None:
    """Raises `SegmentStopped` if a segment is outside the limits of its size, or could not be built, in its newest run."""
    names = sorted({str(name) for name in combination.names()})
    for stop in fetch(warehouse, "dispatch", "open_segment_stops", {"segments": names}).to_pylist():
        accept = f"or accept its size: make segment NAME={stop['cause']} DO=accept REASON='…'"
        raise SegmentStopped(
            f"the segment {stop['segment']} is stopped since run {stop['segment_run']}: {stop['what']}",
            where=source_location(campaign.id, "segment"),
            remedy=f"Correct {stop['cause']}{f', {accept}' if stop['kind'] == 'size' else ', then run build_segments'}.",
        )


def select(warehouse: duckdb.DuckDBPyConnection, combination: SegmentSet, segment_run: str) -> None:
    """Fill temp table `selected` with the people of the combination in one segment run."""
    if single := combination.single():
        params = {"segment": single, "segment_run": segment_run, "exclude_segments": list(combination.none)}
        run(warehouse, "dispatch", "selected_by_segment", params)
    else:
        sets = {name: list(getattr(combination, name)) for name in ("any", "all", "none")}
        params = {"segment_run": segment_run} | {f"{name}_of": names for name, names in sets.items()}
        run(warehouse, "dispatch", "selected_by_segments", params)


def _frozen_name(campaign: Campaign, text: str) -> str:
    name = segment_name.read(text)
    path = SEGMENTS / f"{name.segment}.sql"
    field = "exclude_segments" if text in campaign.exclude_segments else "segment"
    try:
        if not path.is_file():
            known = {each.stem for each in SEGMENTS.glob("*.sql")}
            raise ValueError(f"the segment '{name.segment}' is not defined{segment_name.meant(name.segment, known)}")
        return str(_settled(name))
    except ValueError as error:
        raise PlanError(
            str(error),
            where=source_location(campaign.id, field),
            remedy="Name a file of include/sql/segment/definitions/, with parameters of its header.",
        ) from None


def _settled(name: SegmentName) -> SegmentName:
    return segment_name.settle(name, sqlfile.read(SEGMENTS / f"{name.segment}.sql").defaults)
