"""The warehouse's schema: numbered forward migrations in `include/sql/warehouse`, recorded in `core.schema_history`.

A file that starts with `create or replace` is *repeatable*: a view or macro, which is edited in place and replaced when its
text changes. Every other file is *versioned*: it runs once, in the order of the numbers, and does not change once released.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import duckdb

from include.core import sqlfile
from include.core.errors import NewerData
from include.core.sqlfile import SqlFile


@dataclass(frozen=True)
class Migration:
    """A file of `include/sql/warehouse`. `version` is None if it is repeatable, `checksum` if it is versioned."""

    file: SqlFile
    version: int | None
    checksum: str | None


def pending(connection: duckdb.DuckDBPyConnection) -> list[Migration]:
    """The migrations to run, in order; empty if the warehouse is current.

    Raises `NewerData` if the warehouse has a version that this code does not know.
    """
    known = [_migration(file) for file in sqlfile.folder("warehouse")]
    versions, checksums = _applied(connection)
    if newer := versions - {each.version for each in known}:
        raise _newer_warehouse(connection, max(newer), max(each.version or 0 for each in known))
    return [each for each in known if _is_due(each, versions, checksums)]


def apply(connection: duckdb.DuckDBPyConnection, migrations: list[Migration]) -> None:
    """Run and record the migrations, in the caller's transaction."""
    for each in migrations:
        connection.execute(each.file.statement)
    _record(connection, migrations)


def _record(connection: duckdb.DuckDBPyConnection, migrations: list[Migration]) -> None:
    """Uses literals (names of our own files): with the first bound parameter DuckDB imports pandas, which takes seconds."""
    names = ", ".join(f"'{each.file.name}'" for each in migrations)
    rows = [
        (each.version or "null", each.file.name, f"'{each.checksum}'" if each.checksum else "null") for each in migrations
    ]
    values = ", ".join(f"({version}, '{name}', {checksum}, now())" for version, name, checksum in rows)
    connection.execute(f"delete from core.schema_history where name in ({names})")
    connection.execute(f"insert into core.schema_history values {values}")


def _migration(file: SqlFile) -> Migration:
    if file.statement.startswith("create or replace"):
        return Migration(file, None, hashlib.sha256(file.statement.encode()).hexdigest())
    return Migration(file, int(file.name.split("_")[0]), None)


def _is_due(migration: Migration, versions: set[int], checksums: dict[str, str]) -> bool:
    if migration.version is not None:
        return migration.version not in versions
    return checksums.get(migration.file.name) != migration.checksum


def _applied(connection: duckdb.DuckDBPyConnection) -> tuple[set[int], dict[str, str]]:
    """Versions and checksums by name; none if the warehouse is empty or older than core.schema_history."""
    try:
        rows = connection.execute("select version, name, checksum from core.schema_history").fetchall()
    except duckdb.CatalogException:
        return set(), {}
    return {version for version, _, _ in rows if version is not None}, {name: checksum for _, name, checksum in rows}


def _newer_warehouse(connection: duckdb.DuckDBPyConnection, newest: int, known: int) -> NewerData:
    database = "select coalesce(path, database_name) from duckdb_databases() where database_name = current_database()"
    return NewerData(
        f"has schema version {newest}, and this code knows versions up to {known}: it is from a newer Tradewind. "
        "Nothing in it was changed.",
        where=f"warehouse {connection.execute(database).fetchall()[0][0]}",
        remedy="Upgrade the code, or name another data folder in TRADEWIND_DATA.",
    )
