"""The size of a segment from the present warehouse, before anything is built, and how many people meet each condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from include.core import segment_name
from include.core.errors import ConfigurationError
from include.core.paths import DataPaths
from include.core.segment_name import SegmentName, meant, settle
from include.segment.catalogue import Segment, read_catalogue, with_bases
from include.segment.conditions import conditions
from include.segment.limits import breach
from include.segment.members import select_members
from include.warehouse.connection import fetch, run
from include.warehouse.reading import read_warehouse

SECONDS = 120.0


@dataclass(frozen=True)
class ConditionCount:
    """How many people meet a condition, and how many meet it and all those before it."""

    text: str
    alone: int
    together: int


@dataclass(frozen=True)
class SizePreview:
    """What a build now would give. `last` is the run that froze the segment last: segment_run, as_of, members; None if none.

    `outside` says why the size is outside its limits, empty if it is within; `conditions` is None if the query is no
    conjunction of terms.
    """

    segment: Segment
    members: int
    list_size: int
    as_of: datetime
    last: dict[str, Any] | None
    outside: str
    conditions: Sequence[ConditionCount] | None


def size_preview(paths: DataPaths, text: str) -> SizePreview:
    """Evaluate a segment, as `engaged` or `engaged(days=30)`, on the features of the last run; nothing is written.

    Raises `ConfigurationError` for a segment that does not exist or cannot be built, and before the first run.
    """
    segment = find(text)
    with read_warehouse(paths) as connection:
        list_size, as_of = fetch(connection, "segment", "features_size").to_pylist()[0].values()
        if as_of is None:
            remedy = "Run build_segments once; after that, a new segment is previewed from its features."
            raise ConfigurationError("has no features yet.", where=str(paths.warehouse), remedy=remedy)
        catalogue = with_bases(read_catalogue(chosen=[segment.name]), {str(segment.name)})
        _, broken = select_members(connection, catalogue, as_of, SECONDS)
        if broken:
            raise broken.get(str(segment.name)) or next(iter(broken.values()))
        members = run(connection, "segment", "selected_size", {"segment": str(segment.name)}).fetchall()[0][0]
        last = next(iter(fetch(connection, "segment", "last_size", {"segment": str(segment.name)}).to_pylist()), None)
        outside = breach(segment.definition.limits, members, last["members"] if last else None)
        return SizePreview(segment, members, list_size, as_of, last, outside, _condition_counts(connection, segment, as_of))


def find(text: str) -> Segment:
    """The segment of a name, with parameters or not. Raises `ConfigurationError`."""
    try:
        name = segment_name.read(text)
        catalogue = read_catalogue()
        known = {one.name.segment: one.definition for one in catalogue.segments}
        if name.segment in catalogue.broken:
            raise catalogue.broken[name.segment]
        if name.segment not in known:
            raise ValueError(f"the segment '{name.segment}' does not exist{meant(name.segment, known)}")
        settled = settle(name, known[name.segment].defaults)
    except ValueError as error:
        remedy = "Name a file of include/sql/segment/definitions/."
        raise ConfigurationError(str(error), where="NAME", remedy=remedy) from None
    return _built(settled)


def _built(name: SegmentName) -> Segment:
    return next(one for one in read_catalogue(chosen=[name]).segments if one.name == name)


def _condition_counts(
    connection: duckdb.DuckDBPyConnection, segment: Segment, as_of: datetime
) -> list[ConditionCount] | None:
    found = conditions(segment)
    if found is None or not found.texts:
        return None if found is None else []
    run(connection, "segment", "people_create")
    columns = [f"c{number}" for number in range(len(found.texts))]
    counts = [f"count(*) filter ({column})" for column in columns]
    counts += [f"count(*) filter ({' and '.join(columns[: number + 1])})" for number in range(len(columns))]
    statement = f"select {', '.join(counts)} from ({found.statement}) as met"
    row = connection.execute(statement, segment.bind(as_of, statement) or None).fetchall()[0]
    return [ConditionCount(text, row[number], row[len(columns) + number]) for number, text in enumerate(found.texts)]
