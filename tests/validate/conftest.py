"""Lands rows from a real source, and queries the warehouse."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest

from include.core.manifest import Manifest
from include.core.paths import DataPaths
from include.extract.land import land
from tests.rows import Row, sqlite_source

_RUNS = itertools.count(1)


def land_rows(paths: DataPaths, relation: str, rows: list[Row], since: datetime | None = None) -> Manifest:
    """Land these rows from a SQLite source, as a full pass unless `since` is given."""
    number = next(_RUNS)
    with TemporaryDirectory(prefix="tradewind-source-") as folder:  # Of its own: workers land at the same time.
        url = sqlite_source(Path(folder) / f"{number}.sqlite", **{relation: rows})
        return land(paths, url, relation, run=f"run {number}", since=since)


def query(paths: DataPaths, statement: str) -> list[tuple[Any, ...]]:
    """The rows that a statement returns from the warehouse."""
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute("set timezone = 'UTC'")
        return [tuple(row.values()) for row in connection.execute(statement).to_arrow_table().to_pylist()]


@pytest.fixture(scope="module")
def module_paths(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    """A data folder that the tests of a module share, for batches that they only read."""
    root = tmp_path_factory.mktemp("module") / "data"
    root.mkdir()
    return DataPaths(root)
