"""Landing is immutable, atomic, and bounded in memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from include.core import clock
from include.core.errors import ConfigurationError
from include.core.paths import PROJECT, DataPaths
from include.extract import land as landing
from include.extract.land import land
from tests.rows import sqlite_source, subscriber


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_source(tmp_path / "s.sqlite", subscribers=[subscriber(number) for number in range(5)])


def test_the_same_run_lands_once(paths: DataPaths, url: str, tmp_path: Path) -> None:
    first = land(paths, url, "subscribers", run="scheduled__2026-11-24T00:00:00+00:00", since=None)
    sqlite_source(tmp_path / "s.sqlite", subscribers=[subscriber(99)])
    assert land(paths, url, "subscribers", run="scheduled__2026-11-24T00:00:00+00:00", since=None) == first
    assert land(paths, url, "subscribers", run="the next", since=None)["rows"] == 1
    assert json.dumps(first)


def test_files_of_a_killed_run_are_replaced(paths: DataPaths, url: str) -> None:
    folder = paths.landed / "subscribers" / "r"
    folder.mkdir(parents=True)
    (folder / "part-0007.parquet").write_bytes(b"half a fi")
    land(paths, url, "subscribers", run="r", since=None)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "part-0000.parquet"]


def test_parts_contain_every_row_once_in_order(paths: DataPaths, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "PART_ROWS", 2)
    manifest = land(paths, url, "subscribers", run="r", since=None)
    parts = [pq.read_table(paths.root / manifest["folder"] / file["name"]) for file in manifest["files"]]
    assert [file["rows"] for file in manifest["files"]] == [2, 2, 1]
    assert [row for part in parts for row in part["row_number"].to_pylist()] == [0, 1, 2, 3, 4]
    assert [row for part in parts for row in part["subscriber_id"].to_pylist()] == ["S0", "S1", "S2", "S3", "S4"]


def test_a_pass_without_rows_is_one_empty_part_without_watermark(paths: DataPaths, url: str) -> None:
    manifest = land(paths, url, "subscribers", run="r", since=clock.now())
    assert (manifest["rows"], manifest["watermark"], len(manifest["files"])) == (0, None, 1)


def test_a_time_in_the_far_future_does_not_become_the_watermark(paths: DataPaths, tmp_path: Path) -> None:
    rows = [subscriber(1, updated_at="9999-12-31 00:00:00"), subscriber(2), subscriber(3, updated_at="1700000000")]
    url = sqlite_source(tmp_path / "f.sqlite", subscribers=rows)
    assert land(paths, url, "subscribers", run="r", since=None)["watermark"] == "2025-06-01T00:00:00+00:00"


@pytest.mark.parametrize("run", ["..", "", "x" * 300])
def test_a_run_id_that_is_not_a_folder_name_is_rejected(paths: DataPaths, url: str, run: str) -> None:
    with pytest.raises(ConfigurationError):
        land(paths, url, "subscribers", run=run, since=None)


def test_a_run_id_cannot_leave_the_landed_folder(paths: DataPaths, url: str) -> None:
    manifest = land(paths, url, "subscribers", run="../../escape", since=None)
    assert (paths.root / manifest["folder"]).resolve().parent == (paths.landed / "subscribers").resolve()


MEASURE = """
import resource, sys
from pathlib import Path
from include.core.paths import DataPaths
from include.extract.land import land
kilobytes = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
paths = DataPaths(Path(sys.argv[1]))
land(paths, sys.argv[2], "subscribers", run="small", since=None)
before = kilobytes()
manifest = land(paths, sys.argv[3], "subscribers", run="large", since=None)
print(manifest["rows"], kilobytes() - before)
"""


def test_twice_the_rows_land_in_the_same_memory(paths: DataPaths, tmp_path: Path) -> None:
    """Holding all rows in memory would take over 100 MB more for the larger source."""
    small = sqlite_source(tmp_path / "small.sqlite", subscribers=[subscriber(number) for number in range(105_000)])
    large = sqlite_source(tmp_path / "large.sqlite", subscribers=[subscriber(number) for number in range(220_000)])
    command = [sys.executable, "-c", MEASURE, str(paths.root), small, large]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
    rows, grown = map(int, done.stdout.split())
    assert rows == 220_000
    assert grown < 40_000
