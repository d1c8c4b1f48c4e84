"""The warehouse: one DuckDB file, one writer at a time, all set logic in SQL files.

Tasks that open it run in the Airflow pool `warehouse`, which has one slot; DuckDB's own file lock is the second guard.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from include.core import sqlfile
from include.core.errors import WarehouseBusy
from include.core.paths import DataPaths

WAIT_SECONDS = 60
MEMORY_LIMIT = "1200MB"


@contextmanager
def open_warehouse(paths: DataPaths, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the working file for reading and writing, with every schema, table and macro in place.

    Waits up to `wait_seconds` for another writer, then raises `WarehouseBusy` (retryable).
    """
    paths.warehouse.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(paths, wait_seconds)
    try:
        configure(connection)
        prepare(connection)
        yield connection
    finally:
        connection.close()


def configure(connection: duckdb.DuckDBPyConnection) -> None:
    """The settings under which every statement runs: UTC, bounded memory, no progress bar."""
    connection.execute("set timezone = 'UTC'")
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("set enable_progress_bar = false")


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is not there: `include/sql/warehouse/*.sql`, in the order of their numbers. Idempotent."""
    for file in sqlfile.folder("warehouse"):
        connection.execute(file.statement)


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """All or nothing."""
    connection.begin()
    try:
        yield connection
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def run(
    connection: duckdb.DuckDBPyConnection, stage: str, name: str, params: Mapping[str, Any] | None = None
) -> duckdb.DuckDBPyConnection:
    """Run `include/sql/<stage>/<name>.sql` with exactly the parameters that its header declares.

    `params` may hold more than the file needs; one that is missing is a KeyError that names it.
    """
    file = sqlfile.load(stage, name)
    bound = {param: (params or {})[param] for param in file.params}
    return connection.execute(file.statement, bound) if bound else connection.execute(file.statement)


def fetch(connection: duckdb.DuckDBPyConnection, stage: str, name: str, params: Mapping[str, Any] | None = None) -> pa.Table:
    """Run a query file and return its rows as an Arrow table. For small results; stream the large ones."""
    return run(connection, stage, name, params).to_arrow_table()


def _connect(paths: DataPaths, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return duckdb.connect(str(paths.warehouse))
        except duckdb.IOException as error:
            if "lock" not in str(error).lower():
                raise
            if time.monotonic() > deadline:
                raise WarehouseBusy(
                    f"another process has held the warehouse for {wait_seconds:.0f} s.",
                    where=str(paths.warehouse),
                    remedy="Only one task writes at a time (pool 'warehouse'); close any other program that has it open.",
                ) from None
            time.sleep(0.25)
