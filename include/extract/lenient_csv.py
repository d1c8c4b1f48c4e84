"""Parses a CSV file that DuckDB cannot read, record by record: readable records become rows, other lines a list of numbers.

A line that does not match the header affects no other line: an unclosed quote swallows nothing. In a row with bytes that are
not UTF-8, those bytes become U+FFFD. Of an unreadable line only its number and, where it can be read, its key are kept.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from include.extract.csv_file import CsvFile, file_changed_error

BATCH_ROWS = 20_000
MAX_LINE = 4 * 1024 * 1024
MAX_RECORD_LINES, MAX_RECORD = 500, 65_536
"""A quoted value with more lines or bytes than this is an unclosed quote."""
_KEY = re.compile(r"[^\s@\ufffd]{1,200}")


@dataclass(frozen=True)
class ParsedCsv:
    """The result: two Parquet files. `unreadable` has the columns key and location (`<file>:<line>`)."""

    rows: Path
    unreadable: Path
    unreadable_count: int


@dataclass(frozen=True)
class UnreadableLine:
    """A line that is not a row. The header is line 1."""

    line: int
    key: str | None


Record = list[str] | UnreadableLine


def parse_leniently(file: CsvFile, key_column: str, folder: Path, stem: str) -> ParsedCsv:
    """Parse `file` into two Parquet files in `folder`. `key_column` is the contract's name of the relation's key."""
    folder.mkdir(parents=True, exist_ok=True)
    rows_path, unreadable_path = folder / f"{stem}.parquet", folder / f"{stem}-unreadable.parquet"
    row_schema = pa.schema([(name, pa.string()) for name in file.columns])
    unreadable_schema = pa.schema([("key", pa.string()), ("location", pa.string())])
    count = 0
    with pq.ParquetWriter(rows_path, row_schema) as rows, pq.ParquetWriter(unreadable_path, unreadable_schema) as unreadable:
        for batch in _batched(_records(file, key_column)):
            readable = [record for record in batch if isinstance(record, list)]
            rejected = [record for record in batch if isinstance(record, UnreadableLine)]
            rows.write_table(_table(readable, row_schema))
            locations = [[one.key, f"{file.path.name}:{one.line}"] for one in rejected]
            unreadable.write_table(_table(locations, unreadable_schema))
            count += len(rejected)
    return ParsedCsv(rows_path, unreadable_path, count)


def _batched(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, BATCH_ROWS)):
        yield batch


def _table(rows: Sequence[Sequence[str | None]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], schema=schema)


def _records(file: CsvFile, key_column: str) -> Iterator[Record]:
    """Every record after the header, or its unreadable lines."""
    key_index = file.columns.index(key_column) if key_column in file.columns else None
    with file.path.open("rb") as content:
        lines = _LineReader(content)
        header = lines.read()
        if header is None or not header.startswith(file.header):
            raise file_changed_error(file.path)
        while (first := lines.read()) is not None:
            yield from _record(file, lines, lines.number, first, key_index)


def _record(file: CsvFile, lines: _LineReader, number: int, first: bytes, key_index: int | None) -> Iterator[Record]:
    consumed = [first]
    try:
        cells = next(csv.reader(_text(lines, consumed), delimiter=file.delimiter, strict=True))
    except csv.Error:
        lines.put_back(consumed[1:])
        yield UnreadableLine(number, _key(file, first, key_index))
        return
    width = len(file.columns)
    if len(cells) == width + 1 and not cells[-1]:
        del cells[-1]
    if len(cells) == width and not any(_looks_like_row(file, line) for line in consumed[1:]):
        yield cells
    elif cells:
        yield UnreadableLine(number, _key(file, first, key_index))
        yield from (UnreadableLine(number + later, None) for later in range(1, len(consumed)))


def _text(lines: _LineReader, consumed: list[bytes]) -> Iterator[str]:
    """The record's first line and, while the CSV reader asks for more, the following ones; each is added to `consumed`."""
    yield consumed[0].decode("utf-8", "replace")
    size = len(consumed[0])
    while len(consumed) < MAX_RECORD_LINES and size < MAX_RECORD and (line := lines.read()) is not None:
        consumed.append(line)
        size += len(line)
        yield line.decode("utf-8", "replace")


def _looks_like_row(file: CsvFile, line: bytes) -> bool:
    """Whether a line in a quoted value is probably a row that an unclosed quote swallowed.

    It is never parsed as a row: a visitor may have typed it into a form.
    """
    return line.count(file.delimiter.encode()) >= max(len(file.columns) - 1, 3)


def _key(file: CsvFile, line: bytes, key_index: int | None) -> str | None:
    try:
        cells = next(csv.reader([line.decode("utf-8", "replace")], delimiter=file.delimiter), [])
    except csv.Error:
        return None
    value = cells[key_index].strip() if key_index is not None and key_index < len(cells) else ""
    return value if _KEY.fullmatch(value) else None


class _LineReader:
    """Reads lines as bytes and lets the caller put some back. `number` is that of the last line read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._pending: deque[bytes] = deque()
        self.number = 0

    def read(self) -> bytes | None:
        line = self._pending.popleft() if self._pending else self._read_file()
        self.number += line is not None
        return line

    def put_back(self, lines: Sequence[bytes]) -> None:
        self._pending.extendleft(reversed(lines))
        self.number -= len(lines)

    def _read_file(self) -> bytes | None:
        line = self._file.readline(MAX_LINE)
        rest = line
        while len(rest) == MAX_LINE and not rest.endswith(b"\n"):
            rest = self._file.readline(MAX_LINE)
        return line or None
