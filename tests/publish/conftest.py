"""A warehouse with sample marts, unpublished and published, so that publish is tested without analyze."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from include.core.paths import DataPaths
from include.publish.file import publish
from include.warehouse.connection import open_warehouse
from tests.publish.small_shop import build_small_shop

SAMPLE = Path(__file__).with_name("sample_marts.sql")


def fill_marts(connection: duckdb.DuckDBPyConnection, people: int) -> None:
    """Create sample marts for so many people, with a comment on each table and column."""
    connection.execute(SAMPLE.read_text().replace("range(6000)", f"range({people})"))
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts'"
    ).fetchall():
        connection.execute(f"comment on table marts.{table} is 'Sample of {table}.'")
        connection.execute(f"comment on column marts.{table}.{column} is 'The {column} of {table}; it''s a sample.'")


@pytest.fixture(scope="session")
def small_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse file with sample marts about 600 people, for tests to copy."""
    paths = DataPaths(tmp_path_factory.mktemp("small"))
    with open_warehouse(paths) as connection:
        fill_marts(connection, 600)
    return paths.warehouse


@pytest.fixture
def marts(paths: DataPaths, small_warehouse: Path) -> DataPaths:
    """A data folder whose warehouse holds the sample marts."""
    paths.warehouse.parent.mkdir()
    shutil.copy(small_warehouse, paths.warehouse)
    return paths


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    """The sample about 6,000 people, published once for the session. For tests that only read."""
    paths = DataPaths(tmp_path_factory.mktemp("published"))
    with open_warehouse(paths) as connection:
        fill_marts(connection, 6000)
    publish(paths)
    return paths


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    """A small shop with a past, analysed and published by the real code. For tests that only read."""
    return build_small_shop(tmp_path_factory.mktemp("small_shop"))
