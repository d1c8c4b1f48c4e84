"""Publish: write schema marts to a new file, check it, and rename it into place.

The file is a copy of the last one in which the changed rows are replaced (`update`), or is written whole.

If the process is killed at any point, readers have the previous build or the new one, each with its own manifest; the next
publish removes the leftovers.
"""

from __future__ import annotations

import json
import logging
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import duckdb

from include.core import clock
from include.core.durable import copy_file, sync_file, sync_folder, write_durably
from include.core.errors import PublishError
from include.core.paths import SQL, DataPaths
from include.publish import contents, links, snapshot, update
from include.publish.contents import Tables
from include.publish.snapshot import FILE, MANIFEST, BuildSummary, Manifest, Whole
from include.warehouse.comments import apply_comments
from include.warehouse.connection import fetch, open_warehouse, run, transaction

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
COMMENTS = SQL / "publish" / "comments.yaml"
HASH = "sum over rows of the lower 64 bits of md5(to_json(row))"
STORAGE_VERSION = "v1.0.0"
"""The format of the file, which DuckDB from 1.0 on reads. Set explicitly, since the default grows with DuckDB's versions."""
Base = tuple[Path, Manifest]
"""A build that the new file is a copy of, with its manifest."""
WRITE_FAILED = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)


def publish(paths: DataPaths, *, whole: bool = False) -> Manifest:
    """Build, check and publish schema marts; returns the manifest.

    The file is a copy of the last one in which the rows are replaced that changed since, or with `whole` written anew.

    Raises `PublishError` if there are no marts, a table or column has no comment, a value looks like an address or a name,
    the copy differs from its source, or the file cannot be written; the previous file stays published. Raises
    `WarehouseBusy`.
    """
    built_at = clock.now()
    name = f"{built_at:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
    with open_warehouse(paths) as connection:
        try:
            links.remove_leftovers(paths)
            build = paths.published / "builds" / name
            base = None if whole else update.base(connection, paths)
            manifest = _publish(connection, paths, build, built_at, base)
            run(connection, "publish", "publications_insert", {"build": name, "published_at": clock.now()})
            links.remove_leftovers(paths)
        except (OSError, *WRITE_FAILED) as error:
            raise PublishError(
                f"the file could not be written ({type(error).__name__}).",
                where=str(paths.published),
                remedy="Free some disk space and run the task again. What was published before is still in place.",
            ) from error
    return manifest


def _publish(
    connection: duckdb.DuckDBPyConnection, paths: DataPaths, build: Path, built_at: datetime, base: Base | None
) -> Manifest:
    build.mkdir(parents=True)
    try:
        tables = _copy_file(connection, build, built_at, base) if base else _write_file(connection, build, built_at)
        manifest = _manifest(paths, build, built_at, tables, base)
        write_durably(build / MANIFEST, json.dumps(manifest, indent=2).encode())
        sync_folder(build.parent)
    except BaseException:
        shutil.rmtree(build, ignore_errors=True)
        raise
    update.mark_published(connection, build.name)
    links.point_to(paths, build)
    links.keep_as_last_of_day(paths, build, built_at)
    kind = "a copy of the last one with what changed" if base else "written whole"
    log.info("Published build %s (%s): %d tables, %d bytes.", build.name, kind, len(tables), manifest["bytes"])
    return manifest


def _write_file(connection: duckdb.DuckDBPyConnection, build: Path, built_at: datetime) -> Tables:
    """Write the whole file."""
    options = f"(storage_version '{STORAGE_VERSION}')"
    with _attached(connection, build, options), transaction(connection):  # one commit, not one for each of 200 comments
        connection.execute("create schema published.marts")
        connection.execute("create schema published.about")
        _execute_all(connection, "copy_statements")
        _describe(connection, build.name, built_at)
        tables = contents.check(connection)
        _record(connection, tables)
    return tables


