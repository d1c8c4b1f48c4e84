"""Read the published file back as an analyst would, and compare it with what its manifest says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from include.core.errors import PublishError
from include.core.paths import DataPaths
from include.publish import contents, snapshot
from include.publish.snapshot import FILE
from include.warehouse.connection import fetch

REMEDY = "Run the task publish again; until then read analytics.previous.duckdb."


def verify(paths: DataPaths) -> dict[str, Any]:
    """Check bytes, hash, tables, counts, content and comments of what is published.

    Returns {build, tables, rows, bytes}. Raises `PublishError` that names the first thing which does not hold.
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


def _check_file(paths: DataPaths, build: Path, manifest: dict[str, Any]) -> None:
    stray = [*paths.published.glob("*.wal"), *build.glob("*.wal")]
    _must(not stray, paths.published, "a write-ahead log lies beside the file")
    _must((build / FILE).stat().st_size == manifest["bytes"], build / FILE, "is not as long as its manifest says")
    _must(contents.sha256(build / FILE) == manifest["sha256"], build / FILE, "is not the file that its manifest describes")


def _check_content(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> dict[str, Any]:
    file = Path(connection.execute("select path from duckdb_databases() where database_name = 'analytics'").fetchall()[0][0])
    inside = fetch(connection, "publish", "read_build").to_pylist()[0]
    _must(inside["build"] == manifest["build"], file, "is another build than its manifest's")
    tables = contents.describe(connection, "analytics")
    wrong = sorted(name for name in {*tables, *manifest["tables"]} if tables.get(name) != manifest["tables"].get(name))
    _must(not wrong, file, f"differs from its manifest in {', '.join(wrong)}")
    contents.check_documented(connection, "analytics")
    return tables


def _must(holds: bool, where: Path, what: str) -> None:
    if not holds:
        raise PublishError(f"{what}.", where=str(where), remedy=REMEDY)
