"""Malformed signatures, keys and bodies are rejected and raise nothing else."""

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
def test_a_malformed_signature_neither_verifies_nor_raises(timestamp: str, text: str, content: bytes) -> None:
    assert signature.has_valid_signature(KEY, timestamp, content, text) is False


@settings(max_examples=150, deadline=None)
@given(st.text())
def test_a_malformed_key_does_not_raise(text: str) -> None:
    assert signature.parse_public_keys(text) == ()


def events_and_status(content: bytes) -> tuple[int, int]:
    """The number of events, and the status of the response."""
    try:
        return check_shape(content), 200
    except body.Refused as refusal:
        return 0, refusal.status


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
@example(b'[{"a":"\\ud800"}]')
@example(b"[" * 3000)
@example(b'[{"a":1e400}]')
def test_every_body_is_a_batch_or_rejected(content: bytes) -> None:
    count, status = events_and_status(content)
    assert status in (200, 400)
    if status == 200:
        elements = json.loads(content.decode("utf-8", "replace"))
        assert count == len(elements)
        assert not elements or any(isinstance(element, dict) for element in elements)


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
def test_a_body_nested_deeper_than_the_limit_is_rejected(depth: int) -> None:
    content = b'[{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}]"
    if depth > MAX_DEPTH:
        with pytest.raises(body.Refused):
            check_shape(content)
    else:
        assert check_shape(content) == 1


@pytest.mark.parametrize("place", [0, 1, 2, 99, 100, 250])
def test_a_deep_element_is_found_among_others_and_texts_with_brackets_are_not_deep(place: int) -> None:
    deep = b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}"
    others = [b'{"a":"' + b"[{" * 40 + b'"}', b'{"a":[1],"b":{}}'] * 125
    assert check_shape(b"[" + b" ,".join(others) + b"]") == 250
    with pytest.raises(body.Refused, match="nested too deeply"):
        check_shape(b"[" + b", ".join([*others[:place], deep, *others[place:]]) + b"]")
