"""Tables have no keys and no checks; opening an older file removes them and keeps its rows."""

from __future__ import annotations

import re

import duckdb
import pytest

from include.core.paths import DataPaths
from include.warehouse import constraints, migrations
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
ROWS: dict[str, list[tuple[object, ...]]] = {
    "core.identities": [("S1", "ada@e.org", "k1", "Ada", None), ("S2", "b@e.org", "k2", None, "B")],
    "core.purchases": [(f"P{number}", "S1", "2026-01-01", "1.50", "EUR", number, "r") for number in range(3)],
    "quality.quarantine": [("r", "subscribers", 7, "S3", ["id_form"], "{}", "2026-01-01")],
}
RUNS = """
create table quality.runs (
    landed_run varchar,
    relation varchar,
    validated_at timestamptz not null,
    raw_rows bigint not null,
    valid_rows bigint not null,
    quarantined_rows bigint not null,
    verdict varchar not null check (verdict in ('accepted', 'stopped')),
    stop_reason varchar,
    primary key (landed_run, relation)
)
"""
"""As the second edition created it, with a key of two columns and a check."""


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


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return {table: connection.execute(f"select count(*) from {table}").fetchall()[0][0] for table in ROWS}


def test_no_table_has_a_key_or_a_check(paths: DataPaths) -> None:
    with open_warehouse(paths) as connection:
        assert constraints.constrained_tables(connection) == []


def test_first_edition_file_keeps_rows_and_loses_keys(first_edition: DataPaths) -> None:
    with duckdb.connect(str(first_edition.warehouse)) as connection:
        assert len(constraints.constrained_tables(connection)) == 3
        before = {table: connection.execute(f"from {table} order by all").fetchall() for table in ROWS}
    for _ in range(2):
        with open_warehouse(first_edition) as connection:
            assert constraints.constrained_tables(connection) == []
            assert {table: connection.execute(f"from {table} order by all").fetchall() for table in ROWS} == before
    with duckdb.connect(str(first_edition.warehouse)) as connection:
        left = connection.execute("select table_name from duckdb_tables()").fetchall()
        assert not [name for (name,) in left if re.search("keyless", name)]


def test_fully_migrated_file_loses_its_keys(paths: DataPaths) -> None:
    with open_warehouse(paths) as connection:
        columns = connection.execute("describe quality.runs").fetchall()
        connection.execute("drop table quality.runs")
        connection.execute(RUNS)
        added = ("is_full boolean default true", "deletions_held boolean", "warnings varchar[]", "source varchar")
        for column in (*added, "accepted varchar[]"):
            connection.execute(f"alter table quality.runs add column {column}")
        connection.execute(
            "insert into quality.runs by name select 'r' as landed_run, 'purchases' as relation, now() as validated_at, "
            "2 as raw_rows, 1 as valid_rows, 1 as quarantined_rows, 'stopped' as verdict, null as is_full, ['w'] as warnings"
        )
        row = connection.execute("from quality.runs").fetchall()
    with open_warehouse(paths) as connection:
        assert constraints.constrained_tables(connection) == []
        assert connection.execute("from quality.runs").fetchall() == row
        described = connection.execute("describe quality.runs").fetchall()
        assert [column[:3] for column in described] == [column[:3] for column in columns]
        defaults = "select column_default from duckdb_columns() where table_name = 'runs' and column_name = 'is_full'"
        assert connection.execute(defaults).fetchall() == [("CAST('t' AS BOOLEAN)",)]


def test_killed_process_changes_nothing(first_edition: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "_record", kill)
        with pytest.raises(KeyboardInterrupt), open_warehouse(first_edition):
            pass
    with duckdb.connect(str(first_edition.warehouse)) as connection:
        assert len(constraints.constrained_tables(connection)) == 3
        assert counts(connection) == {table: len(rows) for table, rows in ROWS.items()}
    with open_warehouse(first_edition) as connection:
        assert counts(connection) == {table: len(rows) for table, rows in ROWS.items()}
