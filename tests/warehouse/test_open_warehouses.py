"""A warehouse that tests keep open is, for whoever opens it next, as if it had been closed."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.validate.sql_functions import register_address_functions
from include.warehouse import connection
from include.warehouse.connection import open_warehouse
from include.warehouse.untrusted import lock_down
from tests.open_warehouses import OpenWarehouses

ROW = "insert into segment.runs by name select 'one' as segment_run, now() as as_of, now() as built_at"
ROWS = "select count(*) from segment.runs"


@pytest.fixture
def kept(paths: DataPaths, current_stores: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenWarehouses:
    """The warehouse in the data folder is a copy, and stays open."""
    paths.warehouse.parent.mkdir()
    shutil.copy(current_stores.warehouse, paths.warehouse)
    opened = OpenWarehouses(tmp_path)
    monkeypatch.setattr(connection, "_connect", opened.connecting(connection._connect))
    return opened


def rows_of(paths: DataPaths) -> int:
    with open_warehouse(paths) as warehouse:
        return int(warehouse.execute(ROWS).fetchall()[0][0])


def rows_in(copy: Path) -> int:
    with duckdb.connect(str(copy)) as warehouse:
        return int(warehouse.execute(ROWS).fetchall()[0][0])


def test_it_stays_open_and_has_what_was_committed_when_it_is_closed(kept: OpenWarehouses, paths: DataPaths) -> None:
    copy = paths.root / "copy.duckdb"
    with open_warehouse(paths) as warehouse:
        warehouse.execute(ROW)
        warehouse.execute("create temp table mine as select 1")
    with open_warehouse(paths) as warehouse, pytest.raises(duckdb.CatalogException):
        warehouse.execute("from mine")
    assert rows_of(paths) == 1
    shutil.copy(paths.warehouse, copy)
    assert rows_in(copy) == 0, "it was closed in between"
    kept.close()
    shutil.copy(paths.warehouse, copy)
    assert rows_in(copy) == 1


def test_locked_settings_do_not_last(kept: OpenWarehouses, paths: DataPaths) -> None:
    with open_warehouse(paths) as warehouse:
        lock_down(warehouse)
    with open_warehouse(paths) as warehouse:
        warehouse.execute(f"copy (select 1) to '{paths.root}/allowed.csv'")
    kept.close()


def test_registered_functions_do_not_last(kept: OpenWarehouses, paths: DataPaths) -> None:
    for _ in range(2):
        with open_warehouse(paths) as warehouse:
            register_address_functions(warehouse, load_secrets(paths).address_key)
    kept.close()


def test_another_file_in_its_place_is_opened(kept: OpenWarehouses, paths: DataPaths, current_stores: DataPaths) -> None:
    with open_warehouse(paths) as warehouse:
        warehouse.execute(ROW)
    paths.warehouse.unlink()
    shutil.copy(current_stores.warehouse, paths.warehouse)
    assert rows_of(paths) == 0
    kept.close()


def test_a_file_elsewhere_is_closed_and_can_be_copied(
    kept: OpenWarehouses, current_stores: DataPaths, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = DataPaths(tmp_path_factory.mktemp("elsewhere"))
    elsewhere.warehouse.parent.mkdir()
    shutil.copy(current_stores.warehouse, elsewhere.warehouse)
    with open_warehouse(elsewhere) as warehouse:
        warehouse.execute(ROW)
    copy = elsewhere.root / "copy.duckdb"
    shutil.copy(elsewhere.warehouse, copy)
    assert rows_in(copy) == 1
