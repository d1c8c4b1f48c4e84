"""Rows put through the real path: a source, landing, validation."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from include.core.paths import DataPaths
from include.extract.land import land
from tests.rows import Row, sqlite_source

Landing = Callable[..., dict[str, Any]]
_RUNS = itertools.count(1)


def land_rows(paths: DataPaths, relation: str, rows: list[Row], since: datetime | None = None) -> dict[str, Any]:
    """Land these rows from a SQLite source, as a full pass unless `since` is given."""
    number = next(_RUNS)
    folder = paths.root.parent / "sources"
    folder.mkdir(exist_ok=True)
    url = sqlite_source(Path(folder) / f"{number}.sqlite", **{relation: rows})
    return land(paths, url, relation, run=f"run {number}", since=since)


def ask(paths: DataPaths, query: str) -> list[tuple[Any, ...]]:
    """Rows of the warehouse."""
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute("set timezone = 'UTC'")
        return [tuple(row.values()) for row in connection.execute(query).to_arrow_table().to_pylist()]


@pytest.fixture(scope="module")
def module_paths(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    """A data folder that a module's tests share, for batches that many tests only read."""
    root = tmp_path_factory.mktemp("module") / "data"
    root.mkdir()
    return DataPaths(root)
