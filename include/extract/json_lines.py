"""Parses a file of JSON lines (one object per line, RFC 8259) into Parquet of text, as the source has it.

A line that is not one object is reported by its number and affects no other line; so is an object that answers the same
question twice (`"status"` and `"Status"`), because nobody can tell which answer counts. Numbers keep their digits, nested
objects and lists become JSON text. Objects may have different keys; each key is a column, whatever its case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.core.errors import SourceError
from include.extract.contract import Relation
from include.extract.lines import MAX_LINE, LineReader
from include.extract.parsed_file import (
    UNREADABLE_SCHEMA,
    ParsedFile,
    UnreadableLine,
    batched,
    plausible_key,
    unreadable_table,
)
from include.extract.source_files import SourceFile, file_incomplete_error

MAX_COLUMNS = 500
MAX_KEY = 200
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
Record = dict[str, Any]


class _Repeated(dict[str, Any]):
    """An object that has a key more than once; `pairs` are all of them."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


@dataclass
class _Columns:
    """The columns found so far: lower-case key → name. A key that matches the contract has the contract's name."""

    relation: Relation
    names: dict[str, str] = field(default_factory=dict)

    def named(self, found: Record) -> Record | None:
        """The object with column names for keys. None if two keys are the same column, or one is no name."""
        record = {self._name(key): value for key, value in found.items()}
        return record if len(record) == len(found) and "" not in record else None

    def _name(self, key: str) -> str:
        name = self.names.get(folded := key.strip().lower())
        if name is None:
            if not 0 < len(folded) <= MAX_KEY or not folded.isprintable():
                return ""
            name = self.names[folded] = folded if folded in self.relation.columns else key.strip()
        return name


def parse_json_lines(
    file: SourceFile, relation: Relation, folder: Path, stem: str, fields: tuple[str, ...] = ()
) -> ParsedFile:
    """Parse `file` into Parquet files in `folder`: one for all rows, and one more whenever a later object has a new key.

    `fields` are columns in any case, even if no object has the key.
    Raises `SourceUnavailable` if the last line is cut off, `SourceError` if no line is an object or there are more than
    `MAX_COLUMNS` keys.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns, rows = _Columns(relation), _RowFiles(folder, stem)
    columns.named(dict.fromkeys(fields))
    read = rejected_count = 0
    unreadable_path = folder / f"{stem}-unreadable.parquet"
    with rows, pq.ParquetWriter(unreadable_path, UNREADABLE_SCHEMA) as unreadable:
        for batch in batched(_records(file, columns)):
            rejected = [record for record in batch if isinstance(record, UnreadableLine)]
            if len(columns.names) > MAX_COLUMNS:
                raise _too_many_columns_error(file)
            rows.write([record for record in batch if isinstance(record, dict)], list(columns.names.values()))
            unreadable.write_table(unreadable_table(rejected, file.base_name))
            read, rejected_count = read + len(batch), rejected_count + len(rejected)
        if read and read == rejected_count:
            raise _no_object_error(file)
        if not read:
            rows.write([], list(relation.columns))
    return ParsedFile(tuple(rows.paths), unreadable_path, rejected_count, is_empty=not read)


class _RowFiles:
    """Writes rows to Parquet; a file has fixed columns, so a new column starts the next file."""

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder, self._stem = folder, stem
        self._columns: list[str] = []
        self._writer: pq.ParquetWriter | None = None
        self.paths: list[Path] = []

    def __enter__(self) -> _RowFiles:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer:
            self._writer.close()

    def write(self, records: list[Record], columns: list[str]) -> None:
        schema = pa.schema([(name, pa.string()) for name in columns])
        if self._writer is None or columns != self._columns:
            self.__exit__()
            self._columns = columns
            self.paths.append(self._folder / f"{self._stem}-{len(self.paths)}.parquet")
            self._writer = pq.ParquetWriter(self.paths[-1], schema)
        values = ([_text(record.get(name)) for record in records] for name in columns)
        self._writer.write_table(pa.Table.from_arrays([_array(column) for column in values], schema=schema))


def _records(file: SourceFile, columns: _Columns) -> Iterator[Record | UnreadableLine]:
    """Every line as an object with column names for keys, or as unreadable. Blank lines are skipped."""
    key = re.compile(rf'"\s*{columns.relation.key}\s*"\s*:\s*(?:"([^"\\]*)"|(-?\d+)(?=[,}}\s]))', re.IGNORECASE)
    with file.path.open("rb") as content:
        lines = LineReader(content)
        while (line := lines.read()) is not None:
            text = (line.removeprefix(_BYTE_ORDER_MARK) if lines.number == 1 else line).decode("utf-8", "replace").strip()
            if not text:
                continue
            is_whole = len(line) < MAX_LINE
            found = _object(text) if is_whole else None
            record = None if found is None else columns.named(found)
            if record is None and is_whole and text[0] == "{" and text[-1] != "}" and not line.endswith(b"\n"):
                raise file_incomplete_error(file.label, "its last line is cut off")
            yield UnreadableLine(lines.number, _key(key, text)) if record is None else record


def _object(text: str) -> Record | None:
    """The JSON object of a line; None if it is anything else, or has a key twice."""
    try:
        found = decode(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and not isinstance(found, _Repeated) else None


def _pairs(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeated(pairs)


def _refuse_constant(_: str) -> Any:
    raise ValueError  # NaN and Infinity are not JSON.


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=Decimal, parse_constant=_refuse_constant)


def decode(text: str) -> Any:
    """Any JSON text, decoded so that `json_line` loses nothing of it. Raises `ValueError` or `RecursionError`."""
    return _DECODER.decode(text)


def json_line(item: Any) -> bytes:
    """A decoded item as a line that lands like the item itself, with its digits and repeated keys."""
    if not isinstance(item, dict):
        return json.dumps(item, default=float).encode() + b"\n"
    pairs = item.pairs if isinstance(item, _Repeated) else item.items()
    values = ((key, str(value) if isinstance(value, Decimal) else value) for key, value in pairs)
    return f"{{{', '.join(f'{json.dumps(key)}: {json.dumps(value, default=float)}' for key, value in values)}}}\n".encode()


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=float)


def _array(values: list[str | None]) -> pa.Array:
    """Text as Arrow. A lone surrogate, which JSON can escape and UTF-8 cannot encode, becomes U+FFFD."""
    try:
        return pa.array(values, pa.string())
    except (UnicodeEncodeError, pa.ArrowException):
        plain = (value and value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for value in values)
        return pa.array(list(plain), pa.string())


def _key(pattern: re.Pattern[str], text: str) -> str | None:
    """The key in an unreadable line, if it occurs exactly once."""
    found = [quoted or number for quoted, number in pattern.findall(text)]
    return plausible_key(found[0]) if len(found) == 1 else None


def _too_many_columns_error(file: SourceFile) -> SourceError:
    return SourceError(
        f"its objects have more than {MAX_COLUMNS} different keys.",
        where=file.label,
        remedy="Put values with changing names into one object, such as attributes.",
    )


def _no_object_error(file: SourceFile) -> SourceError:
    return SourceError(
        "no line is a JSON object.",
        where=file.label,
        remedy="Export JSON lines: one object per line, without a list around them and without line breaks in an object.",
    )
