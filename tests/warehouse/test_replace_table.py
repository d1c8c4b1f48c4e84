"""replace_table replaces all rows, or none if the statement fails."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from include.warehouse.connection import configure, prepare, replace_table, transaction

TABLE = "core.exchange_rates"


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        configure(connection)
        prepare(connection)
        connection.execute(f"insert into {TABLE} values ('EUR', 1, 'EUR'), ('USD', 0.9, 'EUR')")
        yield connection


def replace(warehouse: duckdb.DuckDBPyConnection, rates: list[str]) -> None:
    params = {"currencies": ["EUR", "JPY"], "rates": rates, "reporting_currency": "EUR"}
    with transaction(warehouse):
        replace_table(warehouse, TABLE, "segment", "rates_insert", params)


def currencies(warehouse: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in warehouse.execute(f"select currency from {TABLE} order by currency").fetchall()]


def test_previous_rows_are_deleted(warehouse: duckdb.DuckDBPyConnection) -> None:
    replace(warehouse, ["1", "0.0061"])

    assert currencies(warehouse) == ["EUR", "JPY"]


def test_failed_statement_leaves_table_unchanged(warehouse: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error):
        replace(warehouse, ["1", "not a rate"])

    assert currencies(warehouse) == ["EUR", "USD"]
