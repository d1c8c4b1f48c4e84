"""Searches the whole data folder and the ledger for a person's addresses: the proof that an erasure is complete.

Files are read as bytes, and what is encoded in them is decoded: Parquet, DuckDB, SQLite, gzip, zip. The search reads
streams, so that its memory does not depend on the size of a file.
"""

from __future__ import annotations

import gzip
import mmap
import re
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import duckdb
import pyarrow.parquet as pq
from sqlalchemy import String, Text, cast, select

from include.core.paths import DataPaths
from include.core.person import Person, address_pattern, contains_address
from include.ledger.database import Ledger
from include.ledger.tables import metadata

PIECE = 4 << 20
_OVERLAP = 2_000
"""Longer than any form of an address, so that one at the edge of two pieces is found."""
_ROWS = 10_000


def places(paths: DataPaths, ledger: Ledger, person: Person, *, skip: Iterable[Path] = ()) -> list[str]:
    """Where the person's addresses are found: files relative to the data folder, with table or column. Sorted.

    `skip` are files and folders that belong to others: the source's own database, and the request itself.
    """
    skipped = set(skip)
    files = [file for file in sorted(paths.root.rglob("*")) if file.is_file() and not file.is_symlink()]
    wanted = [file for file in files if file not in skipped and not skipped & set(file.parents)]
    found = [_shown(paths, person, file, store) for file in wanted for store in _stores_with(file, person)]
    return sorted({*found, *(f"ledger, {table}" for table in _ledger_tables(ledger, person))})


def is_in_file(file: Path, person: Person) -> bool:
    """Whether a file contains an address of the person, also encoded."""
    return any(_stores_with(file, person))


def redact(paths: DataPaths, person: Person, *, skip: Iterable[Path] = ()) -> int:
    """Overwrite the person's addresses with asterisks in text files (logs, pages); return the number of files.

    In place and with the same length, so that a process that is writing to the file is not disturbed.
    """
    skipped = set(skip)
    changed = 0
    for file in sorted(paths.root.rglob("*")):
        wanted = file.is_file() and not file.is_symlink() and file not in skipped and not skipped & set(file.parents)
        if wanted and _kind(file) == "" and _has_bytes(file, person):
            _overwrite(file, person)
            changed += 1
    return changed


def _shown(paths: DataPaths, person: Person, file: Path, store: str) -> str:
    """The place, for an error: without a name that contains an address."""
    parts = file.relative_to(paths.root).parts
    return f"{'/'.join('…' if contains_address(person, part.encode()) else part for part in parts)}, {store}"


def _stores_with(file: Path, person: Person) -> Iterator[str]:
    if contains_address(person, file.name.encode()):
        yield "its name"
    if _has_bytes(file, person):
        yield "its bytes"
    kind = _kind(file)
    if kind:
        yield from _DECODERS[kind](file, person)


def _has_bytes(file: Path, person: Person) -> bool:
    with file.open("rb") as stream:
        return _stream_has(stream, person)


def _stream_has(stream: IO[bytes] | gzip.GzipFile, person: Person) -> bool:
    before = b""
    while piece := stream.read(PIECE):
        if contains_address(person, before + piece):
            return True
        before = piece[-_OVERLAP:]
    return False


def _overwrite(file: Path, person: Person) -> None:
    pattern = re.compile(address_pattern(person).encode(), re.IGNORECASE)
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as content:
        for match in list(pattern.finditer(content)):
            for start, stop in (match.span(group) for group in range(1, pattern.groups + 1) if match.start(group) >= 0):
                content[start:stop] = b"*" * (stop - start)


def _kind(file: Path) -> str:
    with file.open("rb") as opened:
        head = opened.read(16)
    marks = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"PAR1": "parquet", b"SQLite format 3\0": "sqlite"}
    return "duckdb" if head[8:12] == b"DUCK" else next((kind for mark, kind in marks.items() if head.startswith(mark)), "")


def _gzip(file: Path, person: Person) -> Iterator[str]:
    with gzip.open(file) as stream:
        if _stream_has(stream, person):
            yield "decompressed"


def _zip(file: Path, person: Person) -> Iterator[str]:
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            with archive.open(name) as stream:
                if _stream_has(stream, person):
                    yield name


def _parquet(file: Path, person: Person) -> Iterator[str]:
    opened = pq.ParquetFile(file)
    found: set[str] = set()
    for batch in opened.iter_batches(_ROWS):
        found |= {name for name in batch.schema.names if _any(batch[name].to_pylist(), person)}
    yield from sorted(found)


def _duckdb(file: Path, person: Person) -> Iterator[str]:
    with duckdb.connect(str(file), read_only=True) as connection:
        listed = connection.execute("select schema_name, table_name from duckdb_tables() where not internal").fetchall()
        for schema, table in listed:
            rows = connection.execute(f'select * from "{schema}"."{table}"')
            if _any_row(iter(lambda rows=rows: rows.fetchmany(_ROWS), []), person):  # type: ignore[misc]
                yield f"{schema}.{table}"


def _sqlite(file: Path, person: Person) -> Iterator[str]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    connection.text_factory = bytes
    try:
        for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            rows = connection.execute(f'select * from "{name.decode()}"')
            if _any_row(iter(lambda rows=rows: rows.fetchmany(_ROWS), []), person):  # type: ignore[misc]
                yield name.decode()
    finally:
        connection.close()


_DECODERS = {"gzip": _gzip, "zip": _zip, "parquet": _parquet, "duckdb": _duckdb, "sqlite": _sqlite}


def _any_row(pages: Iterable[list[Any]], person: Person) -> bool:
    return any(_any((value for row in page for value in row), person) for page in pages)


def _any(values: Iterable[object], person: Person) -> bool:
    texts = (value if isinstance(value, bytes) else str(value).encode("utf-8", "replace") for value in values if value)
    return contains_address(person, b"\n".join(texts))


def _ledger_tables(ledger: Ledger, person: Person) -> Iterator[str]:
    """Tables of the ledger with the address, whichever database it is in."""
    with ledger.read() as connection:
        for table in metadata.sorted_tables:
            columns = [cast(column, Text) for column in table.columns if isinstance(column.type, (String, Text))]
            rows = connection.execute(select(*columns).execution_options(yield_per=_ROWS)) if columns else None
            if rows and _any_row((list(page) for page in rows.partitions(_ROWS)), person):
                yield table.name
