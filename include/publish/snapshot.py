"""Published builds: each is a folder, and one link names the current build.

    published/builds/<build>/analytics.duckdb, manifest.json
    published/current                -> builds/<build>          the only link that a publish swaps
    published/analytics.duckdb       -> current/analytics.duckdb
    published/manifest.json          -> current/manifest.json
    published/analytics.previous.duckdb, manifest.previous.json -> previous/…
    published/dated/2026-11-28.duckdb -> ../builds/<build>/analytics.duckdb       the last build of each day (UTC)

File and manifest change together, by the rename of `current`, so they never disagree (docs/adr).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NotRequired, TypedDict

import duckdb

from include.core.errors import PublishError
from include.core.paths import DataPaths
from include.publish.contents import Tables
from include.warehouse.connection import configure

FILE, MANIFEST, REPORT = "analytics.duckdb", "manifest.json", "report.html"
BUILD_FIRST = "Run the DAG nightly_analytics: it builds the marts and publishes them."


class BuildSummary(TypedDict):
    """A build: its name, the time (ISO, UTC), and SHA-256 and bytes of its file."""

    build: str
    built_at: str
    sha256: str
    bytes: int


class Whole(TypedDict):
    """The last file that was written whole and not as a copy: its bytes and rows, and how many copies came after it."""

    copies: int
    bytes: int
    rows: int


class Manifest(BuildSummary):
    """manifest.json. `hash` says how the content of a table is hashed; `previous` is the build before this one, if any."""

    whole: NotRequired[Whole]

    schema_version: int
    duckdb_version: str
    hash: str
    tables: Tables
    previous: BuildSummary | None


def current_build(paths: DataPaths) -> Path | None:
    """The folder of the current build, links resolved; None before the first publish."""
    return _target(paths.published / "current")


def previous_build(paths: DataPaths) -> Path | None:
    """The folder of the previous build; None if there is none."""
    return _target(paths.published / "previous")


def read_manifest(build: Path) -> Manifest:
    """The manifest in the folder of a build. Raises `PublishError` if it cannot be read."""
    try:
        manifest: Manifest = json.loads((build / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise PublishError(
            f"the manifest cannot be read ({type(error).__name__}).", where=str(build / MANIFEST), remedy=BUILD_FIRST
        ) from error
    return manifest


def require_build(paths: DataPaths) -> Path:
    """The folder of the current build. Raises `PublishError` if nothing is published yet."""
    build = current_build(paths)
    if build is None:
        raise PublishError("nothing is published yet.", where=str(paths.published / FILE), remedy=BUILD_FIRST)
    return build


@contextmanager
def open_build(build: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file of a build for reading, by its real path, without access to any other file.

    The real path matters, because DuckDB shares an open database between connections to the same path: through the link, a
    server that still has the previous build open would keep reading the previous build.
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
            remedy=f"The previous build is analytics.previous.duckdb. {BUILD_FIRST}",
        ) from error


def _target(link: Path) -> Path | None:
    folder = link.resolve()
    return folder if link.is_symlink() and (folder / FILE).is_file() else None
