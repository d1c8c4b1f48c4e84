"""Runs queries that marketers wrote: without access to files and network, and within a time limit."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb

from include.core.errors import ConfigurationError

SECONDS = 60.0
"""A query that takes longer is interrupted, since the warehouse has one writer."""

_ERRORS = (
    duckdb.ProgrammingError,
    duckdb.DataError,
    duckdb.NotSupportedError,
    duckdb.PermissionException,
    duckdb.OutOfMemoryException,
)
"""DuckDB errors that a query causes. Any other error, such as a full disk or a damaged file, fails the task."""


def lock_down(connection: duckdb.DuckDBPyConnection) -> None:
    """Deny access to files and network until the connection is closed."""
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def materialize(
    connection: duckdb.DuckDBPyConnection, table: str, statement: str, params: Mapping[str, Any], *, where: str
) -> None:
    """Write the result of a checked query to the temporary table `table`.

    Raises `ConfigurationError` with the query's place if it fails or takes longer than `SECONDS`.
    """
    try:
        with _time_limit(connection, SECONDS):
            connection.execute(f"create or replace temp table {table} as\n{statement}", dict(params) or None)
    except duckdb.InterruptException:
        raise ConfigurationError(f"took longer than {SECONDS:g} s.", where=where, remedy="Simplify it.") from None
    except _ERRORS as error:
        raise ConfigurationError(_text(error), where=where, remedy="Fix the query.") from None


def _text(error: duckdb.Error) -> str:
    """DuckDB's message if it names tables and columns only; else the kind of error, since a message may quote values."""
    if isinstance(error, (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)):
        return str(error).splitlines()[0]
    return f"fails when it runs ({type(error).__name__})."


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
