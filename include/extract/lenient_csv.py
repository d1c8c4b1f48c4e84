"""Parses a CSV file that DuckDB cannot read, record by record: readable records become rows, other lines a list of numbers.

A line that does not match the header affects no other line: an unclosed quote swallows nothing. In a row with bytes that are
not UTF-8, those bytes become U+FFFD. Of an unreadable line only its number and, where it can be read, its key are kept.
A last line that has too few values and no line end was cut off: the file is still being written.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from include.extract.csv_file import CsvFile
from include.extract.lines import MAX_LINE, LineReader
from include.extract.parsed_file import (
    UNREADABLE_SCHEMA,
    ParsedFile,
    UnreadableLine,
    batched,
    plausible_key,
    text_table,
    unreadable_table,
)
from include.extract.source_files import file_changed_error, file_incomplete_error

MAX_RECORD_LINES, MAX_RECORD = 500, 65_536
"""A quoted value with more lines or bytes than this is an unclosed quote."""
csv.field_size_limit(MAX_LINE)  # Its default is 128 KiB: a longer value would be unreadable instead of too long.

Record = list[str] | UnreadableLine


def parse_leniently(file: CsvFile, key_column: str, folder: Path, stem: str) -> ParsedFile:
    """Parse `file` into two Parquet files in `folder`. `key_column` is the contract's name of the relation's key.

    Raises `SourceUnavailable` if the last line is cut off.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows_path, unreadable_path = folder / f"{stem}.parquet", folder / f"{stem}-unreadable.parquet"
    schema = pa.schema([(name, pa.string()) for name in file.columns])
    count = 0
    with pq.ParquetWriter(rows_path, schema) as rows, pq.ParquetWriter(unreadable_path, UNREADABLE_SCHEMA) as unreadable:
        for batch in batched(_records(file, key_column)):
            rejected = [record for record in batch if isinstance(record, UnreadableLine)]
            rows.write_table(text_table([record for record in batch if isinstance(record, list)], schema))
            unreadable.write_table(unreadable_table(rejected, file.source.base_name))
            count += len(rejected)
    return ParsedFile((rows_path,), unreadable_path, count)


def _records(file: CsvFile, key_column: str) -> Iterator[Record]:
    """Every record after the header, or its unreadable lines."""
    key_index = file.columns.index(key_column) if key_column in file.columns else None
    with file.source.path.open("rb") as content:
        lines = LineReader(content)
        header = lines.read()
        if header is None or not header.startswith(file.header):
            raise file_changed_error(file.source.label)
        while (first := lines.read()) is not None:
            yield from _record(file, lines, lines.number, first, key_index)


def _record(file: CsvFile, lines: LineReader, number: int, first: bytes, key_index: int | None) -> Iterator[Record]:
    consumed = [first]
    try:
        cells = next(csv.reader(_text(lines, consumed), delimiter=file.delimiter, strict=True))
    except csv.Error:
        _check_not_cut_off(file, first)
        lines.put_back(consumed[1:])
        yield UnreadableLine(number, _key(file, first, key_index))
        return
    width = len(file.columns)
    if len(cells) == width + 1 and not cells[-1]:
        del cells[-1]
    if len(cells) == width and not any(_looks_like_row(file, line) for line in consumed[1:]):
        yield cells
    elif cells:
        if len(cells) < width:
            _check_not_cut_off(file, consumed[-1])
        yield UnreadableLine(number, _key(file, first, key_index))
        yield from (UnreadableLine(number + later, None) for later in range(1, len(consumed)))


def _check_not_cut_off(file: CsvFile, line: bytes) -> None:
    if not line.endswith((b"\n", b"\r")) and len(line) < MAX_LINE:
        raise file_incomplete_error(file.source.label, "its last line is cut off")


def _text(lines: LineReader, consumed: list[bytes]) -> Iterator[str]:
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
    return plausible_key(cells[key_index]) if key_index is not None and key_index < len(cells) else None
