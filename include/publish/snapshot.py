"""What is published and where: whole builds in folders of their own, and one link that says which build is current.

    published/builds/<build>/analytics.duckdb, manifest.json
    published/current                -> builds/<build>          the only thing that a publish swaps
    published/analytics.duckdb       -> current/analytics.duckdb
    published/manifest.json          -> current/manifest.json
    published/analytics.previous.duckdb, manifest.previous.json -> previous/…

File and manifest change together, in the one rename of `current`, so there is no instant at which they disagree (docs/adr).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from include.core.errors import PublishError
from include.core.paths import DataPaths
from include.warehouse.connection import configure

FILE, MANIFEST, REPORT = "analytics.duckdb", "manifest.json", "report.html"
BUILD_FIRST = "Run the DAG nightly_analytics: it builds the marts and publishes them."


def current_build(paths: DataPaths) -> Path | None:
    """The folder of the build in force, links resolved; None before the first publish."""
    return _target(paths.published / "current")


def previous_build(paths: DataPaths) -> Path | None:
    """The folder of the build before."""
    return _target(paths.published / "previous")


def read_manifest(build: Path) -> dict[str, Any]:
    """The manifest of one build's folder. Raises `PublishError` where it cannot be read."""
    try:
        manifest: dict[str, Any] = json.loads((build / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise PublishError(
            f"the manifest cannot be read ({type(error).__name__}).", where=str(build / MANIFEST), remedy=BUILD_FIRST
        ) from error
    return manifest


def require_build(paths: DataPaths) -> Path:
    """The build in force; raises `PublishError` where nothing is published yet."""
    build = current_build(paths)
    if build is None:
        raise PublishError("nothing is published yet.", where=str(paths.published / FILE), remedy=BUILD_FIRST)
    return build


@contextmanager
def open_build(build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open one build's file for reading, by its real path, with no way to any other file.

    By its real path, because DuckDB shares an open database between connections to one path: through the link, a server that
    still reads yesterday's build would go on giving yesterday's.
    """
    connection = _connect(build / FILE)
    try:
        configure(connection)
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection
    finally:
        connection.close()


def _connect(file: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(file), read_only=True)
    except duckdb.Error as error:
        raise PublishError(
            f"does not open as a DuckDB file ({type(error).__name__}).",
            where=str(file),
            remedy=f"The build before is analytics.previous.duckdb. {BUILD_FIRST}",
        ) from error


def _target(link: Path) -> Path | None:
    folder = link.resolve()
    return folder if link.is_symlink() and (folder / FILE).is_file() else None
