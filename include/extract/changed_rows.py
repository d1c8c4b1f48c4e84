"""The rows that changed in one of several sources, by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa


@dataclass
class Changed:
    """The ids of changed rows, and by source the changed rows without an id."""

    keys: set[str]
    rows_without_key: dict[str, list[pa.RecordBatch]]

    def add(self, source: str, batch: pa.RecordBatch, key: str) -> None:
        """Take note of a batch of changed rows."""
        self.keys.update(found for found in batch[key].to_pylist() if found is not None)
        if batch[key].null_count:
            self.rows_without_key.setdefault(source, []).append(batch.filter(batch[key].is_null()))

    def without_key(self, source: str) -> Iterator[pa.RecordBatch]:
        """The changed rows of a source that have no id."""
        yield from self.rows_without_key.get(source, [])

    def of_keys(self, batches: Iterator[pa.RecordBatch], key: str) -> Iterator[pa.RecordBatch]:
        """Of all rows, those that have a changed id."""
        for batch in batches:
            yield batch.filter(pa.array([found in self.keys for found in batch[key].to_pylist()], pa.bool_()))
