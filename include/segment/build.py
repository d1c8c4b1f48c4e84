"""Compute the features and freeze the members of every segment."""

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
from include.core.query import source_location
from include.core.shop import load_shop
from include.segment.definition import DEFINITIONS, Definition, definition_paths, read_definition
from include.warehouse.connection import open_warehouse, replace_table, run, transaction
from include.warehouse.money import replace_rates

logger = logging.getLogger(__name__)

KEEP_RUNS = 30
"""Membership is kept for the newest runs only; sizes and changes are kept forever."""

DEFINITION_TIMEOUT_SECONDS = 120.0
"""A definition that takes longer is interrupted, since the warehouse has one writer."""

_FREEZE = (
    "runs_delete",
    "runs_insert",
    "membership_delete",
    "membership_insert",
    "sizes_delete",
    "sizes_insert",
    "membership_delete_old",
)
"""SQL files that run in one transaction, in this order."""

_DEFINITION_ERRORS = (
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
    duckdb.OutOfMemoryException,
)
"""DuckDB errors that a definition causes. Any other error, such as a full disk or a damaged file, fails the task."""


def build_segments(
    paths: DataPaths,
    *,
    segment_run: str,
    as_of: datetime,
    definitions: Path = DEFINITIONS,
    seconds: float = DEFINITION_TIMEOUT_SECONDS,
) -> dict[str, int]:
    """Compute `segment.features` as of a time and freeze each segment's members under `segment_run`: {segment: members}.

    Running the same run again replaces its members. If a definition is broken or too slow, the others are built and
    committed; then `SegmentsBroken` names each broken definition with file and line. A broken segment keeps its members
    from an earlier attempt of the same run.
    """
    if as_of.tzinfo is None:
        raise ValueError("as_of needs a time zone")
    with open_warehouse(paths) as connection:
        _lock_down(connection)
        _build_features(connection, as_of)
        built, broken = _select_members(connection, definitions, as_of, seconds)
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
    """Deny access to files and network until the connection is closed."""
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _build_features(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    with transaction(connection):
        replace_rates(connection, load_shop())
        replace_table(connection, "segment.features", "segment", "features", {"as_of": as_of} | ENGAGEMENT_PARAMS)
        replace_table(connection, "segment.activity_counts", "segment", "activity_counts", {"as_of": as_of})
    logger.info("built the features as of %s", as_of.isoformat())


def _select_members(
    connection: duckdb.DuckDBPyConnection, folder: Path, as_of: datetime, seconds: float
) -> tuple[list[str], dict[str, ConfigurationError]]:
    """Fill the temporary table `selected_members`; returns the segments built, and the errors of the others."""
    built: list[str] = []
    broken: dict[str, ConfigurationError] = {}
    run(connection, "segment", "selected_members_create")
    for path in definition_paths(folder):
        try:
            _run_definition(connection, read_definition(path), as_of, seconds)
            built.append(path.stem)
        except ConfigurationError as error:
            logger.error("segment %s is broken: %s", path.stem, error)
            broken[path.stem] = error
    return built, broken


def _run_definition(connection: duckdb.DuckDBPyConnection, definition: Definition, as_of: datetime, seconds: float) -> None:
    """Insert the result of one checked definition into `selected_members`, within the time limit."""
    statement = f"create or replace temp table selected as\n{definition.statement}"
    try:
        with _time_limit(connection, seconds):
            connection.execute(statement, {"as_of": as_of} if definition.takes_as_of else None)
    except duckdb.InterruptException:
        what = f"took longer than {seconds:g} s."
        raise ConfigurationError(
            what, where=source_location(definition.path, definition.first_line), remedy="Simplify it."
        ) from None
    except _DEFINITION_ERRORS as error:
        raise _query_error(definition, error) from None
    run(connection, "segment", "selected_members_insert", {"segment": definition.segment})


@contextmanager
def _time_limit(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt the running statement from a second thread when the time is up."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _query_error(definition: Definition, error: duckdb.Error) -> ConfigurationError:
    """DuckDB's message if it names tables and columns only; else the kind of error, since a message may quote values."""
    line = definition.first_line
    what = f"fails when it runs ({type(error).__name__})."
    if isinstance(error, (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)):
        text = str(error)
        what = text.splitlines()[0]
        if "\nLINE " in text:
            line += int(text.split("\nLINE ", 1)[1].split(":", 1)[0]) - 2
    return ConfigurationError(what, where=source_location(definition.path, line), remedy="Fix the query.")


def _freeze(
    connection: duckdb.DuckDBPyConnection, segment_run: str, as_of: datetime, built: list[str], broken: list[str]
) -> dict[str, int]:
    """Replace membership and sizes of the run, and delete the membership of old runs, in one transaction."""
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
