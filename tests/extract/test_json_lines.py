"""Malformed JSON lines: a broken line affects no other line, and only its id and number are reported."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.errors import SourceError, SourceUnavailable
from include.core.paths import DataPaths
from include.extract import parsed_file
from include.extract.contract import SUBSCRIBERS
from include.extract.json_lines import MAX_COLUMNS, parse_json_lines
from include.extract.land import land
from include.extract.lines import MAX_LINE
from include.extract.source_files import SourceFile
from tests.extract.test_csv import ids_and_locations
from tests.extract.test_sources import landed
from tests.rows import Row, subscriber


def line(number: int, **changes: Any) -> bytes:
    """A valid line, without line end."""
    return json.dumps(subscriber(number) | changes).encode()


def landed_file(paths: DataPaths, folder: Path, *lines: bytes, end: bytes = b"\n", start: bytes = b"") -> list[Row]:
    """The rows that land from a file with these lines."""
    (folder / "subscribers.jsonl").write_bytes(start + end.join(lines) + end)
    return landed(paths, land(paths, f"file://{folder}", "subscribers", run=f"{time.monotonic_ns()}", since=None))


@pytest.mark.parametrize(
    ("broken", "key"),
    [
        (b'{"subscriber_id": "S8", "email": "ada@secret.test"', "S8"),
        (b'{"subscriber_id": 88, "email": "ada@secret.test",}', "88"),
        (b'{"subscriber_id": "S8", "status": "unsubscribed", "status": "subscribed"}', "S8"),
        (b'{"subscriber_id": "S8", "Status": "unsubscribed", "status": "subscribed"}', "S8"),
        (b'{"subscriber_id": "S8", "subscriber_id": "S9"}', None),
        (b'{"subscriber_id": "ada@secret.test", "email"', None),
        (b'{"first_name": "\\"subscriber_id\\": \\"S1\\"", "email"', None),
        (b'{"subscriber_id": "S8", "attributes": NaN}', "S8"),
        (b'{"subscriber_id": "S8", "": "secret"}', "S8"),
        (b'{"subscriber_id": "S8"} {"subscriber_id": "S9"}', None),
        (b"[1, 2]", None),
        (b'"secret"', None),
        (b"secret,csv,line", None),
        (b"[" * 100_000, None),
        (b"9" * 5_000, None),
        (b'{"subscriber_id": "S8", "first_name": "' + b"x" * MAX_LINE + b'"}', "S8"),
    ],
)
def test_a_line_that_is_not_one_object_is_reported_by_id_and_number_only(
    paths: DataPaths, tmp_path: Path, broken: bytes, key: str | None
) -> None:
    rows = landed_file(paths, tmp_path, line(1), broken, line(2))
    assert ids_and_locations(rows) == [("S1", None), ("S2", None), (key, "subscribers.jsonl:2")]
    assert "secret" not in str(rows)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_blank_lines_and_a_byte_order_mark_are_no_rows(paths: DataPaths, tmp_path: Path, end: bytes) -> None:
    rows = landed_file(paths, tmp_path, line(1), b"", b"  ", line(2), b"oops", start=b"\xef\xbb\xbf", end=end)
    assert ids_and_locations(rows) == [("S1", None), ("S2", None), (None, "subscribers.jsonl:5")]


def test_values_land_as_text_with_all_their_digits(paths: DataPaths, tmp_path: Path) -> None:
    values: dict[str, tuple[bytes, str | None]] = {
        "subscriber_id": (b"12345678901234567890123", "12345678901234567890123"),
        "email": (b'"A\\u00e4\\ud83d\\ude00"', "A\u00e4\U0001f600"),
        "first_name": (b'"Ada\\ud800"', "Ada\ufffd"),
        "last_name": (b'"Love\\u0000lace"', "Love\0lace"),
        "tracking_consent": (b"true", "true"),
        "country": (b"null", None),
        "updated_at": (b"1750000000000", "1750000000000"),
        "consented_at": (b"12.10", "12.10"),
        "attributes": (b'{"a": [1, 2.5, "\xc3\xa9"], "b": {"c": null}}', '{"a": [1, 2.5, "\u00e9"], "b": {"c": null}}'),
    }
    found = subscriber(1) | {name: text for name, (_, text) in values.items()}
    raw = {name: json.dumps(value).encode() for name, value in subscriber(1).items()}
    raw |= {name: value for name, (value, _) in values.items()}
    (row,) = landed_file(paths, tmp_path, b"{" + b",".join(b'"%s":%s' % (k.encode(), v) for k, v in raw.items()) + b"}")
    assert row == {"row_number": 0, "unreadable": None} | found


def test_invalid_utf8_is_replaced_and_the_rest_of_the_row_kept(paths: DataPaths, tmp_path: Path) -> None:
    rows = landed_file(paths, tmp_path, line(1), line(2).replace(b"Ada", b"Zo\xeb"))
    assert [row["first_name"] for row in rows] == ["Ada", "Zo\ufffd"]
    assert rows[1]["last_name"] == "Lovelace"


def test_objects_may_have_different_keys_in_any_case(
    paths: DataPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsed_file, "BATCH_ROWS", 1)
    sparse = json.dumps({"SUBSCRIBER_ID ": "S2", "Email": "p2@example.com", "favourite": 1}).encode()
    rows = landed_file(paths, tmp_path, sparse, line(1), line(3, Favourite=2))
    assert [(row["subscriber_id"], row["email"], row["status"]) for row in rows] == [
        ("S2", "p2@example.com", None),
        ("S1", "person1@example.com", "subscribed"),
        ("S3", "person3@example.com", "subscribed"),
    ]


def test_a_last_line_that_is_cut_off_makes_the_file_unavailable(tmp_path: Path, paths: DataPaths) -> None:
    (tmp_path / "subscribers.jsonl").write_bytes(line(1) + b"\n" + line(2)[:-20])
    with pytest.raises(SourceUnavailable, match=r"subscribers\.jsonl: is not complete") as caught:
        land(paths, f"file://{tmp_path}", "subscribers", run="r", since=None)
    assert "person2" not in str(caught.value)
    (tmp_path / "subscribers.jsonl").write_bytes(line(1) + b"\n" + line(2))
    assert land(paths, f"file://{tmp_path}", "subscribers", run="r", since=None)["rows"] == 2


def test_a_json_list_is_an_error_that_does_not_quote_it(tmp_path: Path, paths: DataPaths) -> None:
    (tmp_path / "subscribers.jsonl").write_text(json.dumps([subscriber(1)], indent=2))
    with pytest.raises(SourceError, match="no line is a JSON object") as caught:
        land(paths, f"file://{tmp_path}", "subscribers", run="r", since=None)
    assert "person1" not in str(caught.value)


def test_an_empty_file_is_an_empty_relation(tmp_path: Path, paths: DataPaths) -> None:
    (tmp_path / "subscribers.ndjson").write_bytes(line(1) + b"\n")
    (tmp_path / "purchases.ndjson").write_bytes(b"")
    assert land(paths, f"file://{tmp_path}", "purchases", run="r", since=None)["rows"] == 0


def test_endless_keys_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "subscribers.jsonl"
    path.write_text("".join(json.dumps({f"key {number}": 1}) + "\n" for number in range(MAX_COLUMNS + 1)))
    with pytest.raises(SourceError, match=f"more than {MAX_COLUMNS} different keys"):
        parse_json_lines(SourceFile(path.name, path, path.name), SUBSCRIBERS, tmp_path, "s")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.builds(line, st.integers(0, 9))), max_size=8))
def test_every_line_is_a_row_or_reported(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    """Whatever an exporter writes, no line is lost and none is counted twice."""
    folder = tmp_path_factory.mktemp("lines")
    path = folder / "subscribers.jsonl"
    content = b"\n".join([line(1), *lines, line(2)]) + b"\n"
    path.write_bytes(content)
    parsed = parse_json_lines(SourceFile(path.name, path, path.name), SUBSCRIBERS, folder, "s")
    import pyarrow.parquet as pq

    rows = sum(pq.read_metadata(part).num_rows for part in parsed.rows)
    blank = sum(not one.decode("utf-8", "replace").strip() for one in content.split(b"\n"))
    assert rows + parsed.unreadable_count == content.count(b"\n") + 1 - blank
    assert pq.read_metadata(parsed.unreadable).num_rows == parsed.unreadable_count
