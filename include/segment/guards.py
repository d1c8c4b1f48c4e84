"""Size guards: a segment outside the limits of its file, or one that could not be built, stops its campaigns.

So does a segment that reads it. What is stopped is recorded with the run; a campaign reads it when it is planned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import duckdb

from include.core.errors import ConfigurationError
from include.segment.catalogue import Segment
from include.segment.limits import breach
from include.warehouse.connection import fetch, run

ACCEPTED_FOR = timedelta(days=7)
"""How long an accepted size stays accepted; until then, the limits in the file should be changed."""


@dataclass(frozen=True)
class Stop:
    """A stopped segment. `cause` is the segment whose size or definition stops it: itself, or one that it reads."""

    segment: str
    cause: str
    kind: Literal["size", "broken"]
    what: str
    members: int | None = None


def stops(
    connection: duckdb.DuckDBPyConnection,
    built: Sequence[Segment],
    broken: Mapping[str, ConfigurationError],
    segment_run: str,
    as_of: datetime,
) -> list[Stop]:
    """The segments of a frozen run that are stopped, with their reasons."""
    found = {name: Stop(name, name, "broken", str(error)) for name, error in broken.items()}
    params = {
        "segment_run": segment_run,
        "as_of": as_of,
        "built": [str(segment.name) for segment in built],
        "accepted_since": as_of - ACCEPTED_FOR,
    }
    sizes = {row["segment"]: row for row in fetch(connection, "segment", "size_guards", params).to_pylist()}
    for segment in built:
        if stop := _stop(segment, sizes[str(segment.name)], found):
            found[stop.segment] = stop
    return list(found.values())


def record(connection: duckdb.DuckDBPyConnection, segment_run: str, found: Sequence[Stop]) -> None:
    """Replace the stops of a run. Within the caller's transaction."""
    run(connection, "segment", "stops_delete", {"segment_run": segment_run})
    for stop in found:
        run(connection, "segment", "stops_insert", {"segment_run": segment_run, **vars(stop)})


def _stop(segment: Segment, size: Mapping[str, Any], found: Mapping[str, Stop]) -> Stop | None:
    name, members = str(segment.name), size["members"]
    accepted = (size["accepted_least"], size["accepted_most"]) if size["accepted_most"] is not None else None
    if what := breach(segment.definition.limits, members, size["previous"], accepted):
        return Stop(name, name, "size", f"{name} {what}.", members)
    for base in map(str, segment.reads):
        if base in found:
            return Stop(name, found[base].cause, "size", f"{name} reads {base}: {found[base].what}", members)
    return None
