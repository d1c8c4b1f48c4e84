"""Reads the warehouse without writing to it, beside the tasks that do.

DuckDB locks its file: one process writes, or several read. A reader therefore holds the file for as short as it can, and a
task that wants to write waits for it (`open_warehouse`), as for another task.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from include.core.errors import ConfigurationError, WarehouseBusy
from include.core.paths import DataPaths
from include.warehouse.connection import configure, prepare, transaction

PRIVATE = ("core.suppressions", "core.consent_answers", "core.schema_history")
"""Tables of the reader itself: the first two are replaced from the ledger by whoever selects an audience."""
_TABLES = """
select concat(schema_name, '.', table_name)
from duckdb_tables()
where database_name = 'memory' and not temporary
"""
_MARTS = """
select concat(schema_name, '.', table_name)
from duckdb_tables()
where
    database_name = 'stored' and schema_name = 'marts'
    and table_name not in (select table_name from duckdb_tables() where database_name = 'memory' and schema_name = 'marts')
"""
"""The marts that nightly analytics creates; the warehouse's versions do not know them."""


@contextmanager
def read_warehouse(paths: DataPaths, *, wait_seconds: float = 1.0) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection on which all SQL files of the warehouse work, and whose writes stay in memory.

    Its tables are views of the file, except `PRIVATE`, which are empty. Raises `WarehouseBusy` if a task has held the file
    for `wait_seconds`, and `ConfigurationError` if there is no file yet, or one of another version.
    """
    if not paths.warehouse.is_file():
        raise ConfigurationError("there is no warehouse yet.", where=str(paths.warehouse), remedy="Run the pipeline first.")
    connection = duckdb.connect()
    try:
        configure(connection)
        prepare(connection)
        _attach(connection, paths, wait_seconds)
        _show_tables(connection, paths)
        yield connection
    finally:
        connection.close()


def _attach(connection: duckdb.DuckDBPyConnection, paths: DataPaths, wait_seconds: float) -> None:
    file, deadline = str(paths.warehouse).replace("'", "''"), time.monotonic() + wait_seconds
    while True:
        try:
            connection.execute(f"attach '{file}' as stored (read_only)")
            return
        except duckdb.IOException as error:
            if "lock" not in str(error).lower():
                raise
            if time.monotonic() > deadline:
                raise WarehouseBusy("a task is writing to it.", where="warehouse", remedy="Try again.") from None
            time.sleep(0.1)


def _show_tables(connection: duckdb.DuckDBPyConnection, paths: DataPaths) -> None:
    """Replace the reader's empty tables by views of those in the file."""
    versions = "select list_sort(list(version)) from {}core.schema_history where version is not null"
    stored, known = (connection.execute(versions.format(name)).fetchall() for name in ("stored.", "memory."))
    if stored != known:
        raise ConfigurationError(
            "was written by another version of Tradewind.", where=str(paths.warehouse), remedy="Run any DAG that uses it."
        )
    marts = [mart for (mart,) in connection.execute(_MARTS).fetchall()]
    tables = [table for (table,) in connection.execute(_TABLES).fetchall() if table not in PRIVATE]
    views = [f"create view {name} as from stored.{name}" for name in (*tables, *marts)]
    with transaction(connection):
        connection.execute(";".join([*(f"drop table {table}" for table in tables), *views]))
