"""Text as Arrow holds it: UTF-8 and nothing else."""

from __future__ import annotations

import pyarrow as pa


def as_text(raw: pa.Array) -> pa.Array:
    """Bytes as strings. What is no UTF-8 (a lone surrogate, Latin-1) shows U+FFFD, which validation refuses."""
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        decoded = (None if value is None else value.decode("utf-8", "replace") for value in raw.to_pylist())
        return pa.array(decoded, pa.string())
