"""Opening a warehouse of any older edition migrates it; a warehouse of newer code is refused."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from include.core import sqlfile
from include.core.errors import ConfigurationError, may_retry
from include.core.paths import SQL, DataPaths
from include.warehouse import migrations
from include.warehouse.connection import open_warehouse

HEADER = "-- name: {name}\n-- owner: data\n-- grain: none\n-- params: none\n-- purpose: A test.\n"
COLUMNS = (
    "select table_schema, table_name, column_name, data_type from information_schema.columns where table_schema != 'main'"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `include/sql/warehouse`, from which the warehouse is created."""
    shutil.copytree(SQL / "warehouse", tmp_path / "sql" / "warehouse")
    monkeypatch.setattr(sqlfile, "SQL", tmp_path / "sql")
    return tmp_path / "sql" / "warehouse"


def write(folder: Path, name: str, statement: str) -> None:
    (folder / f"{name}.sql").write_text(HEADER.format(name=name) + statement + "\n")


def ask(paths: DataPaths, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(paths.warehouse)) as connection:
        return connection.execute(query).fetchall()


def opened(paths: DataPaths) -> list[migrations.Migration]:
    """Open the warehouse; returns the migrations still pending afterwards."""
    with open_warehouse(paths) as connection:
        return migrations.pending(connection)


def schema(paths: DataPaths) -> set[tuple[Any, ...]]:
    """Tables and columns without their order, since added columns come last."""
    return set(ask(paths, COLUMNS))


def test_older_edition_is_upgraded_and_keeps_its_rows(paths: DataPaths, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    new = DataPaths(tmp_path / "new")
    assert opened(new) == []
    paths.warehouse.parent.mkdir()
    with duckdb.connect(str(paths.warehouse)) as connection:
        for file in sqlfile.folder("warehouse"):
            if file.statement.startswith(("create schema", "create table")) and file.name != "007_schema_history":
                connection.execute(file.statement)
        required = connection.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_name = 'former_addresses' and is_nullable = 'NO'"
        ).fetchall()
        values = ", ".join("now()" if "TIME" in kind else f"'{name}'" for name, kind in required)
        names = ", ".join(name for name, _ in required)
        connection.execute(f"insert into core.former_addresses ({names}) values ({values})")
    assert ("core", "former_addresses", "given_up_at", "TIMESTAMP WITH TIME ZONE") not in schema(paths)
    assert opened(paths) == []
    assert schema(paths) == schema(new)
    assert ask(paths, "select given_up_at from core.former_addresses") == [(None,)]
    recorded = ask(paths, "select name, version, checksum is null from core.schema_history order by name")
    assert [name for name, *_ in recorded] == [file.name for file in sqlfile.folder("warehouse")]
    assert all((version is not None) is versioned for _, version, versioned in recorded)
    assert ("056_former_addresses_given_up_at", 56, True) in recorded


def test_current_warehouse_does_not_change(paths: DataPaths) -> None:
    opened(paths)
    before = ask(paths, "from core.schema_history order by name")
    opened(paths)
    assert ask(paths, "from core.schema_history order by name") == before


def test_warehouse_of_newer_code_is_refused_unchanged(paths: DataPaths) -> None:
    opened(paths)
    ask(paths, "insert into core.schema_history values (999, '999_of_tomorrow', null, now())")
    ask(paths, "drop view core.holdings")
    ask(paths, "delete from core.schema_history where name = '200_holdings'")  # It would be created again.
    with pytest.raises(ConfigurationError) as refused, open_warehouse(paths):
        pass
    assert "schema version 999" in refused.value.what
    assert str(paths.warehouse) in refused.value.where
    assert "Upgrade the code" in refused.value.remedy
    assert may_retry(refused.value), "a later try may run on an upgraded host"
    assert (refused.value.retry_after or 0) >= 60, "it takes a while to upgrade one"
    assert ask(paths, "select count(*) from duckdb_views() where view_name = 'holdings'") == [(0,)]
    assert ask(paths, "select max(version) from core.schema_history") == [(999,)]


def test_new_migration_runs_once_and_views_follow_their_tables(paths: DataPaths, folder: Path) -> None:
    write(folder, "900_seen", "create or replace view core.seen as select * from core.unseen")
    opened(paths)
    width = len(ask(paths, "describe core.seen"))
    write(folder, "910_later", "alter table core.unseen add column later integer")  # It would fail the second time.
    assert opened(paths) == []
    assert opened(paths) == []
    assert len(ask(paths, "describe core.seen")) == width + 1
    assert ask(paths, "select count(*) from core.schema_history where version = 910") == [(1,)]


def test_only_a_changed_macro_is_replaced(paths: DataPaths, folder: Path) -> None:
    write(folder, "900_answer", "create or replace macro answer() as 41")
    opened(paths)
    before = set(ask(paths, "from core.schema_history"))
    write(folder, "900_answer", "create or replace macro answer() as 42")
    opened(paths)
    assert ask(paths, "select answer()") == [(42,)]
    changed = {row[1] for row in set(ask(paths, "from core.schema_history")) ^ before}
    assert changed == {"900_answer"}


def test_failed_migration_is_rolled_back(paths: DataPaths, folder: Path) -> None:
    opened(paths)
    before = schema(paths)
    write(folder, "900_later", "create table core.later (name varchar)")
    write(folder, "910_wrong", "alter table core.nowhere add column name varchar")
    for _ in range(2):
        with pytest.raises(duckdb.CatalogException), open_warehouse(paths):
            pass
    assert schema(paths) == before
    assert ask(paths, "select count(*) from core.schema_history where version >= 900") == [(0,)]


def test_migration_numbers_are_unique() -> None:
    numbers = [file.name.split("_")[0] for file in sqlfile.folder("warehouse")]
    assert [number for number, files in Counter(numbers).items() if files > 1] == []
    assert all(len(number) == 3 for number in numbers)  # The order of the names is that of the numbers.
