"""SendGrid's limits on the substitutions of one person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.core.errors import PlanError
from include.dispatch.content.content import Slot

MAX_BYTES = 10_000
"""Bytes of tags and values of one personalization."""


def check_limits(slots: Sequence[Slot], values: Sequence[pa.Array | int], people: int) -> None:
    """Raise `PlanError` if a person's tags and values exceed 10,000 bytes; the error names that person's largest slot.

    `values` has for each slot the values of all people, or their size in bytes if it is the same for everybody.
    """
    sizes = [np.full(people, value) if isinstance(value, int) else _bytes(value) for value in values]
    if not sizes or not people:
        return
    total = np.sum(sizes, axis=0) + sum(len(slot.tag) for slot in slots)
    over = total > MAX_BYTES
    if not over.any():
        return
    worst = int(np.argmax(total))
    slot = slots[int(np.argmax([size[worst] for size in sizes]))]
    count = int(over.sum())
    raise PlanError(
        f"{slot.expression} makes the personal values of {count:,} {'person' if count == 1 else 'people'} too large "
        f"({int(total[worst]):,} bytes at most).",
        where=slot.where,
        remedy=f"SendGrid accepts {MAX_BYTES:,} bytes per person: shorten it, for example with truncate.",
    )


def _bytes(values: pa.Array) -> np.ndarray:
    if pa.types.is_dictionary(values.type):
        sizes = pc.binary_length(values.dictionary).to_numpy(zero_copy_only=False)
        return np.asarray(sizes[values.indices.to_numpy(zero_copy_only=False)], np.int64)
    return np.asarray(pc.binary_length(values).to_numpy(zero_copy_only=False), np.int64)
