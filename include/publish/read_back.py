"""Read the published file as an analyst would, and compare it with its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

import duckdb

from include.core.errors import PublishError
from include.core.paths import DataPaths
from include.publish import contents, snapshot
from include.publish.contents import TableContents, Tables
from include.publish.snapshot import FILE, Manifest
from include.warehouse.connection import fetch

REMEDY = "Run the task publish again; until then read analytics.previous.duckdb."


class Verified(TypedDict):
    """The published build, its numbers of tables and rows, and the bytes of its file."""

    build: str
    tables: int
    rows: int
    bytes: int


def verify(paths: DataPaths) -> Verified:
    """Check size, hash, tables, row counts, content and comments of the published file.

    Raises `PublishError` for the first difference.
    """
    build = snapshot.require_build(paths)
    manifest = snapshot.read_manifest(build)
    _check_file(paths, build, manifest)
    with snapshot.open_build(build) as connection:
        tables = _check_content(connection, manifest)
    return {
        "build": manifest["build"],
        "tables": len(tables),
        "rows": sum(table["rows"] for table in tables.values()),
        "bytes": manifest["bytes"],
    }


def _check_file(paths: DataPaths, build: Path, manifest: Manifest) -> None:
    stray = [*paths.published.glob("*.wal"), *build.glob("*.wal")]
    _require(not stray, paths.published, "a write-ahead log is beside the file")
    _require((build / FILE).stat().st_size == manifest["bytes"], build / FILE, "has another size than in its manifest")
    _require(contents.sha256(build / FILE) == manifest["sha256"], build / FILE, "has another hash than in its manifest")


def _check_content(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> Tables:
    file = Path(connection.execute("select path from duckdb_databases() where database_name = 'analytics'").fetchall()[0][0])
    inside = fetch(connection, "publish", "read_build").to_pylist()[0]
    _require(inside["build"] == manifest["build"], file, "is another build than in its manifest")
    tables = manifest["tables"]
    counts, columns = contents.row_counts(connection, "analytics"), contents.columns(connection, "analytics")
    read = contents.describe(connection, "analytics", only=[name for name in tables if _is_read(tables[name])])
    wrong = sorted(
        name
        for name in {*counts, *tables}
        if name not in tables
        or (counts.get(name), columns.get(name)) != (tables[name]["rows"], tables[name]["columns"])
        or (_is_read(tables[name]) and not contents.same(read[name], tables[name]))
    )
    _require(not wrong, file, f"differs from its manifest in {', '.join(wrong)}")
    contents.check_documented(connection, "analytics")
    return tables


def _is_read(table: TableContents) -> bool:
    """Whether all rows are read. Those of a copied table were read when they were written, and the file's hash holds."""
    return table.get("written", "whole") == "whole"


def _require(holds: bool, where: Path, what: str) -> None:
    if not holds:
        raise PublishError(f"{what}.", where=str(where), remedy=REMEDY)
