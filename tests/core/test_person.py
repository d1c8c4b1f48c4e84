"""Which texts are about a person: their address in any form, and never a longer address that contains it."""

from __future__ import annotations

import re

import duckdb
import pyarrow as pa
import pytest

from include.core.person import Person, address_pattern, contains_address, rows_of

ANN = Person(("7",), ("ann@x.org", "full+tag@y.example"), ("k",), "erased-1")
THEIRS = (
    "ann@x.org", "ANN@x.org.", "<ann@x.org>", "mailto:ann@x.org?subject=x", "q=joe%3Dann%40x.org&z", r"a\nann@x.org",
    "full+tag@y.example", "m:ann=40x.org", r'{"email":"ann\u0040x.org"}', "ann&#64;x.org", "a, ann@x.org; b",
)  # fmt: skip
OTHERS = ("joann@x.org", "ann@x.org.uk", "deann%40x.org", "ann@x.org-b.example", "tag@y.example", "ann@xyorg", "7", "")


@pytest.mark.parametrize(("text", "is_theirs"), [*((text, True) for text in THEIRS), *((text, False) for text in OTHERS)])
def test_an_address_is_found_in_every_form_and_not_within_another(text: str, is_theirs: bool) -> None:
    assert contains_address(ANN, text.encode()) == is_theirs
    assert rows_of(ANN, pa.table({"text": [text], "other": [None]})).to_pylist() == [is_theirs]
    query = "select regexp_matches(lower($1), $2)"
    assert duckdb.execute(query, [text, address_pattern(ANN)]).fetchall() == [(is_theirs,)]


def test_full_width_letters_and_the_subscriber_id_are_recognized() -> None:
    assert contains_address(ANN, "ａｎｎ@x.org".encode())
    table = pa.table({"subscriber_id": ["7", "8", "9", None], "email": [None, "ａｎｎ@X.org", "77@x.org", None]})
    assert rows_of(ANN, table).to_pylist() == [True, True, False, False]


def test_the_groups_of_the_pattern_are_the_addresses_alone() -> None:
    found = re.search(address_pattern(ANN), "to: <ann@x.org>, cc")
    assert found
    assert [group for group in found.groups() if group] == ["ann@x.org"]
