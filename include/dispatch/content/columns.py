"""People as dictionary-encoded Arrow columns: few distinct values, and a code per person."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from include.core.errors import PlanError
from include.dispatch.content.person import JSON_FIELDS, PERSON_FIELDS, Path, as_value

MAX_COMBINATIONS = 2**62


@dataclass(frozen=True)
class EncodedField:
    """One field: `codes` has the index of each person's value; `keys` are the values in a hashable form."""

    codes: np.ndarray
    values: list[Any]
    keys: list[Hashable]


class People:
    """The columns of one batch of people; each field is encoded on first use."""

    def __init__(self, batch: pa.RecordBatch | pa.Table) -> None:
        self._batch, self._encoded_fields = batch, dict[Path, EncodedField]()
        self._columns, self._tag_matches = dict[str, pa.Array](), dict[str, pa.Array]()
        self.count = batch.num_rows

    def column(self, name: str) -> pa.Array:
        """One column as a single array. Raises `PlanError` if it is missing."""
        if name not in self._columns:
            if name not in self._batch.schema.names:
                raise PlanError(f"is missing: {name}.", where="people given to the template", remedy="Join it to the plan.")
            self._columns[name] = _plain_array(self._batch.column(name))
        return self._columns[name]

    def encoded(self, path: Path) -> EncodedField:
        """The distinct values of a field."""
        if path not in self._encoded_fields:
            self._encoded_fields[path] = self._key(path) if len(path) > 1 else _encode(self.column(path[0]), path)
        return self._encoded_fields[path]

    def is_encoded(self, path: Path) -> bool:
        """Whether the field has already been encoded."""
        return path in self._encoded_fields

    def _key(self, path: Path) -> EncodedField:
        whole = self.encoded((path[0],))
        raw = [_parse_object(text).get(path[1]) for text in whole.keys]
        keys = [orjson.dumps(value) for value in raw]
        index = {key: position for position, key in enumerate(dict.fromkeys(keys))}
        mapping = np.fromiter((index[key] for key in keys), dtype=np.int64, count=len(keys))
        values = [as_value(orjson.loads(key), path) for key in index]
        return EncodedField(mapping[whole.codes], values, list(index))

    def matching_tag(self, name: str, core: str) -> pa.Array:
        """A mask of the people whose value contains the core of a tag."""
        if name not in self._tag_matches:
            self._tag_matches[name] = pc.match_substring(self.column(name), core)
        return self._tag_matches[name]

    def combinations(self, paths: Iterable[Path]) -> Combinations:
        """The distinct combinations of the values of several fields."""
        fields = [self.encoded(path) for path in paths]
        codes = np.zeros(self.count, dtype=np.int64)
        size = 1
        for field in fields:
            size *= max(len(field.values), 1)
            if size > MAX_COMBINATIONS:
                codes, size = _compact(codes), self.count * len(field.values)
            codes = codes * len(field.values) + field.codes
        return _distinct(codes, fields)


@dataclass(frozen=True)
class Combinations:
    """`rows[i]` contains the value code of each field in combination i; `indices` has the combination of each person."""

    indices: np.ndarray
    rows: np.ndarray

    def counts(self) -> np.ndarray:
        """The number of people per combination."""
        return np.bincount(self.indices, minlength=len(self.rows))


def _plain_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A single array of a basic type: DuckDB returns JSON as an extension type, other sources return large strings."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole.type, pa.BaseExtensionType):
        whole = whole.storage
    return whole.cast(pa.string()) if pa.types.is_large_string(whole.type) or pa.types.is_string_view(whole.type) else whole


def _compact(codes: np.ndarray) -> np.ndarray:
    return np.asarray(pa.array(codes).dictionary_encode().indices.to_numpy(zero_copy_only=False), np.int64)


def _distinct(codes: np.ndarray, fields: list[EncodedField]) -> Combinations:
    encoded = pa.array(codes).dictionary_encode()
    indices = encoded.indices.to_numpy(zero_copy_only=False)
    first = np.empty(len(encoded.dictionary), dtype=np.int64)
    first[indices[::-1]] = np.arange(len(codes) - 1, -1, -1)
    rows = (
        np.stack([field.codes[first] for field in fields], axis=1) if fields else np.zeros((len(first), 0), dtype=np.int64)
    )
    return Combinations(indices, rows)


def _encode(column: pa.Array, path: Path) -> EncodedField:
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    encoded = plain.dictionary_encode(null_encoding="encode")
    try:
        keys = encoded.dictionary.to_pylist()
    except (ValueError, OverflowError):
        raise PlanError(
            f"contains times outside the calendar: {path[0]}.",
            where="people given to the template",
            remedy="Quarantine them.",
        ) from None
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return EncodedField(codes, [as_value(key, path) for key in keys], keys)


def _parse_object(text: Any) -> dict[str, Any]:
    """The object as a dict; empty if the text is not a JSON object."""
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def person_batch(person: dict[str, Any], fields: Iterable[str]) -> pa.RecordBatch:
    """A single person as columns, for previews; missing fields are null."""
    columns = {}
    for name in sorted(fields):
        value = person.get(name)
        if name in JSON_FIELDS and isinstance(value, dict):
            value = orjson.dumps(value).decode()
        if isinstance(value, str):
            value = value.encode("utf-8", "replace").decode()
        columns[name] = pa.array([value], type=PERSON_FIELDS[name])
    return pa.RecordBatch.from_pydict(columns)
