"""One CSV file: its header, its delimiter, and whether DuckDB can read it as it is.

The delimiter is told from the header alone and never from rows: DuckDB's sniffer may take a '#' in a row for a comment and
leave the row out.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from include.core.errors import SourceError, SourceUnavailable
from include.extract.contract import Relation
from include.extract.headers import matched, quoted

DELIMITERS = (",", ";", "\t", "|")
MAX_HEADER = 65_536


@dataclass(frozen=True)
class CsvFile:
    """`columns` carry the contract's names where they match. `header` is the first line's bytes, with its end."""

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    header: bytes

    def relation(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """All rows as text, in the file's order. Reading them fails at the first line that is not as the header says."""
        columns: Any = dict.fromkeys(self.columns, "VARCHAR")
        return connection.read_csv(
            str(self.path),
            header=True,
            auto_detect=False,
            columns=columns,
            delimiter=self.delimiter,
            quotechar='"',
            escapechar='"',
        )

    def is_plain(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether every line is one readable row. A value over several lines is not plain: it may hold swallowed rows."""
        several = " or ".join(f"contains({quoted(name)}, chr(10))" for name in self.columns)
        try:
            found = self.relation(connection).aggregate(f"count(*) filter (where {several})").fetchone()
        except duckdb.IOException:
            raise
        except duckdb.Error:
            return False
        return found == (0,)


def opened(path: Path, relation: Relation) -> CsvFile:
    """Read a file's header. Raises `SourceUnavailable` where the file is gone, `SourceError` where it has no header."""
    line = _first_line(path, relation.name)
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _no_header(path, relation.name) from None
    choices = [(delimiter, _cells(text, delimiter)) for delimiter in DELIMITERS]
    delimiter, cells = max(choices, key=lambda choice: (len(matched(relation, choice[1])), len(choice[1])))
    lowered = [name.lower() for name in cells]
    if not any(cells) or len(set(lowered)) != len(lowered):
        raise _no_header(path, relation.name)
    own = {name: column for column, name in matched(relation, cells).items()}
    columns = tuple(own.get(name, name or f"unnamed_{number}") for number, name in enumerate(cells))
    return CsvFile(path, delimiter, columns, line)


def _first_line(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.readline(MAX_HEADER)
    except FileNotFoundError:
        raise vanished(path, name) from None
    except OSError as error:
        raise SourceError(
            f"a file of {name} cannot be opened ({error.strerror}).", where=str(path), remedy="Check its rights."
        ) from None


def vanished(path: Path, name: str) -> SourceUnavailable:
    """The error for a file that was listed and is not there any more."""
    return SourceUnavailable(
        f"a file of {name} was there when the folder was listed and is gone.",
        where=str(path),
        remedy="Let the export put whole files in place by renaming them; this is tried again.",
    )


def changed(path: Path) -> SourceUnavailable:
    """The error for a file that is written to while it is read."""
    return SourceUnavailable(
        "changed while it was read.",
        where=str(path),
        remedy="Let the export put whole files in place by renaming them; this is tried again.",
    )


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return []


def _no_header(path: Path, name: str) -> SourceError:
    return SourceError(
        f"a file of {name} does not begin with one line of different column names.",
        where=str(path),
        remedy="Write it as CSV in UTF-8 (not UTF-16), with the contract's column names in its first line.",
    )
