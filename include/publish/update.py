"""Writes a published file as a copy of the last one, in which only the rows are replaced that changed since.

What a build replaced in the marts is in build.unpublished; other marts are compared with the last manifest.
The rows to write go to a database of their own first, `changed`, where they are checked for personal data, and then into the
copy. The hash of a table's content is a sum over its rows, so that of the new table is the old one, less the rows that were
removed, plus those that were inserted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from include.core import sqlfile
from include.core.errors import PublishError
from include.core.paths import SQL, DataPaths
from include.publish import contents, snapshot
from include.publish.contents import TableContents, Tables
from include.publish.snapshot import FILE, Manifest
from include.warehouse.connection import fetch, run, transaction
from include.warehouse.mart_keys import rebuild_of

log = logging.getLogger(__name__)

MAX_UPDATES = 30
"""After so many files in a row that are copies, one is written whole."""
MAX_GROWTH, SLACK_BYTES = 1.5, 64_000_000
"""A copy that would be larger than this many times its whole size, and these bytes, is written whole: replaced rows stay in
the file until then."""
_KEYS = "select key from build.unpublished where mart = '{name}'"


@dataclass(frozen=True)
class Change:
    """A mart whose rows are written: all of them, or those with a key of build.unpublished."""

    name: str
    key: str | None

    @property
    def quoted(self) -> str:
        """The name as an identifier."""
        return '"' + self.name.replace('"', '""') + '"'

    @property
    def condition(self) -> str:
        """The rows that are written."""
        return f"{self.key} in ({_KEYS.format(name=self.name)})" if self.key else "true"


def base(connection: duckdb.DuckDBPyConnection, paths: DataPaths) -> tuple[Path, Manifest] | None:
    """The build that a new file can be a copy of, with its manifest; None if the new file has to be written whole.

    A damaged file is not copied: of a copy only the rows that changed are read back, so the damage would stay in it.
    """
    build = snapshot.current_build(paths)
    known = fetch(connection, "publish", "published_build")["build"].to_pylist()
    if build is None or known != [build.name]:
        return None
    with suppress(PublishError):
        manifest = snapshot.read_manifest(build)
        if contents.sha256(build / FILE) == manifest["sha256"]:
            return (build, manifest) if _is_small(manifest) else None
        log.warning("The file of build %s is damaged: the next one is written whole.", build.name)
    return None


def _is_small(manifest: Manifest) -> bool:
    whole = manifest.get("whole")
    if whole is None or whole["copies"] >= MAX_UPDATES:
        return False
    growth = max(1.0, total_rows(manifest["tables"]) / max(whole["rows"], 1))
    return manifest["bytes"] <= MAX_GROWTH * growth * whole["bytes"] + SLACK_BYTES


def total_rows(tables: Tables) -> int:
    """The rows of all tables."""
    return sum(table["rows"] for table in tables.values())


def find_changes(connection: duckdb.DuckDBPyConnection, warehouse: str, before: Tables) -> list[Change]:
    """The marts that differ from the last build, each with the key by which its rows are replaced, if only some changed."""
    columns = contents.columns(connection, warehouse)
    noted = {row["mart"]: row for row in fetch(connection, "publish", "unpublished").to_pylist()}
    unnoted = [name for name in columns if name not in noted]
    described = contents.describe(connection, warehouse, only=unnoted)
    changes = []
    for name, types in columns.items():
        known = before.get(name)
        if known is None or known["columns"] != types:
            changes.append(Change(name, None))
        elif name in noted:
            changes += _noted(name, whole=noted[name]["is_whole"], keys=noted[name]["keys"])
        elif name not in described or not contents.same(described[name], known):
            changes.append(Change(name, None))
    return changes


def _noted(name: str, *, whole: bool, keys: int) -> list[Change]:
    way = rebuild_of(sqlfile.read(SQL / "analyze" / f"{name}.sql"))
    if whole or (keys and not way.by):
        return [Change(name, None)]
    return [Change(name, way.key)] if keys else []


@contextmanager
def changed_rows(connection: duckdb.DuckDBPyConnection, folder: Path, changes: list[Change]) -> Iterator[Tables]:
    """The rows to write in the attached database `changed`, which is removed afterwards; yields what is in it."""
    file = folder / "changed.duckdb"
    literal = str(file).replace("'", "''")
    connection.execute(f"attach '{literal}' as changed")
    try:
        connection.execute("create schema changed.marts")
        for change in changes:
            selected = f"select * from marts.{change.quoted} where {change.condition}"
            connection.execute(f"create table changed.marts.{change.quoted} as {selected}")
        yield contents.describe(connection, "changed")
    finally:
        with suppress(duckdb.Error):  # After a failed write detach fails too; the first error is raised.
            connection.execute("detach changed")
        file.unlink(missing_ok=True)
        file.with_name("changed.duckdb.wal").unlink(missing_ok=True)


def apply(connection: duckdb.DuckDBPyConnection, changes: list[Change], found: Tables, before: Tables) -> Tables:
    """Replace the changed rows in the attached copy `published`, within the caller's transaction; returns its tables.

    Raises `PublishError` if what is read back from the copy differs from what was written.
    """
    tables: Tables = {name: {**table, "written": "kept"} for name, table in before.items()}
    for change in changes:
        if change.key:
            tables[change.name] = _replace_keys(connection, change, found[change.name], before[change.name])
        else:
            tables[change.name] = _replace_table(connection, change, found[change.name])
    return tables


def _replace_keys(
    connection: duckdb.DuckDBPyConnection, change: Change, found: TableContents, before: TableContents
) -> TableContents:
    table = f"published.marts.{change.quoted}"
    removed, removed_hash = _rows_and_hash(connection, table, change.condition)
    last_row = connection.execute(f"select coalesce(max(rowid), -1) from {table}").fetchall()[0][0]
    _delete(connection, table, change.condition)
    connection.execute(f"insert into {table} by name from changed.marts.{change.quoted}")
    rows, content_hash = _rows_and_hash(connection, table, f"rowid > {last_row}")  # Rows are appended: no search by key.
    _require_equal(change.name, (rows, str(content_hash)), (found["rows"], found["content_hash"]))
    whole_hash = int(before["content_hash"]) - removed_hash + content_hash
    return {**before, "rows": before["rows"] - removed + rows, "content_hash": str(whole_hash), "written": "keys"}


def _delete(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> None:
    connection.execute(f"delete from {table} where {condition}")


def _replace_table(connection: duckdb.DuckDBPyConnection, change: Change, found: TableContents) -> TableContents:
    table = f"published.marts.{change.quoted}"
    connection.execute(f"create or replace table {table} as from changed.marts.{change.quoted}")
    rows, content_hash = _rows_and_hash(connection, table, "true")
    _require_equal(change.name, (rows, str(content_hash)), (found["rows"], found["content_hash"]))
    return {**found, "written": "whole"}


def _rows_and_hash(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> tuple[int, int]:
    content = "coalesce(sum((md5_number(to_json(marts_row)::varchar) >> 64)::ubigint), 0)"  # as in count_statements.sql
    query = f"select count(*), {content} from (from {table} where {condition}) as marts_row"
    rows, content_hash = connection.execute(query).fetchall()[0]
    return rows, int(content_hash)


def _require_equal(name: str, copy: tuple[int, str], source: tuple[int, str]) -> None:
    if copy != source:
        raise PublishError(f"differs from its source: {name}.", where="marts", remedy="Run the task again.")


def mark_published(connection: duckdb.DuckDBPyConnection, build: str) -> None:
    """Record that the marts are published with this build. Called before it becomes the current one.

    A publish that is killed in between leaves another current build than is recorded, and the next file is written whole.
    """
    with transaction(connection):
        connection.execute("delete from build.unpublished")
        connection.execute("delete from build.published")
        run(connection, "publish", "published_build_insert", {"build": build})
