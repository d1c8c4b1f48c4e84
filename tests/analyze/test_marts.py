"""The marts as a whole: they exist, are documented, replace themselves, and stand without any input."""

from __future__ import annotations

from datetime import UTC, datetime

import yaml

from include.analyze.comments import COMMENTS
from include.analyze.marts import build_marts
from include.analyze.reconcile import check_sums
from include.core.paths import DataPaths
from include.ledger.database import Ledger
from include.warehouse.connection import open_warehouse

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
EMPTY = {"list_health": 1}


def test_empty_stores_give_every_mart_and_sums_that_hold(paths: DataPaths, ledger: Ledger) -> None:
    rows = build_marts(paths, ledger, as_of=AS_OF)

    assert set(rows) == set(yaml.safe_load(COMMENTS.read_text()))
    assert {name: count for name, count in rows.items() if count and name != "reconciliation"} == EMPTY
    assert all(check_sums(paths).values())


def test_every_table_and_column_has_a_comment(paths: DataPaths, ledger: Ledger) -> None:
    build_marts(paths, ledger, as_of=AS_OF)

    with open_warehouse(paths) as connection:
        bare_tables = "select table_name from duckdb_tables() where schema_name = 'marts' and comment is null"
        bare_columns = """select table_name, column_name from duckdb_columns()
            where schema_name = 'marts' and comment is null"""
        assert connection.execute(bare_tables).fetchall() == []
        assert connection.execute(bare_columns).fetchall() == []
