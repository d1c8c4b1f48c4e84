"""Decoding elements of any shape, and removing addresses from texts."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.collect import batch, spool
from include.collect.scrub import PLACEHOLDER, scrub_text

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "email", "event", "timestamp", "sg_event_id", "sg_message_id", "smtp-id", "type", "status", "reason", "response", "url",
    "url_offset", "useragent", "sg_machine_open", "attempt", "tw_key", "tw_try", "tw_chunk", "bounce_classification",
]  # fmt: skip
events = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(events | json_values, max_size=6))
@example([{"event": "open", "email": "a@b.c", "timestamp": 2**70}])
@example([{"event": "open", "email": "a@b.c", "timestamp": 1e30}])
@example([{"event": "open", "email": "a@b.c", "timestamp": -(2**63) - 1}])
@example([{"event": "open", "email": "a@b.c", "timestamp": 2**70, "attempt": 2**40, "tw_try": "9" * 5000}])
@example(
    [{"event": "open", "email": "a@b.c", "timestamp": 1790000000, "useragent": "\ud800", "url_offset": {"index": 1e30}}]
)
def test_every_element_of_any_array_becomes_one_row(
    tmp_path_factory: pytest.TempPathFactory, elements: list[object]
) -> None:
    path = Path(tmp_path_factory.getbasetemp()) / "20261124T050000000000Z-x.json"
    path.write_bytes(json.dumps(elements).encode())
    rows = batch.Rows()
    repeated = batch.read_file(path, batch.Redelivered(), rows)
    assert batch.table(rows, lambda email: f"key of {len(email)}").num_rows + repeated == len(elements)


def row_of(path: Path, **fields: object) -> dict[str, object]:
    path.write_bytes(json.dumps([{"event": "click", "email": "a@b.c", "timestamp": 1_790_000_000, **fields}]).encode())
    rows = batch.Rows()
    batch.read_file(path, batch.Redelivered(), rows)
    row: dict[str, object] = batch.table(rows, str).to_pylist()[0]
    return row


@pytest.mark.parametrize("odd", [{}, {"attempt": ["3"]}], ids=str)
def test_the_position_of_the_clicked_link_is_read(tmp_path: Path, odd: dict[str, object]) -> None:
    row = row_of(tmp_path / "20261124T050000000000Z-x.json", url_offset={"index": 2, "type": "html"}, **odd)
    assert (row["url_index"], row["url_type"]) == (2, "html")


@pytest.mark.parametrize(("reported", "stored"), [(True, True), ("true", None)])
def test_a_machine_open_is_read_beside_a_field_of_another_type(tmp_path: Path, reported: object, stored: object) -> None:
    row = row_of(tmp_path / "20261124T050000000000Z-x.json", sg_machine_open=reported, attempt=["3"])
    assert row["sg_machine_open"] is stored


@pytest.mark.parametrize(
    ("reported", "stored"), [(-(2**31), -(2**31)), (-(2**31) - 1, None), (2**31 - 1, 2**31 - 1), (2**31, None)]
)
def test_a_number_out_of_the_columns_range_becomes_null(tmp_path: Path, reported: int, stored: int | None) -> None:
    assert row_of(tmp_path / "20261124T050000000000Z-x.json", attempt=reported)["delivery_attempt"] == stored


def test_a_batch_without_a_time_in_its_name_has_its_files_time(tmp_path: Path) -> None:
    (tmp_path / "batch.json").touch()
    os.utime(tmp_path / "batch.json", (1_790_000_000, 1_790_000_000))
    assert spool.received_at(tmp_path / "batch.json") == datetime.fromtimestamp(1_790_000_000, UTC)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("550 <jane.doe@example.org> unknown", f"550 <{PLACEHOLDER}> unknown"),
        ("account JANE.DOE is gone", f"account {PLACEHOLDER} is gone"),
        ("janet.doer and ajane.doe stay", "janet.doer and ajane.doe stay"),
        ("https://a.example/?e=jane.doe%40example.org&x=1", f"https://a.example/?e={PLACEHOLDER}&x=1"),
        ("x=jane.doe=40example.org", f"x={PLACEHOLDER}"),
        ("İ jane.doe", f"İ {PLACEHOLDER}"),
        ("no address here", "no address here"),
    ],
)
def test_addresses_are_removed_from_texts(text: str, clean: str) -> None:
    assert scrub_text(text, "Jane.Doe@example.org") == clean
