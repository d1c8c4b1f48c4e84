"""The warehouse: one DuckDB file with one writer at a time; all set logic is in SQL files.

Tasks that open it run in the Airflow pool `warehouse`, which has one slot. DuckDB's file lock is the second safeguard.
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
from include.warehouse import constraints, memory, migrations

WAIT_SECONDS = 60


@contextmanager
def open_warehouse(paths: DataPaths, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse file for reading and writing, migrated to the current schema.

    Waits up to `wait_seconds` for another writer, then raises `WarehouseBusy` (retryable). A statement that runs out of
    memory raises `WarehouseOutOfMemory`.
    """
    paths.warehouse.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(paths, wait_seconds)
    try:
        with memory.explain_out_of_memory(str(paths.warehouse)):
            _remove_spilled_files(paths.spill)
            configure(connection, paths.spill)
            prepare(connection)
            yield connection
    finally:
        connection.close()


def configure(connection: duckdb.DuckDBPyConnection, spill: Path | None = None) -> None:
    """Set UTC, the memory limits, and no progress bar."""
    _configure_session(connection)
    memory.apply_limits(connection, spill)


def _configure_session(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("set timezone = 'UTC'")
    connection.execute("set enable_progress_bar = false")


@contextmanager
def second_session(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Another session on the open warehouse, for another thread: it sees what is committed and no temporary table."""
    database = connection.execute("select current_database()").fetchone()
    assert database is not None
    with connection.cursor() as session:
        session.execute(f'use "{database[0]}"')
        _configure_session(session)
        yield session


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Migrate an empty or older warehouse to the schema of this code, in one transaction. Two queries if it is current.

    Raises `ConfigurationError` if the warehouse was written by newer code.
    """
    pending, constrained = migrations.pending(connection), constraints.constrained_tables(connection)
    if pending or constrained:
        with transaction(connection):
            constraints.drop_constraints(connection, constrained)
            if pending:
                migrations.apply(connection, pending)


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Commit on success, roll back on any exception."""
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
    """Run `include/sql/<stage>/<name>.sql` with the parameters that its header declares.

    `params` may contain others too; a missing one without a default raises KeyError.
    """
    file = sqlfile.load(stage, name)
    bound = file.bind(params)
    with memory.explain_out_of_memory(f"include/sql/{stage}/{name}.sql"):
        return connection.execute(file.statement, bound) if bound else connection.execute(file.statement)


def fetch(connection: duckdb.DuckDBPyConnection, stage: str, name: str, params: Mapping[str, Any] | None = None) -> pa.Table:
    """Run a query file and return its rows as an Arrow table. For small results; stream large ones."""
    return run(connection, stage, name, params).to_arrow_table()


def materialize(
    connection: duckdb.DuckDBPyConnection, table: str, stage: str, name: str, params: Mapping[str, Any] | None = None
) -> None:
    """Write the result of a query file to the temporary table `table`. For large results: DuckDB spills them to disk."""
    file = sqlfile.load(stage, name)
    bound = file.bind(params)
    with memory.explain_out_of_memory(f"include/sql/{stage}/{name}.sql"):
        connection.execute(f"create or replace temp table {table} as\n{file.statement}", bound)


def replace_table(
    connection: duckdb.DuckDBPyConnection, table: str, stage: str, name: str, params: Mapping[str, Any] | None = None
) -> None:
    """Delete all rows of `table`, then run the insert file. Within the caller's transaction."""
    connection.execute(f"delete from {table}")
    run(connection, stage, name, params)


def _remove_spilled_files(spill: Path) -> None:
    """Remove files that a killed task spilled. The caller holds the warehouse's lock, so no other process is spilling."""
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
