"""Build the features and freeze who is in which segment."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from include.core import clock
from include.core.engagement import ENGAGEMENT_PARAMS
from include.core.errors import ConfigurationError, SegmentsBroken
from include.core.paths import DataPaths
from include.core.shop import load_shop
from include.segment.definition import DEFINITIONS, Definition, definition_paths, place, read_definition
from include.warehouse.connection import open_warehouse, replace_table, run, transaction
from include.warehouse.money import replace_rates

logger = logging.getLogger(__name__)

KEEP_RUNS = 30
"""Membership is kept for this many runs, the newest built; sizes and movements are kept for ever."""

SECONDS_A_DEFINITION = 120.0
"""No segment may hold the warehouse for longer."""

_FREEZE = (
    "runs_delete",
    "runs_insert",
    "membership_delete",
    "membership_insert",
    "sizes_delete",
    "sizes_insert",
    "membership_delete_old",
)
"""SQL files of one transaction, in order."""

_THE_QUERYS_FAULT = (
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
    duckdb.OutOfMemoryException,
)
"""What DuckDB raises over a definition. A full disk or a torn file is not the definition's fault and fails the task."""


def build_segments(
    paths: DataPaths,
    *,
    segment_run: str,
    as_of: datetime,
    definitions: Path = DEFINITIONS,
    seconds: float = SECONDS_A_DEFINITION,
) -> dict[str, int]:
    """Compute `segment.features` as of a moment and freeze each segment's members under `segment_run`: {segment: members}.

    Running the same run again replaces what it froze. A definition that is broken or too slow does not keep the others from
    being built; when they are committed, `SegmentsBroken` names each broken one with file and line. A broken segment
    keeps the members that an earlier try of the same run gave it.
    """
    if as_of.tzinfo is None:
        raise ValueError("as_of needs a time zone")
    with open_warehouse(paths) as connection:
        _lock_down(connection)
        _build_features(connection, as_of)
        built, broken = _find_members(connection, definitions, as_of, seconds)
        sizes = _freeze(connection, segment_run, as_of, built, sorted(broken))
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
    """No file, no network and no way back for as long as this connection lives."""
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _build_features(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    with transaction(connection):
        replace_rates(connection, load_shop())
        replace_table(connection, "segment.features", "segment", "features", {"as_of": as_of} | ENGAGEMENT_PARAMS)
    logger.info("features are built as of %s", as_of.isoformat())


def _find_members(
    connection: duckdb.DuckDBPyConnection, folder: Path, as_of: datetime, seconds: float
) -> tuple[list[str], dict[str, ConfigurationError]]:
    """Fill the temporary table `selected_members`; returns the segments built and the broken ones with what is wrong."""
    built: list[str] = []
    broken: dict[str, ConfigurationError] = {}
    run(connection, "segment", "selected_members_create")
    for path in definition_paths(folder):
        try:
            _select(connection, read_definition(path), as_of, seconds)
            built.append(path.stem)
        except ConfigurationError as error:
            logger.error("segment %s is broken: %s", path.stem, error)
            broken[path.stem] = error
    return built, broken


def _select(connection: duckdb.DuckDBPyConnection, definition: Definition, as_of: datetime, seconds: float) -> None:
    """Run one checked definition into `selected_members`, within its time."""
    statement = f"create or replace temp table selected as\n{definition.statement}"
    try:
        with _time_limit(connection, seconds):
            connection.execute(statement, {"as_of": as_of} if definition.takes_as_of else None)
    except duckdb.InterruptException:
        what = f"took longer than {seconds:g} s."
        raise ConfigurationError(what, where=place(definition.path, definition.first_line), remedy="Simplify it.") from None
    except _THE_QUERYS_FAULT as error:
        raise _explain(definition, error) from None
    run(connection, "segment", "selected_members_insert", {"segment": definition.segment})


@contextmanager
def _time_limit(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt the running statement from a second thread when its time is over."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _explain(definition: Definition, error: duckdb.Error) -> ConfigurationError:
    """DuckDB's words where they speak of names only; errors of evaluation may quote a row's values, so only their kind."""
    line = definition.first_line
    what = f"fails when it runs ({type(error).__name__})."
    if isinstance(error, (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)):
        text = str(error)
        what = text.splitlines()[0]
        if "\nLINE " in text:
            line += int(text.split("\nLINE ", 1)[1].split(":", 1)[0]) - 2
    return ConfigurationError(what, where=place(definition.path, line), remedy="Fix the query.")


def _freeze(
    connection: duckdb.DuckDBPyConnection, segment_run: str, as_of: datetime, built: list[str], broken: list[str]
) -> dict[str, int]:
    """Replace the run's membership and sizes in one transaction, and forget the runs that are too old."""
    params = {
        "segment_run": segment_run,
        "as_of": as_of,
        "built_at": clock.now(),
        "built": built,
        "broken": broken,
        "keep_runs": KEEP_RUNS,
    }
    with transaction(connection):
        for name in _FREEZE:
            run(connection, "segment", name, params)
    counts = dict(run(connection, "segment", "sizes_of_run", params).fetchall())
    return {segment: counts[segment] for segment in built}
