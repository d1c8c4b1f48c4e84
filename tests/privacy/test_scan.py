"""The search for a person finds an address in every kind of file, and names the place without the address."""

from __future__ import annotations

import gzip
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.paths import DataPaths
from include.core.person import Person
from include.ledger.database import Ledger
from include.ledger.suppressions import Suppression, suppress
from include.privacy import scan

ANN = Person(("7",), ("ann@x.org",), ("k",), "erased-1")
TEXT = "mail to Ann@X.org failed"


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in.txt", TEXT * 9)


def _duckdb(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select 1 as id, ? as note", [TEXT])


def _sqlite(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("create table t (id, note)")
    connection.execute("insert into t values (1, ?)", [TEXT])
    connection.commit()
    connection.close()


WRITERS: dict[str, Callable[[Path], object]] = {
    "its bytes": lambda path: path.write_text(TEXT),
    "at the edge of a piece": lambda path: path.write_bytes(b"\n" * (scan.PIECE - 5) + b"ann@x.org"),
    "note": lambda path: pq.write_table(pa.table({"id": [1], "note": [TEXT]}), path, compression="zstd"),
    "decompressed": lambda path: path.write_bytes(gzip.compress(TEXT.encode() * 9)),
    "in.txt": _zip,
    "main.t": _duckdb,
    "t": _sqlite,
}


@pytest.mark.parametrize(("store", "write"), WRITERS.items(), ids=WRITERS)
def test_an_address_is_found_in_every_kind_of_file(
    paths: DataPaths, ledger: Ledger, store: str, write: Callable[[Path], object]
) -> None:
    folder = paths.root / "folder"
    folder.mkdir(parents=True)
    write(folder / "file")
    found = scan.places(paths, ledger, ANN)
    place = "its bytes" if store.startswith("at the edge") else store
    assert f"folder/file, {place}" in found
    assert "@" not in str(found)
    assert scan.places(paths, ledger, ANN, skip=[folder]) == []


def test_an_address_is_found_in_the_name_of_a_file_and_in_the_ledger(paths: DataPaths, each_ledger: Ledger) -> None:
    suppress(each_ledger, [Suppression("ann@x.org", "manual", "test", 1.0)])
    paths.root.mkdir(parents=True, exist_ok=True)
    (paths.root / "report of ann@x.org").write_text("")
    found = scan.places(paths, each_ledger, ANN)
    assert "…, its name" in found
    assert "ledger, suppression_log" in found


def test_a_text_file_is_redacted_in_place_and_a_database_is_not_touched(paths: DataPaths, ledger: Ledger) -> None:
    paths.root.mkdir(parents=True, exist_ok=True)
    log, table = paths.root / "service.log", paths.root / "table.sqlite"
    log.write_text("a\nANN@x.org joann@x.org ann%40x.org\n")
    _sqlite(table)
    before, inode = table.read_bytes(), log.stat().st_ino
    assert scan.redact(paths, ANN) == 1
    assert log.read_text() == "a\n********* joann@x.org ***********\n"
    assert (log.stat().st_ino, table.read_bytes()) == (inode, before)
