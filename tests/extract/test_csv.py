"""Malformed CSV: a broken line affects no other line, and only its id and number are reported."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from include.core import clock
from include.core.errors import SourceError, SourceUnavailable
from include.core.paths import DataPaths
from include.extract import csv_file, source_files
from include.extract.contract import SUBSCRIBERS
from include.extract.land import land
from include.extract.sources import open_source
from tests.extract.test_sources import landed
from tests.rows import Row, csv_source, json_source, parquet_source, purchase, subscriber

COLUMNS = tuple(subscriber(0))
HEADER = ",".join(COLUMNS).encode()


def line(number: int, **changes: Any) -> bytes:
    """A valid line, without line end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow((subscriber(number) | changes).values())
    return text.getvalue().encode()


def landed_file(paths: DataPaths, folder: Path, *lines: bytes, end: bytes = b"\n", head: bytes = HEADER) -> list[Row]:
    """The rows that land from a file with this header and these lines."""
    (folder / "subscribers.csv").write_bytes(end.join([head, *lines]) + end)
    return landed(paths, land(paths, f"file://{folder}", "subscribers", run=f"{time.monotonic_ns()}", since=None))


def ids_and_locations(rows: list[Row]) -> list[tuple[str | None, str | None]]:
    """Id and location of each row; the location is None for a readable row."""
    return [(row["subscriber_id"], row["unreadable"]) for row in rows]


def test_a_ragged_line_is_reported_by_id_and_number_only(paths: DataPaths, tmp_path: Path) -> None:
    short, long = b"S8,ada@secret.test,Lovelace", line(9) + b",secret,secret"
    rows = landed_file(paths, tmp_path, line(1), short, line(2), long, line(3))
    good, bad = rows[:3], rows[3:]
    assert ids_and_locations(good) == [("S1", None), ("S2", None), ("S3", None)]
    assert ids_and_locations(bad) == [("S8", "subscribers.csv:3"), ("S9", "subscribers.csv:5")]
    assert all(value is None for row in bad for name, value in row.items() if name in COLUMNS[1:])
    assert [row["row_number"] for row in rows] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("broken", [b"ada@secret.test,S8,Lovelace", b"", b"only", b"Ada Lovelace,x", b"ada\xff,1"])
def test_an_unreadable_line_reports_its_id_only_if_plausible(paths: DataPaths, tmp_path: Path, broken: bytes) -> None:
    rows = landed_file(paths, tmp_path, line(1), broken, line(2))
    assert ids_and_locations(rows)[:2] == [("S1", None), ("S2", None)]
    reported = [("only" if broken == b"only" else None, "subscribers.csv:3")] if broken else []
    assert ids_and_locations(rows)[2:] == reported


def test_invalid_utf8_is_replaced_and_the_rest_of_the_row_kept(paths: DataPaths, tmp_path: Path) -> None:
    latin = line(2).replace(b"Ada", b"Zo\xeb")
    rows = landed_file(paths, tmp_path, *[line(number) for number in range(3, 60_000)], latin)
    assert len(rows) == 59_998
    assert rows[-1] == {"row_number": 59_997, "unreadable": None} | subscriber(2, first_name="Zo\ufffd")


def test_an_unclosed_quote_swallows_no_other_line(paths: DataPaths, tmp_path: Path) -> None:
    lines = [line(number) for number in range(3_000)]
    lines[10] = b'S10,"ada@secret.test' + lines[10].partition(b"@example.com")[2]
    rows = landed_file(paths, tmp_path, *lines)
    assert [one for one in ids_and_locations(rows) if one[1]] == [("S10", "subscribers.csv:12")]
    assert len(rows) == 3_000


