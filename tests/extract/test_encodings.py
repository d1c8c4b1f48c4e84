"""Encodings, delimiters and compression: named in the connection or detected, and never guessed from one line."""

from __future__ import annotations

import codecs
import gzip
import json
from pathlib import Path

import pytest

from include.core.connections import database_url
from include.core.errors import ConfigurationError, SourceError, SourceUnavailable
from include.core.paths import DataPaths
from include.extract import plain_text
from include.extract.land import land
from tests.extract.test_sources import landed
from tests.rows import Row, subscriber

NAMES = ["Zo\u00eb", "Andr\u00e9", "G\u00fcnther", "\u00c5sa", "Bj\u00f8rn", "Ada", "Fran\u00e7ois"]


def csv_text(names: list[str], delimiter: str = ",") -> str:
    rows = [subscriber(number, first_name=name, attributes=None) for number, name in enumerate(names)]
    lines = [delimiter.join(rows[0]), *(delimiter.join(value or "" for value in row.values()) for row in rows)]
    return "\n".join(lines) + "\n"


def json_text(names: list[str]) -> str:
    rows = (subscriber(number, first_name=name) for number, name in enumerate(names))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def land_file(paths: DataPaths, folder: Path, name: str, content: bytes, query: str = "") -> list[Row]:
    (folder / name).write_bytes(content)
    return landed(paths, land(paths, f"file://{folder}{query}", "subscribers", run=f"{name}{query[:9]}", since=None))


def first_names(rows: list[Row]) -> list[str]:
    return [row["first_name"] for row in rows]


@pytest.mark.parametrize("name", ["subscribers.csv", "subscribers.csv.gz", "subscribers.jsonl", "subscribers.ndjson.gz"])
@pytest.mark.parametrize(
    ("encoding", "mark", "query"),
    [
        ("utf-8", b"", ""),
        ("utf-8", codecs.BOM_UTF8, ""),
        ("utf-16-le", codecs.BOM_UTF16_LE, ""),
        ("utf-16-be", codecs.BOM_UTF16_BE, ""),
        ("utf-16-le", b"", ""),
        ("cp1252", b"", ""),
        ("cp1252", b"", "?encoding=windows-1252"),
        ("iso8859-15", b"", "?encoding=iso-8859-15"),
    ],
)
def test_an_encoding_is_named_or_detected(
    paths: DataPaths, tmp_path: Path, name: str, encoding: str, mark: bytes, query: str
) -> None:
    content = mark + (csv_text(NAMES) if ".csv" in name else json_text(NAMES)).encode(encoding)
    rows = land_file(paths, tmp_path, name, gzip.compress(content) if name.endswith(".gz") else content, query)
    assert first_names(rows) == NAMES


def test_a_named_encoding_wins(paths: DataPaths, tmp_path: Path) -> None:
    names = ["Dvo\u0159\u00e1k", "Ji\u0159\u00ed", "\u0160\u00e1rka", "T\u00fd", "\u017dofie", "Ji\u0159\u00ed"]
    rows = land_file(paths, tmp_path, "subscribers.csv", csv_text(names).encode("cp1250"), "?encoding=cp1250")
    assert first_names(rows) == names


def test_another_alphabet_is_not_read_as_windows_1252(paths: DataPaths, tmp_path: Path) -> None:
    """Its rows land with U+FFFD, so that validation quarantines them, until the encoding is named."""
    names = ["\u0410\u043d\u043d\u0430", "\u041e\u043b\u044c\u0433\u0430"] * 5
    content = csv_text(names).encode("cp1251")
    assert {name.count("\ufffd") for name in first_names(land_file(paths, tmp_path, "subscribers.csv", content))} == {4, 5}
    rows = land_file(paths, tmp_path, "subscribers.csv", content, "?encoding=windows-1251")
    assert first_names(rows) == names


def test_a_file_that_mixes_encodings_is_utf8(paths: DataPaths, tmp_path: Path) -> None:
    lines = csv_text(["Zo\u00eb"] * 8).encode("cp1252").splitlines(keepends=True)
    lines[4] = lines[4].replace(b"Zo\xeb", "Zo\u00eb".encode())
    rows = land_file(paths, tmp_path, "subscribers.csv", b"".join(lines))
    assert sorted(set(first_names(rows))) == ["Zo\u00eb", "Zo\ufffd"]
    assert first_names(rows).count("Zo\u00eb") == 1


@pytest.mark.parametrize(
    ("option", "delimiter"), [("%3B", ";"), (";", ";"), ("tab", "\t"), ("%09", "\t"), ("~", "~"), ("^", "^")]
)
def test_a_delimiter_can_be_named(paths: DataPaths, tmp_path: Path, option: str, delimiter: str) -> None:
    rows = land_file(paths, tmp_path, "subscribers.csv", csv_text(NAMES, delimiter).encode(), f"?delimiter={option}")
    assert first_names(rows) == NAMES


def test_tsv_is_csv(paths: DataPaths, tmp_path: Path) -> None:
    assert first_names(land_file(paths, tmp_path, "subscribers.TSV", csv_text(NAMES, "\t").encode())) == NAMES


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?delimiter=ab", "option 'delimiter' is not one character"),
        ("?delimiter=%22", "option 'delimiter' is not one character"),
        ("?encoding=klingon", "encoding 'klingon' is unknown"),
        ("?encoding=base64", "encoding 'base64' is unknown"),
        ("?delimeter=;", r"'delimeter' is unknown\. Did you mean delimiter"),
    ],
)
def test_an_invalid_option_is_a_configuration_error(paths: DataPaths, tmp_path: Path, query: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        land_file(paths, tmp_path, "subscribers.csv", csv_text(NAMES).encode(), query)


def test_options_may_be_extra_fields_of_the_connection() -> None:
    text = '{"conn_type": "file", "host": "/srv/export", "extra": {"delimiter": ";", "encoding": "latin-1"}}'
    assert database_url("subscribers_source", text) == "file:///srv/export?delimiter=%3B&encoding=latin-1"


@pytest.mark.parametrize("name", ["subscribers.csv.gz", "subscribers.jsonl.gz"])
def test_a_compressed_file_without_its_end_is_unavailable(paths: DataPaths, tmp_path: Path, name: str) -> None:
    text = csv_text(NAMES * 50) if "csv" in name else json_text(NAMES * 50)
    content = gzip.compress(text.encode())
    with pytest.raises(SourceUnavailable, match=f"{name}: is not complete"):
        land_file(paths, tmp_path, name, content[:-30])


DAMAGED = gzip.compress(b"x" * 9_000, mtime=0)[:12] + bytes(range(40))


@pytest.mark.parametrize("content", [b"not gzip", DAMAGED], ids=["not gzip", "damaged"])
def test_a_damaged_compressed_file_is_an_error(paths: DataPaths, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SourceError, match=r"subscribers\.csv\.gz"):
        land_file(paths, tmp_path, "subscribers.csv.gz", content)


def test_a_file_that_expands_beyond_reason_is_an_error(
    paths: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_text, "FREE_SIZE", 0)
    with pytest.raises(SourceError, match="expands to more than"):
        land_file(paths, tmp_path, "subscribers.csv.gz", gzip.compress(bytes(50_000_000)))
