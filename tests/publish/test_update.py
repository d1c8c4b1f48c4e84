"""A published file that is a copy of the last one: it equals a file that is written whole, and readers keep theirs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from include.core.errors import PublishError
from include.core.paths import DataPaths
from include.publish import file, links, snapshot, update
from include.publish.read_back import verify
from include.publish.snapshot import Manifest
from include.warehouse.connection import open_warehouse

LATE = "update marts.sends set complained_at = now() where message_key in (select message_key from marts.sends limit 5)"
KEYS = "insert into build.unpublished select 'sends', message_key from marts.sends where complained_at is not null"
READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
before = connection.execute("select count(*) from marts.segment_sizes").fetchall()
print("open", flush=True)
sys.stdin.readline()
print(before == connection.execute("select count(*) from marts.segment_sizes").fetchall(), before[0][0] > 0)
"""


def change(paths: DataPaths, *statements: str) -> None:
    with open_warehouse(paths) as connection:
        for statement in statements:
            connection.execute(statement)


def by_key(paths: DataPaths, mart: str) -> None:
    """As if a build kept this mart up to date."""
    change(paths, f"insert into build.marts (mart, statement_hash, as_of) values ('{mart}', 'h', now())")


def written(manifest: Manifest) -> dict[str, str]:
    return {name: table["written"] for name, table in manifest["tables"].items() if table["written"] != "kept"}


def test_copy_equals_a_whole_file_and_only_changed_rows_are_written(marts: DataPaths) -> None:
    by_key(marts, "sends")
    file.publish(marts)
    change(marts, LATE, "delete from build.unpublished", KEYS, "delete from marts.segment_sizes where members > 100")
    copied = file.publish(marts)
    verified = verify(marts)
    change(marts, "delete from build.published")
    whole = file.publish(marts)

    assert written(copied) == {"sends": "keys", "segment_sizes": "whole"}
    assert copied["whole"]["copies"] == 1
    assert verified["rows"] == sum(table["rows"] for table in whole["tables"].values())
    for name, table in whole["tables"].items():
        assert (table["rows"], table["content_hash"]) == (
            copied["tables"][name]["rows"], copied["tables"][name]["content_hash"],
        )  # fmt: skip


@pytest.mark.parametrize("mart", ["sends", "segment_sizes"])
def test_address_in_one_changed_row_is_not_published(marts: DataPaths, mart: str) -> None:
    by_key(marts, "sends")
    first = file.publish(marts)
    column, row = {"sends": ("reason", "complained_at is not null"), "segment_sizes": ("segment", "rowid = 0")}[mart]
    change(marts, LATE, KEYS, f"update marts.{mart} set {column} = 'for ann.lee@mail.example' where {row}")
    with pytest.raises(PublishError, match=f"{mart}.{column}"):
        file.publish(marts)
    assert verify(marts)["build"] == first["build"]


def test_rows_that_are_left_over_from_before_are_noticed(marts: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    by_key(marts, "sends")
    file.publish(marts)
    change(marts, LATE, KEYS)
    monkeypatch.setattr(update, "_delete", lambda *_: None)
    with pytest.raises(PublishError, match="differs from its source: sends"):
        file.publish(marts)


def test_whole_file_is_written_after_an_erasure_and_when_another_build_is_current(marts: DataPaths) -> None:
    file.publish(marts)
    change(marts, "update build.published set build = 'another'")
    assert set(written(file.publish(marts)).values()) == {"whole"}
    assert written(file.publish(marts)) == {}


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


def test_file_has_the_format_of_old_clients_and_so_has_a_copy_of_it(marts: DataPaths) -> None:
    """Number 64 of the main header is what DuckDB 0.10 to 1.1 write; later formats have higher ones."""
    file.publish(marts)
    change(marts, "delete from marts.segment_sizes")
    file.publish(marts)
    for build in (snapshot.current_build(marts), snapshot.previous_build(marts)):
        assert build is not None
        assert header_version(build / snapshot.FILE) == 64


def header_version(path: Path) -> int:
    """The version number in DuckDB's main header: after a checksum of 8 bytes and the letters DUCK."""
    head = path.read_bytes()[:20]
    assert head[8:12] == b"DUCK"
    return int.from_bytes(head[12:20], "little")


def test_dated_build_is_attached_to_compare(marts: DataPaths) -> None:
    file.publish(marts)
    (dated,) = marts.dated_builds.iterdir()
    change(marts, "delete from marts.lifecycle")
    file.publish(marts)
    previous = marts.published / "analytics.previous.duckdb"
    with duckdb.connect(str(dated), read_only=True) as connection:
        connection.execute(f"attach '{previous}' as before (read_only)")
        query = "select (select count(*) from marts.lifecycle), (select count(*) > 0 from before.marts.lifecycle)"
        assert connection.execute(query).fetchall() == [(0, True)]


def test_builds_without_a_link_are_removed(marts: DataPaths) -> None:
    for _ in range(3):
        file.publish(marts)
    assert len(list((marts.published / "builds").iterdir())) == 2
    links.forget_history(marts)
    assert not marts.dated_builds.exists()
    assert len(list((marts.published / "builds").iterdir())) == 2