def test_rows_between_two_stray_quotes_are_reported_line_by_line(paths: DataPaths, tmp_path: Path) -> None:
    """Valid CSV, but implausible as a value. Quoted text is never parsed as rows, since a visitor may have typed it."""
    lines = [line(number, attributes=None) for number in range(6)]
    lines[1] = lines[1].replace(b",Ada,", b',"Ada,')
    lines[4] = lines[4].replace(b",Ada,", b',Ada",')
    rows = landed_file(paths, tmp_path, *lines)
    assert ids_and_locations(rows) == [("S0", None), ("S5", None), ("S1", "subscribers.csv:3")] + [
        (None, f"subscribers.csv:{number}") for number in (4, 5, 6)
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_values_over_several_lines_byte_order_marks_and_nul_land(paths: DataPaths, tmp_path: Path, end: bytes) -> None:
    pretty = '{\n  "genre": "jazz",\n  "a": [1, 2, 3]\n}'
    lines = [line(1, attributes=pretty), line(2, last_name="Love\0lace"), line(3, first_name='5" tall, "really"')]
    for broken in ([], [b"S9,short"]):
        rows = landed_file(paths, tmp_path, *lines, *broken, end=end, head=b"\xef\xbb\xbf" + HEADER)
        assert ids_and_locations(rows)[:3] == [("S1", None), ("S2", None), ("S3", None)]
        assert (rows[0]["attributes"], rows[1]["last_name"]) == (pretty, "Love\0lace")
        assert rows[2]["first_name"] == '5" tall, "really"'
        assert ids_and_locations(rows)[3:] == [("S9", "subscribers.csv:8")] * len(broken)


def test_the_lenient_parser_reads_the_same_rows_as_duckdb(
    paths: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        line(number, first_name=name) for number, name in enumerate(["", " x ", 'a"b', "# no comment", "NULL", "5' 2", "é"])
    ]
    lines += [b"", line(8) + b",", line(9)]
    fast = landed_file(paths, tmp_path, *lines)
    monkeypatch.setattr(csv_file.CsvFile, "is_plain", lambda *_: False)
    assert landed_file(paths, tmp_path, *lines) == fast
    assert len(fast) == 9


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_detected_in_the_header(paths: DataPaths, tmp_path: Path, delimiter: str) -> None:
    row = subscriber(1, last_name=f"a{delimiter}b, c")
    with (tmp_path / "subscribers.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([[name.upper() for name in row], row.values(), ["S7", "short"]])
    rows = landed(paths, land(paths, f"file://{tmp_path}", "subscribers", run="r", since=None))
    assert ids_and_locations(rows) == [("S1", None), ("S7", "subscribers.csv:3")]
    assert (rows[0]["last_name"], rows[0]["email"]) == (row["last_name"], row["email"])


def test_a_first_line_with_personal_data_is_not_quoted(paths: DataPaths, tmp_path: Path) -> None:
    (tmp_path / "subscribers.csv").write_bytes(line(1, email="ada@secret.test") + b"\n" + line(2) + b"\n")
    with pytest.raises(SourceError, match="is the first line a header") as caught:
        land(paths, f"file://{tmp_path}", "subscribers", run="r", since=None)
    assert "secret" not in str(caught.value)
    assert "Lovelace" not in str(caught.value)


def test_an_incremental_pass_includes_unreadable_lines(paths: DataPaths, tmp_path: Path) -> None:
    """Their time of change is unknown. A purchase is identified by its own id."""
    url = csv_source(tmp_path, subscribers=[subscriber(1)], purchases=[purchase(1)])
    for name in ("subscribers", "purchases"):
        with (tmp_path / f"{name}.csv").open("ab") as file:
            file.write(b"K9,short\n")
        (row,) = landed(paths, land(paths, url, name, run=f"{name}", since=clock.now()))
        assert (row[f"{name[:-1]}_id"], row["unreadable"]) == ("K9", f"{name}.csv:3")


def test_unreadable_lines_name_their_file_and_the_scratch_folder_is_removed(paths: DataPaths, tmp_path: Path) -> None:
    (tmp_path / "subscribers").mkdir()
    for number in (1, 2):
        content = b"\n".join([HEADER, line(number), b"S9,short", b""])
        (tmp_path / "subscribers" / f"{number}.csv").write_bytes(content)
    manifest = land(paths, f"file://{tmp_path}", "subscribers", run="r", since=None)
    found = ids_and_locations(landed(paths, manifest))
    assert found == [("S1", None), ("S2", None), ("S9", "1.csv:3"), ("S9", "2.csv:3")]
    assert manifest["source_files"] == ["subscribers/1.csv", "subscribers/2.csv"]
    assert manifest["columns"][:2] == ["subscriber_id", "email"]
    assert sorted(path.name for path in (paths.root / manifest["folder"]).iterdir()) == [
        "manifest.json",
        "part-0000.parquet",
    ]


@pytest.mark.parametrize(("kind", "build"), [("csv", csv_source), ("parquet", parquet_source), ("jsonl", json_source)])
def test_a_file_that_disappears_is_a_retryable_error(tmp_path: Path, kind: str, build: Callable[..., str]) -> None:
    url = build(tmp_path, subscribers=[subscriber(number) for number in range(4)])
    (path, *_) = sorted(tmp_path.rglob(f"*.{kind}"))
    with open_source(url, tmp_path / "scratch") as source:
        found = source.columns(SUBSCRIBERS)
        path.unlink()
        with pytest.raises(SourceUnavailable, match=path.name) as caught:
            list(source.batches(SUBSCRIBERS, found, None))
    assert caught.value.retryable


@pytest.mark.parametrize(("kind", "build"), [("csv", csv_source), ("parquet", parquet_source), ("jsonl", json_source)])
def test_a_file_that_changes_while_it_is_read_is_a_retryable_error(
    tmp_path: Path, kind: str, build: Callable[..., str]
) -> None:
    """What was read so far may mix two exports: none of it lands."""
    url = build(tmp_path, subscribers=[subscriber(number) for number in range(4)])
    (path, *_) = sorted(tmp_path.rglob(f"*.{kind}"))
    with open_source(url, tmp_path / "scratch") as source:
        batches = source.batches(SUBSCRIBERS, source.columns(SUBSCRIBERS), None)
        next(batches)
        path.write_bytes(path.read_bytes() + b"\n")
        with pytest.raises(SourceUnavailable, match=f"{path.name}.*changed"):
            list(batches)


def test_a_file_that_disappears_before_its_header_is_read_is_unavailable(tmp_path: Path) -> None:
    file = source_files.SourceFile("subscribers.csv", tmp_path / "subscribers.csv", "subscribers.csv")
    with pytest.raises(SourceUnavailable, match=r"subscribers\.csv"):
        csv_file.open_csv(file, SUBSCRIBERS)
