"""A file that the first edition wrote opens, loses its keys and keeps its rows."""

from __future__ import annotations

import re

import duckdb
import pytest

from include.core.paths import DataPaths
from include.warehouse import keys, migrations
from include.warehouse.connection import open_warehouse

FIRST = {
    "core.identities": "(subscriber_id varchar primary key, email varchar not null, address_key varchar not null, "
    "first_name varchar, last_name varchar)",
    "core.purchases": "(purchase_id varchar primary key, subscriber_id varchar not null, purchased_at timestamptz not null, "
    "amount decimal(18, 2) not null, currency varchar not null, items integer, landed_run varchar not null)",
    "quality.quarantine": "(landed_run varchar, relation varchar, row_number bigint, source_key varchar, reasons varchar[] "
    "not null, raw_row json not null, quarantined_at timestamptz not null, primary key (landed_run, relation, row_number))",
}
"""As the first edition created them."""
ROWS = {
    "core.identities": [("S1", "ada@e.org", "k1", "Ada", None), ("S2", "b@e.org", "k2", None, "B")],
    "core.purchases": [(f"P{number}", "S1", "2026-01-01", "1.50", "EUR", number, "r") for number in range(3)],
    "quality.quarantine": [("r", "subscribers", 7, "S3", ["id_form"], "{}", "2026-01-01")],
}
KEYED = "select count(*) from duckdb_constraints() where constraint_type = 'PRIMARY KEY' and table_name in "


@pytest.fixture
def first_edition(paths: DataPaths) -> DataPaths:
    paths.warehouse.parent.mkdir()
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute("create schema core; create schema quality")
        for table, columns in FIRST.items():
            connection.execute(f"create table {table} {columns}")
            marks = ", ".join("?" * len(ROWS[table][0]))
            connection.executemany(f"insert into {table} values ({marks})", ROWS[table])
    return paths


def keyed(connection: duckdb.DuckDBPyConnection) -> int:
    tables = tuple(table for _, table in keys.LARGE)
    return int(connection.execute(f"{KEYED} {tables}").fetchall()[0][0])


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return {table: connection.execute(f"select count(*) from {table}").fetchall()[0][0] for table in ROWS}


def test_large_tables_have_no_key(paths: DataPaths) -> None:
    with open_warehouse(paths) as connection:
        assert keyed(connection) == 0


def test_a_first_edition_file_keeps_its_rows_and_loses_its_keys(first_edition: DataPaths) -> None:
    with duckdb.connect(str(first_edition.warehouse)) as connection:
        assert keyed(connection) == 3
        before = {table: connection.execute(f"from {table} order by all").fetchall() for table in ROWS}
    for _ in range(2):
        with open_warehouse(first_edition) as connection:
            assert keyed(connection) == 0
            assert {table: connection.execute(f"from {table} order by all").fetchall() for table in ROWS} == before
    with duckdb.connect(str(first_edition.warehouse)) as connection:
        left = connection.execute("select table_name from duckdb_tables()").fetchall()
        assert not [name for (name,) in left if re.search("keyed", name)]


def test_cut_off_in_between_the_file_is_as_it_was(first_edition: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "_record", cut_off)
        with pytest.raises(KeyboardInterrupt), open_warehouse(first_edition):
            pass
    with duckdb.connect(str(first_edition.warehouse)) as connection:
        assert keyed(connection) == 3
        assert counts(connection) == {table: len(rows) for table, rows in ROWS.items()}
    with open_warehouse(first_edition) as connection:
        assert counts(connection) == {table: len(rows) for table, rows in ROWS.items()}
