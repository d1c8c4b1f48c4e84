"""Runs the definitions of a catalogue into temporary tables, each within limits of time and memory."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import duckdb

from include.core.errors import ConfigurationError
from include.segment import shared_scan
from include.segment.catalogue import Catalogue, Segment, depends_on_broken
from include.segment.definition import Definition
from include.warehouse import memory
from include.warehouse.binding import BINDING_ERRORS, explain
from include.warehouse.connection import run

logger = logging.getLogger(__name__)

_PREFIX = "create or replace temp table selected as select distinct subscriber_id::varchar as subscriber_id from (\n"
"""One line, on which the lines in DuckDB's messages depend. Distinct bounds what a result of many rows takes."""

_DEFINITION_ERRORS = (
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
)
"""DuckDB errors that a definition causes. Any other error, such as a full disk or a damaged file, fails the task."""


def select_members(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, as_of: datetime, seconds: float, segment_run: str = ""
) -> tuple[list[Segment], dict[str, ConfigurationError]]:
    """Fill `selected_members`: who is selected, with the bit of each segment, whose place is in `places`.

    Returns the segments built, and the errors of the others by name.
    """
    built: list[Segment] = []
    broken = dict(catalogue.broken)
    names = [str(segment.name) for segment in catalogue.segments]
    run(connection, "segment", "places_create", {"segment_run": segment_run, "wanted": names})
    run(connection, "segment", "selected_members_create")
    run(connection, "segment", "selected_membership_create")
    scanned = _scan(connection, catalogue, as_of, seconds)
    for segment in catalogue.segments:
        try:
            if str(segment.name) not in scanned:
                _require_bases(segment, broken)
                _select(connection, segment, as_of, seconds)
            built.append(segment)
        except ConfigurationError as error:
            broken[str(segment.name)] = error
    for name, reason in broken.items():
        logger.error("segment %s is broken: %s", name, reason)
    return built, broken


def _scan(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, as_of: datetime, seconds: float) -> set[str]:
    """Select the segments that share a scan; none if one of them fails, which its own statement then says."""
    try:
        with _time_limit(connection, seconds):
            return shared_scan.scan(connection, catalogue.segments, as_of)
    except (duckdb.InterruptException, duckdb.OutOfMemoryException, *_DEFINITION_ERRORS):
        logger.warning("the segments do not share a scan: one of them fails, and each is built by itself")
        run(connection, "segment", "selected_members_create")
        return set()


def _require_bases(segment: Segment, broken: Mapping[str, ConfigurationError]) -> None:
    for base, reference in zip(segment.reads, segment.definition.reads, strict=True):
        if str(base) in broken:
            raise depends_on_broken(segment.definition, reference)


def _select(connection: duckdb.DuckDBPyConnection, segment: Segment, as_of: datetime, seconds: float) -> None:
    """Insert the members of one segment into `selected_members`, within the limits."""
    definition, statement = segment.definition, f"{_PREFIX}{segment.statement()}\n)"
    try:
        with _time_limit(connection, seconds):
            connection.execute(statement, segment.bind(as_of, statement) or None)
    except duckdb.InterruptException:
        what = f"took longer than {seconds:g} s."
        remedy = "Join on subscriber_id, select fewer rows, or read segment.features."
        raise ConfigurationError(what, where=definition.location(), remedy=remedy) from None
    except duckdb.OutOfMemoryException:
        what = f"needs more than the {memory.limit() / 1e6:,.0f} MB of memory, and their spilled rows, that it may use."
        remedy = f"Join on subscriber_id and group less; or set {memory.SETTING} to a higher value."
        raise ConfigurationError(what, where=definition.location(), remedy=remedy) from None
    except _DEFINITION_ERRORS as error:
        raise _query_error(definition, error) from None
    run(connection, "segment", "selected_members_insert", {"segment": str(segment.name)})


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
    """What is wrong with the query's text; else the kind of error only, since a message may quote values."""
    what, line, remedy = f"fails when it runs ({type(error).__name__}).", 2, "Fix the query."
    if isinstance(error, BINDING_ERRORS):
        what, line, remedy = explain(error)
    return ConfigurationError(what, where=definition.location(max(line - 1, 1)), remedy=remedy)
