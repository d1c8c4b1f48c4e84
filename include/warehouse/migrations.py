"""The warehouse's schema: numbered forward migrations in `include/sql/warehouse`, recorded in `core.schema_history`.

A file that begins with `create or replace` is *repeatable*: a view or macro, which is edited in place and replaced when its
text changed. Every other file is *versioned*: it runs once, in the order of the numbers, and is not edited once released.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import duckdb

from include.core import sqlfile
from include.core.errors import ConfigurationError
from include.core.sqlfile import SqlFile


@dataclass(frozen=True)
class Migration:
    """A file of `include/sql/warehouse`. `version` is null for a repeatable one, `checksum` for a versioned one."""

    file: SqlFile
    version: int | None
    checksum: str | None


def pending(connection: duckdb.DuckDBPyConnection) -> list[Migration]:
    """What is to run, in order; empty where the warehouse is current.

    Raises `ConfigurationError` where the warehouse has a version that this code does not know.
    """
    known = [_migration(file) for file in sqlfile.folder("warehouse")]
    versions, checksums = _applied(connection)
    if newer := versions - {each.version for each in known}:
        raise _refusal(connection, max(newer), max(each.version or 0 for each in known))
    return [each for each in known if _is_due(each, versions, checksums)]


def apply(connection: duckdb.DuckDBPyConnection, migrations: list[Migration]) -> None:
    """Run and record them, in the caller's transaction."""
    for each in migrations:
        connection.execute(each.file.statement)
    _record(connection, migrations)


def _record(connection: duckdb.DuckDBPyConnection, migrations: list[Migration]) -> None:
    """By literals, from our own files' names: the first parameter that is bound makes DuckDB import pandas, for seconds."""
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
    """The versions and the checksums by name; none where the file is empty, or of an edition before versions."""
    try:
        rows = connection.execute("select version, name, checksum from core.schema_history").fetchall()
    except duckdb.CatalogException:
        return set(), {}
    return {version for version, _, _ in rows if version is not None}, {name: checksum for _, name, checksum in rows}


def _refusal(connection: duckdb.DuckDBPyConnection, newest: int, known: int) -> ConfigurationError:
    database = "select coalesce(path, database_name) from duckdb_databases() where database_name = current_database()"
    return ConfigurationError(
        f"has schema version {newest}, and this code knows versions up to {known}: it is from a newer Tradewind. "
        "Nothing in it was changed.",
        where=f"warehouse {connection.execute(database).fetchall()[0][0]}",
        remedy="Upgrade the code, or name another data folder in TRADEWIND_DATA.",
    )
