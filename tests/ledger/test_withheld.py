"""Addresses on SendGrid's lists by our own action: as columns, and when they cover an entry."""

from __future__ import annotations

import math

import pytest

from include.core import clock
from include.ledger import withheld
from include.ledger.database import Ledger
from include.ledger.withheld import ListedSpans

A, B = "a" * 64, "b" * 64


def test_spans_are_a_table_with_the_same_columns_when_empty(ledger: Ledger) -> None:
    with ledger.read() as connection:
        empty = withheld.listed_spans(connection).table()
    filled = ListedSpans({A: [(1.0, 2.0), (5.0, math.inf)], B: [(3.0, 4.0)]}).table()
    assert empty.schema == filled.schema
    assert [str(kind) for kind in empty.schema.types] == ["string", "double", "double"]
    assert filled.to_pylist() == [
        {"address_key": A, "since": 1.0, "until": 2.0},
        {"address_key": A, "since": 5.0, "until": math.inf},
        {"address_key": B, "since": 3.0, "until": 4.0},
    ]


def test_a_span_covers_its_ends_and_its_address_alone(ledger: Ledger) -> None:
    spans = ListedSpans({A: [(1.0, 2.0)]})
    assert [spans.cover(A, at) for at in (0.9, 1.0, 2.0, 2.1)] == [False, True, True, False]
    assert not spans.cover(B, 1.5)
    withheld.record_pending(ledger, [B])
    with ledger.read() as connection:
        assert withheld.in_force(connection) == {B: pytest.approx(clock.now().timestamp(), abs=30)}
