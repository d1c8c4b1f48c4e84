"""Memory limit, spilled files, and the error message when the limit is too low."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from include.core.errors import ConfigurationError, WarehouseOutOfMemory, may_retry
from include.core.paths import DataPaths
from include.warehouse import memory
from include.warehouse.connection import materialize, open_warehouse, run

ENDLESS = "select list(i) as everything from range(20_000_000) as numbers (i)"
"""A list is one value, in memory as a whole: DuckDB cannot spill it. It fails within a tenth of a second."""
WIDE = "create temp table wide as select i, repeat(md5(i::varchar), 20) as text from range(400_000) as numbers (i)"


@pytest.fixture
def low_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.SETTING, "100MB")


@pytest.fixture
def endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An SQL file `stage/endless` that needs more memory than the limit."""
    head = "-- name: endless\n-- owner: data\n-- grain: one row\n-- params: none\n-- purpose: Too much.\n"
    (tmp_path / "sql" / "stage").mkdir(parents=True)
    (tmp_path / "sql" / "stage" / "endless.sql").write_text(f"{head}{ENDLESS}\n")
    (tmp_path / "sql" / "warehouse").mkdir()
    monkeypatch.setattr("include.core.sqlfile.SQL", tmp_path / "sql")


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2_000_000_000), (" 1500 mb ", 1_500_000_000), ("1.5GiB", 1_610_612_736), ("128MiB", 134_217_728)],
)
def test_setting_is_used(monkeypatch: pytest.MonkeyPatch, text: str, size: int) -> None:
    monkeypatch.setenv(memory.SETTING, text)
    assert memory.limit() == size


@pytest.mark.parametrize("text", ["much", "2", "2 KB", "-1GB", "0GB", "2GB'; drop"])
def test_setting_that_is_not_a_size_is_rejected(paths: DataPaths, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(memory.SETTING, text)
    with pytest.raises(ConfigurationError, match=memory.SETTING), open_warehouse(paths):
        pass


@pytest.mark.parametrize(("machine", "size"), [(1, 512), (4, 1_000), (64, 1_200)])
def test_default_depends_on_memory_of_the_machine(monkeypatch: pytest.MonkeyPatch, machine: int, size: int) -> None:
    monkeypatch.delenv(memory.SETTING, raising=False)
    monkeypatch.setattr(memory, "_available_memory", lambda: machine * 1_000_000_000)
    assert memory.limit() == size * 1_000_000


@pytest.mark.parametrize(("said", "counts"), [("3000000000\n", True), ("max\n", False)])
def test_limit_of_the_cgroup_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, counts: bool) -> None:
    (tmp_path / "memory.max").write_text(said)
    monkeypatch.delenv(memory.SETTING, raising=False)
    monkeypatch.setattr(memory, "_CGROUPS", (tmp_path / "memory.max", tmp_path / "none"))
    assert (memory.limit() == 750_000_000) is counts


def test_limits_are_set_in_duckdb(paths: DataPaths, low_limit: None) -> None:
    with open_warehouse(paths) as connection:
        query = "select current_setting('memory_limit'), current_setting('threads'), current_setting('temp_directory')"
        assert connection.execute(query).fetchall() == [("95.3 MiB", 1, str(paths.spill))]


@pytest.mark.parametrize(("threads", "left"), [(4, 3), (1, 1)])
def test_a_core_is_left_to_the_caller(paths: DataPaths, threads: int, left: int) -> None:
    with open_warehouse(paths) as connection:
        connection.execute(f"set threads = {threads}")
        memory.leave_a_core(connection)
        assert connection.execute("select current_setting('threads')").fetchall() == [(left,)]


@pytest.mark.usefixtures("low_limit", "endless")
@pytest.mark.parametrize("execute", [run, partial(materialize, table="everything")], ids=["run", "materialize"])
def test_out_of_memory_names_statement_and_setting_and_is_not_retried(paths: DataPaths, execute: Any) -> None:
    said = r"stage/endless\.sql: DuckDB's 100 MB .* Set TRADEWIND_WAREHOUSE_MEMORY"
    with open_warehouse(paths) as connection, pytest.raises(WarehouseOutOfMemory, match=said) as caught:
        execute(connection, stage="stage", name="endless")
    assert not may_retry(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("read", ["fetchall", "to_arrow_table", "to_arrow_reader"])
def test_out_of_memory_of_other_statements_names_the_setting(paths: DataPaths, low_limit: None, read: str) -> None:
    def endless() -> None:
        with open_warehouse(paths) as connection:
            found = getattr(connection.execute(ENDLESS), read)()
            list(found)

    with pytest.raises(WarehouseOutOfMemory, match="TRADEWIND_WAREHOUSE_MEMORY"):
        endless()


def test_spilled_files_are_removed_afterwards(paths: DataPaths, low_limit: None) -> None:
    with open_warehouse(paths) as connection:
        connection.execute(WIDE)
        assert sum(file.stat().st_size for file in paths.spill.iterdir()) > 50_000_000
    assert not list(paths.spill.glob("*"))


def test_spilled_files_of_a_killed_task_are_removed(paths: DataPaths) -> None:
    paths.spill.mkdir(parents=True)
    (paths.spill / "duckdb_temp_storage_S32K-0.tmp").write_bytes(b"somebody's address")
    with open_warehouse(paths):
        assert not list(paths.spill.glob("*"))


def test_full_disk_has_its_own_message(paths: DataPaths, low_limit: None) -> None:
    def wide() -> None:
        with open_warehouse(paths) as connection:
            connection.execute("set max_temp_directory_size = '10MB'")
            connection.execute(WIDE)

    with pytest.raises(WarehouseOutOfMemory, match="disk") as caught:
        wide()
    assert memory.SETTING not in str(caught.value)
