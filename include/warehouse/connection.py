"""The warehouse: one DuckDB file, one writer at a time, all set logic in SQL files.

Tasks that open it run in the Airflow pool `warehouse`, which has one slot; DuckDB's own file lock is the second guard.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from include.core import sqlfile
from include.core.errors import WarehouseBusy
from include.core.paths import DataPaths
from include.warehouse import keys, memory, migrations

WAIT_SECONDS = 60


@contextmanager
def open_warehouse(paths: DataPaths, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the working file for reading and writing, with every schema, table and macro in place.

    Waits up to `wait_seconds` for another writer, then raises `WarehouseBusy` (retryable). Whatever runs out of memory
    while it is open raises `WarehouseOutOfMemory`.
    """
    paths.warehouse.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(paths, wait_seconds)
    try:
        with memory.explained(str(paths.warehouse)):
            _sweep(paths.spill)
            configure(connection, paths.spill)
            prepare(connection)
            yield connection
    finally:
        connection.close()


def configure(connection: duckdb.DuckDBPyConnection, spill: Path | None = None) -> None:
    """The settings under which every statement runs: UTC, bounded memory, no progress bar."""
    connection.execute("set timezone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    memory.apply(connection, spill)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring an empty or older warehouse to the schema of this code, whole or not at all; one from a newer code is refused.

    Raises `ConfigurationError`. A current one costs two queries.
    """
    pending, constrained = migrations.pending(connection), keys.constrained(connection)
    if pending or constrained:
        with transaction(connection):
            keys.drop(connection, constrained)
            if pending:
                migrations.apply(connection, pending)


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
    with memory.explained(f"include/sql/{stage}/{name}.sql"):
        return connection.execute(file.statement, bound) if bound else connection.execute(file.statement)


def fetch(connection: duckdb.DuckDBPyConnection, stage: str, name: str, params: Mapping[str, Any] | None = None) -> pa.Table:
    """Run a query file and return its rows as an Arrow table. For small results; stream the large ones."""
    return run(connection, stage, name, params).to_arrow_table()


def keep(
    connection: duckdb.DuckDBPyConnection, table: str, stage: str, name: str, params: Mapping[str, Any] | None = None
) -> None:
    """Run a query file into the temporary table `table`, for results that may be large: DuckDB spills them."""
    file = sqlfile.load(stage, name)
    bound = {param: (params or {})[param] for param in file.params}
    with memory.explained(f"include/sql/{stage}/{name}.sql"):
        connection.execute(f"create or replace temp table {table} as\n{file.statement}", bound)


def replace_table(
    connection: duckdb.DuckDBPyConnection, table: str, stage: str, name: str, params: Mapping[str, Any] | None = None
) -> None:
    """Replace all rows of `table` by those that the insert file brings. Within the caller's transaction."""
    connection.execute(f"delete from {table}")
    run(connection, stage, name, params)


def _sweep(spill: Path) -> None:
    """Remove what a killed task spilled. Whoever comes here holds the file's lock, so nobody else is spilling."""
    shutil.rmtree(spill, ignore_errors=True)


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
