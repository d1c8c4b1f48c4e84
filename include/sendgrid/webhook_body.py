"""Splits a webhook body into its raw elements, so that one unreadable element does not affect the others.

The edge uses this to check that a body is a batch, the collector to read its elements one by one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

_array = msgspec.json.Decoder(list[msgspec.Raw])


def split_array(content: bytes | bytearray) -> Sequence[bytes | msgspec.Raw]:
    r"""The elements of a JSON array, each as its own JSON text. Raises ValueError for anything else.

    NaN and Infinity are not valid JSON. A lone surrogate (`"\ud800"`, which occurs in user agents) is valid, but the fast
    parser rejects it: the tolerant parser then replaces it by U+FFFD. Both parsers limit nesting.
    """
    try:
        return _array.decode(content)
    except (msgspec.MsgspecError, RecursionError):
        return _split_tolerantly(content)


def _split_tolerantly(content: bytes | bytearray) -> list[bytes]:
    try:
        elements = json.loads(content.decode("utf-8", "replace"), parse_constant=_refuse)
        if not isinstance(elements, list):
            raise ValueError("not a JSON array")
        return [_text(element) for element in elements]
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _text(element: object) -> bytes:
    return json.dumps(element, ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode()


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
