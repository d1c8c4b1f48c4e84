"""The search finds needles in every kind of file; otherwise, an empty result would prove nothing."""

from __future__ import annotations

import base64
import gzip
import json
import os
import sqlite3
import zipfile
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leak.grep import hits

ADDRESS, NAME = "jöte.zwick+x@leak-shop.org", "Zwickelmann"
NEEDLES = [ADDRESS, NAME, "SG.leak-KEY_1"]


def found(path: Path, **options: object) -> set[str]:
    return {hit.needle for hit in hits(path, NEEDLES, **options)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        ADDRESS, ADDRESS.upper(), f"<{ADDRESS}>", json.dumps({"to": ADDRESS}), quote(ADDRESS), ADDRESS.replace("@", "&#64;"),
        f"mailto:{quote(ADDRESS, safe='')}?x", ADDRESS.replace("@", "\\u0040"),
        base64.b64encode(f"a {ADDRESS}".encode()).decode(), base64.b64encode(f"xyz{ADDRESS} ".encode()).decode(),
        base64.b64encode(f'{{"email": "{ADDRESS}"}}'.encode()).decode(),
    ],
)  # fmt: skip
def test_text_in_every_form(text: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"before {text} after")
    assert found(tmp_path) == {ADDRESS}
    assert found(tmp_path / "log") == {ADDRESS}


def test_utf16_and_binary_data(tmp_path: Path) -> None:
    (tmp_path / "core").write_bytes(os.urandom(5_000) + NAME.encode() + os.urandom(5_000) + ADDRESS.encode("utf-16-le"))
    assert found(tmp_path) == {NAME, ADDRESS}


def test_names_of_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / NAME.lower()).mkdir()
    (tmp_path / f"{ADDRESS}.log").touch()
    assert found(tmp_path) == {NAME, ADDRESS}


def test_compressed_files(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "old.log.gz", "wt") as file:
        file.write(ADDRESS)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", NAME * 50)
    assert found(tmp_path) == {ADDRESS, NAME}


def test_parquet(tmp_path: Path) -> None:
    table = pa.table({"email": [f"{ADDRESS}"] * 100, "who": [{"name": NAME}] * 100, "n": list(range(100))})
    pq.write_table(table, tmp_path / "part.parquet", compression="zstd")
    assert {(hit.store, hit.needle) for hit in hits(tmp_path, NEEDLES) if hit.store} >= {("email", ADDRESS), ("who", NAME)}


def test_sqlite_with_its_write_ahead_log_and_packed_values(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "airflow.db")
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table xcom (value text)")
    connection.execute("create table dag (data blob)")
    connection.execute("insert into xcom values (?)", (f'"{ADDRESS}"',))
    connection.execute("insert into dag values (?)", (gzip.compress(NAME.encode() * 3),))
    connection.commit()
    tables = {(hit.store, hit.needle) for hit in hits(tmp_path / "airflow.db", NEEDLES) if hit.store}
    assert tables == {("xcom", ADDRESS), ("dag", NAME)}
    assert found(tmp_path / "airflow.db", skip_tables={"xcom"}) == {NAME}
    connection.close()


def test_duckdb_that_another_process_has_open(tmp_path: Path) -> None:
    path = tmp_path / "tradewind.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema core")
        connection.execute("create table core.identities as select $1 as email", [ADDRESS])
        connection.execute("create table core.other as select {'name': $1} as who", [NAME])
    assert {(hit.store, hit.needle) for hit in hits(path, NEEDLES) if hit.store} == {
        ("core.identities", ADDRESS),
        ("core.other", NAME),
    }
    assert found(path, skip_tables={"core.identities"}) == {NAME}


def test_only_skipped_paths_and_tables_are_not_searched(tmp_path: Path) -> None:
    for name in ("plans", "logs"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "file").write_text(NAME)
    assert {hit.path for hit in hits(tmp_path, NEEDLES, skip=[tmp_path / "plans"])} == {str(tmp_path / "logs/deep/file")}
    assert hits(tmp_path, NEEDLES, skip=[tmp_path / "plans", tmp_path / "logs" / "deep" / "file"]) == []


def test_no_needles_give_no_hits_and_a_short_needle_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("abc")
    assert hits(tmp_path, []) == []
    with pytest.raises(ValueError, match="too short"):
        hits(tmp_path, ["abc"])


@given(st.lists(st.text("abcXYZ@.", min_size=4, max_size=8), min_size=1, max_size=8, unique_by=str.lower), st.data())
def test_every_needle_is_found_on_its_own(
    tmp_path_factory: pytest.TempPathFactory, needles: list[str], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("one") / "f"
    needle = data.draw(st.sampled_from(needles))
    path.write_text(f"- {needle} -")
    reported = {hit.needle.lower() for hit in hits(path, needles)}
    assert reported
    assert all(each in needle.lower() for each in reported)
