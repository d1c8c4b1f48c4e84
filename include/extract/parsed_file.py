"""A text file that was parsed record by record: readable records as Parquet, and a list of the lines that are not records.

Of an unreadable line only its number and, where it can be read, its key are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

BATCH_ROWS = 20_000
UNREADABLE_SCHEMA = pa.schema([("key", pa.string()), ("location", pa.string())])
_KEY = re.compile(r"[^\s@\ufffd]{1,200}")
T = TypeVar("T")


@dataclass(frozen=True)
class ParsedFile:
    """The result, as Parquet files. `unreadable` has the columns key and location (`<file>:<line>`).

    `is_empty`: there is no line of which columns could be known.
    """

    rows: tuple[Path, ...]
    unreadable: Path
    unreadable_count: int
    is_empty: bool = False


@dataclass(frozen=True)
class UnreadableLine:
    """A line that is not a row. A CSV header is line 1."""

    line: int
    key: str | None


def plausible_key(text: str) -> str | None:
    """The text if it may be a key, and is surely no address and no name with a space; else None."""
    value = text.strip()
    return value if _KEY.fullmatch(value) else None


def batched(records: Iterator[T]) -> Iterator[list[T]]:
    """The records in lists of at most `BATCH_ROWS`."""
    while batch := list(islice(records, BATCH_ROWS)):
        yield batch


def text_table(rows: Sequence[Sequence[str | None]], schema: pa.Schema) -> pa.Table:
    """Rows as a table of text."""
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], schema=schema)


def unreadable_table(lines: Sequence[UnreadableLine], file_name: str) -> pa.Table:
    """Unreadable lines as rows of `UNREADABLE_SCHEMA`."""
    return text_table([[one.key, f"{file_name}:{one.line}"] for one in lines], UNREADABLE_SCHEMA)
