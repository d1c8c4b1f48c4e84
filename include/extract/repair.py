"""Read a CSV file line by line where DuckDB cannot: what is readable becomes a copy, what is not a list of line numbers.

A line that is not as the header says costs itself and no other: a quote that is never closed swallows nothing. Bytes that
are not UTF-8 show U+FFFD and their row stays. Nothing of an unreadable line is kept but its place and, where it can be
read, the key.
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

from include.extract.csvfile import CsvFile, changed

ROWS = 20_000
MAX_LINE = 4 * 1024 * 1024
MAX_RECORD_LINES, MAX_RECORD = 500, 65_536
"""A quoted value over more lines or bytes than this is a quote that somebody forgot to close."""
_KEY = re.compile(r"[^\s@\ufffd]{1,200}")


@dataclass(frozen=True)
class Copy:
    """What a file was taken apart into: two Parquet files, `unreadable` with the columns key and place."""

    rows: Path
    unreadable: Path
    lost: int


@dataclass(frozen=True)
class Unreadable:
    """A line that is not a row, by its number (the header is 1)."""

    line: int
    key: str | None


Record = list[str] | Unreadable


def repaired(file: CsvFile, key_column: str, folder: Path, stem: str) -> Copy:
    """Take `file` apart into `folder`. `key_column` is the contract's name of the relation's key."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = Copy(folder / f"{stem}.parquet", folder / f"{stem}-unreadable.parquet", 0)
    wanted = pa.schema([(name, pa.string()) for name in file.columns])
    told = pa.schema([("key", pa.string()), ("place", pa.string())])
    lost = 0
    with pq.ParquetWriter(copy.rows, wanted) as rows, pq.ParquetWriter(copy.unreadable, told) as unreadable:
        for piece in _batched(_records(file, key_column)):
            good = [record for record in piece if isinstance(record, list)]
            bad = [record for record in piece if isinstance(record, Unreadable)]
            rows.write_table(_table(good, wanted))
            unreadable.write_table(_table([[one.key, f"{file.path.name}:{one.line}"] for one in bad], told))
            lost += len(bad)
    return Copy(copy.rows, copy.unreadable, lost)


def _batched(records: Iterator[Record]) -> Iterator[list[Record]]:
    while piece := list(islice(records, ROWS)):
        yield piece


def _table(rows: Sequence[Sequence[str | None]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], schema=schema)


def _records(file: CsvFile, key_column: str) -> Iterator[Record]:
    """Every record after the header, or what stands for it."""
    place = file.columns.index(key_column) if key_column in file.columns else None
    with file.path.open("rb") as content:
        lines = _Lines(content)
        header = lines.take()
        if header is None or not header.startswith(file.header):
            raise changed(file.path)
        while (first := lines.take()) is not None:
            yield from _record(file, lines, lines.number, first, place)


def _record(file: CsvFile, lines: _Lines, number: int, first: bytes, place: int | None) -> Iterator[Record]:
    taken = [first]
    try:
        cells = next(csv.reader(_text(lines, taken), delimiter=file.delimiter, strict=True))
    except csv.Error:
        lines.put_back(taken[1:])
        yield Unreadable(number, _key(file, first, place))
        return
    width = len(file.columns)
    if len(cells) == width + 1 and not cells[-1]:
        del cells[-1]
    if len(cells) == width and not any(_is_row(file, line) for line in taken[1:]):
        yield cells
    elif cells:
        yield Unreadable(number, _key(file, first, place))
        yield from (Unreadable(number + later, None) for later in range(1, len(taken)))


def _text(lines: _Lines, taken: list[bytes]) -> Iterator[str]:
    """The record's first line and, as long as the reader asks, those that follow it; all of them are left in `taken`."""
    yield taken[0].decode("utf-8", "replace")
    size = len(taken[0])
    while len(taken) < MAX_RECORD_LINES and size < MAX_RECORD and (line := lines.take()) is not None:
        taken.append(line)
        size += len(line)
        yield line.decode("utf-8", "replace")


def _is_row(file: CsvFile, line: bytes) -> bool:
    """Whether a line within a quoted value is rather a row that the quote swallowed.

    It is not taken for one: somebody may have written it into a form.
    """
    return line.count(file.delimiter.encode()) >= max(len(file.columns) - 1, 3)


def _key(file: CsvFile, line: bytes, place: int | None) -> str | None:
    try:
        cells = next(csv.reader([line.decode("utf-8", "replace")], delimiter=file.delimiter), [])
    except csv.Error:
        return None
    value = cells[place].strip() if place is not None and place < len(cells) else ""
    return value if _KEY.fullmatch(value) else None


class _Lines:
    """Lines as they stand in a file, some of which may be put back. `number` is that of the line taken last."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._back: deque[bytes] = deque()
        self.number = 0

    def take(self) -> bytes | None:
        line = self._back.popleft() if self._back else self._read()
        self.number += line is not None
        return line

    def put_back(self, lines: Sequence[bytes]) -> None:
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)

    def _read(self) -> bytes | None:
        line = self._file.readline(MAX_LINE)
        rest = line
        while len(rest) == MAX_LINE and not rest.endswith(b"\n"):
            rest = self._file.readline(MAX_LINE)
        return line or None
