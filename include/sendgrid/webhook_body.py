"""A webhook body as its elements, still raw: one element that cannot be read must not cost the others.

The edge asks whether a body is a batch at all; the collector reads it element by element. Both split it here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

_array = msgspec.json.Decoder(list[msgspec.Raw])


def split_array(content: bytes) -> Sequence[bytes | msgspec.Raw]:
    r"""The elements of a JSON array, each as its own JSON text. Raises ValueError for anything else.

    NaN and Infinity are not JSON. A lone surrogate (`"\ud800"`, seen in user agents) is legal there, though the fast
    parser refuses it: then the tolerant one reads the body and the surrogate becomes U+FFFD. Nesting is bounded by both.
    """
    try:
        return _array.decode(content)
    except (msgspec.MsgspecError, RecursionError):
        return _split_tolerantly(content)


def _split_tolerantly(content: bytes) -> list[bytes]:
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