def _copy_file(connection: duckdb.DuckDBPyConnection, build: Path, built_at: datetime, base: Base) -> Tables:
    """Copy the last file and replace what changed."""
    before = base[1]["tables"]
    warehouse = str(connection.execute("select current_database()").fetchall()[0][0])
    changes = update.find_changes(connection, warehouse, before)
    with update.changed_rows(connection, build, changes) as found:
        contents.check_no_addresses(connection, "changed")
        named = contents.named_columns(connection, "changed")
        copy_file(base[0] / FILE, build / FILE)
        with _attached(connection, build), transaction(connection):
            tables = update.apply(connection, changes, found, before)
            _drop_others(connection, warehouse, tables)
            _describe(connection, build.name, built_at)
            contents.check_update(connection, tables)
            if named:  # A name may fill a small part of a column, and that part be what changed.
                contents.check_no_names(contents.named_columns(connection, "published"))
            _record(connection, tables)
    return tables


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, build: Path, options: str = "") -> Iterator[None]:
    """The file of the build as database `published`; durable, and without a write-ahead log, at the end."""
    literal = str(build / FILE).replace("'", "''")
    connection.execute(f"attach '{literal}' as published {options}")
    try:
        yield
        connection.execute("checkpoint published")
    finally:
        with suppress(duckdb.Error):  # After a failed write detach fails too; the first error is raised.
            connection.execute("detach published")
    if (build / f"{FILE}.wal").exists():
        raise PublishError("a write-ahead log was left beside the file.", where=str(build), remedy="Run the task again.")
    sync_file(build / FILE)


def _drop_others(connection: duckdb.DuckDBPyConnection, warehouse: str, tables: Tables) -> None:
    """Drop the tables that are no marts any more."""
    for name in set(tables) - set(contents.columns(connection, warehouse)):
        quoted = name.replace('"', '""')
        connection.execute(f'drop table published.marts."{quoted}"')
        del tables[name]


def _execute_all(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    for statement in fetch(connection, "publish", name)["statement"].to_pylist():
        connection.execute(statement)


def _describe(connection: duckdb.DuckDBPyConnection, build: str, built_at: datetime) -> None:
    """Write the comments, and which build the file is."""
    _execute_all(connection, "comment_statements")
    run(connection, "publish", "about_build", {"schema_version": SCHEMA_VERSION, "build": build, "built_at": built_at})
    run(connection, "publish", "about_tables")
    apply_comments(connection, "published.about", COMMENTS)


def _record(connection: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    for name, table in tables.items():
        run(
            connection,
            "publish",
            "about_table",
            {"table_name": name, "row_count": table["rows"], "content_hash": table["content_hash"]},
        )


def _manifest(paths: DataPaths, build: Path, built_at: datetime, tables: Tables, base: Base | None) -> Manifest:
    before, size = snapshot.current_build(paths), (build / FILE).stat().st_size
    whole: Whole = {"copies": 0, "bytes": size, "rows": update.total_rows(tables)}
    if base and "whole" in base[1]:
        whole = {**base[1]["whole"], "copies": base[1]["whole"]["copies"] + 1}
    return {
        "whole": whole,
        "schema_version": SCHEMA_VERSION,
        "build": build.name,
        "built_at": built_at.isoformat(timespec="seconds"),
        "duckdb_version": duckdb.__version__,
        "hash": HASH,
        "bytes": size,
        "sha256": contents.sha256(build / FILE),
        "tables": tables,
        "previous": _summary(before) if before else None,
    }


def _summary(build: Path) -> BuildSummary | None:
    """The entry for this build in the next manifest; None if its manifest is unreadable, which must not stop a new build."""
    try:
        manifest = snapshot.read_manifest(build)
    except PublishError:
        log.warning("Build %s has no readable manifest; publishing a new one.", build.name)
        return None
    return {
        "build": manifest["build"],
        "built_at": manifest["built_at"],
        "sha256": manifest["sha256"],
        "bytes": manifest["bytes"],
    }
