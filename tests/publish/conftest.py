"""A warehouse with sample marts, and the same published. The sample stands for analyze, so that publish is tested alone."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from include.core.paths import DataPaths
from include.publish.file import publish
from include.warehouse.connection import open_warehouse

SAMPLE = Path(__file__).with_name("sample_marts.sql")


def fill_marts(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the sample marts, with a comment on each table and column."""
    connection.execute(SAMPLE.read_text())
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts'"
    ).fetchall():
        connection.execute(f"comment on table marts.{table} is 'Sample of {table}.'")
        connection.execute(f"comment on column marts.{table}.{column} is 'The {column} of {table}; it''s a sample.'")


@pytest.fixture
def marts(paths: DataPaths) -> DataPaths:
    """A data folder whose warehouse holds the sample marts."""
    with open_warehouse(paths) as connection:
        fill_marts(connection)
    return paths


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    """The sample, published once for the session. For tests that only read."""
    paths = DataPaths(tmp_path_factory.mktemp("published"))
    with open_warehouse(paths) as connection:
        fill_marts(connection)
    publish(paths)
    return paths
