"""The published file over time: readers keep the one they opened, old clients read it, and each day's last one is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb

from include.core.paths import DataPaths
from include.publish import file, links, snapshot
from include.warehouse.connection import open_warehouse

READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
before = connection.execute("select count(*) from marts.segment_sizes").fetchall()
print("open", flush=True)
sys.stdin.readline()
print(before == connection.execute("select count(*) from marts.segment_sizes").fetchall(), before[0][0] > 0)
"""


def change(paths: DataPaths, statement: str) -> None:
    with open_warehouse(paths) as connection:
        connection.execute(statement)


def test_reader_keeps_the_old_file_while_the_new_one_is_swapped_in(marts: DataPaths) -> None:
    file.publish(marts)
    path = str(marts.published / "analytics.duckdb")
    command = [sys.executable, "-c", READER, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        change(marts, "delete from marts.segment_sizes")
        file.publish(marts)
        with duckdb.connect(path, read_only=True) as connection:
            assert connection.execute("select count(*) from marts.segment_sizes").fetchall() == [(0,)]
        told, _ = reader.communicate("\n")
    assert told == "True True\n"


def test_file_has_the_format_of_old_clients(marts: DataPaths) -> None:
    """Number 64 of the main header is what DuckDB 0.10 to 1.1 write; later formats have higher ones."""
    file.publish(marts)
    build = snapshot.current_build(marts)
    assert build is not None
    assert header_version(build / snapshot.FILE) == 64


def header_version(path: Path) -> int:
    """The version number in DuckDB's main header: after a checksum of 8 bytes and the letters DUCK."""
    head = path.read_bytes()[:20]
    assert head[8:12] == b"DUCK"
    return int.from_bytes(head[12:20], "little")


def test_last_build_of_a_day_is_kept_and_attached_to_compare(marts: DataPaths) -> None:
    file.publish(marts)
    (link,) = marts.dated_builds.iterdir()
    yesterday = link.rename(marts.dated_builds / "2026-01-01.duckdb")
    change(marts, "delete from marts.lifecycle")
    for _ in range(3):
        file.publish(marts)
    assert {path.name for path in marts.dated_builds.iterdir()} == {link.name, yesterday.name}
    assert len(list((marts.published / "builds").iterdir())) == 3
    with duckdb.connect(str(marts.published / "analytics.duckdb"), read_only=True) as connection:
        connection.execute(f"attach '{yesterday}' as earlier (read_only)")
        query = "select (select count(*) from marts.lifecycle), (select count(*) > 0 from earlier.marts.lifecycle)"
        assert connection.execute(query).fetchall() == [(0, True)]
    links.forget_history(marts)
    assert not marts.dated_builds.exists()
    assert len(list((marts.published / "builds").iterdir())) == 2
