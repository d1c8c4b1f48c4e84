"""Whatever comes: a verdict, never an exception that nobody expects."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.edge import body
from include.edge.webhook import MAX_DEPTH, check_shape
from include.sendgrid import signature
from tests.edge.conftest import Signer

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=25,
)
KEY = signature.parse_public_keys(Signer.new().public)


@settings(max_examples=150, deadline=None)
@given(st.text(), st.text(), st.binary(max_size=50))
@example("1", "MAA=", b"")
@example("1", "MAYCAQACAQA=", b"")
@example("１", "AAAA", b"")
def test_no_garbled_signature_verifies_or_raises(timestamp: str, text: str, content: bytes) -> None:
    assert signature.has_valid_signature(KEY, timestamp, content, text) is False


@settings(max_examples=150, deadline=None)
@given(st.text())
def test_no_text_breaks_the_reading_of_keys(text: str) -> None:
    assert signature.parse_public_keys(text) == ()


def verdict(content: bytes) -> tuple[int, int]:
    """How many events, and the status."""
    try:
        return check_shape(content), 200
    except body.Refused as refusal:
        return 0, refusal.status


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
@example(b'[{"a":"\\ud800"}]')
@example(b"[" * 3000)
@example(b'[{"a":1e400}]')
def test_every_body_is_a_batch_or_refused(content: bytes) -> None:
    count, status = verdict(content)
    assert status in (200, 400)
    if status == 200:
        elements = json.loads(content.decode("utf-8", "replace"))
        assert count == len(elements)
        assert not elements or any(isinstance(element, dict) for element in elements)


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
def test_the_depth_that_is_refused_is_the_one_that_is_said(depth: int) -> None:
    content = b'[{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}]"
    if depth > MAX_DEPTH:
        with pytest.raises(body.Refused):
            check_shape(content)
    else:
        assert check_shape(content) == 1
