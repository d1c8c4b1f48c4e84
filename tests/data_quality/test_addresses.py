"""The address rules: whole columns and single addresses give the same result."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_quality.addresses import MISSING, ROLE, address_fault, address_faults, ascii_form

_LETTERS = st.sampled_from(list("ab.+-_'{}=@ x1\u0430\uff55\u200b\n\"<>,"))
_TEXT = st.text(_LETTERS, max_size=14)
_ADDRESSES = st.one_of(
    _TEXT, st.builds("{}@{}".format, _TEXT, st.sampled_from(["e.org", "b\xfccher.test", "localhost", "x..y", ""]))
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_ADDRESSES, min_size=1, max_size=20))
def test_columns_and_single_addresses_get_the_same_fault(addresses: list[str]) -> None:
    found = address_faults(pa.array(addresses, pa.string())).to_pylist()
    assert [None if fault == ROLE else fault for fault in found] == [address_fault(address) for address in addresses]


def test_null_is_a_missing_address_and_an_empty_column_has_no_faults() -> None:
    assert address_faults(pa.array([None], pa.string())).to_pylist() == [MISSING]
    assert address_faults(pa.array([], pa.string())).to_pylist() == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [("u@b\xfccher.test", "u@xn--bcher-kva.test"), ("U@E.org", "U@E.org"), ("\u200b@e.org", "\u200b@e.org")],
)
def test_the_ascii_form_never_raises(address: str, expected: str) -> None:
    assert ascii_form(address) == expected


def test_a_hundred_thousand_plain_addresses_take_under_two_seconds() -> None:
    column = pa.array([f"person{number}@{'gmail' if number % 2 else 'yahoo'}.example.com" for number in range(100_000)])
    started = time.process_time()
    assert address_faults(column).null_count == 100_000
    assert time.process_time() - started < 2
