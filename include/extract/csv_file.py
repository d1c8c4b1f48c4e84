"""One CSV file: its header, its delimiter, and whether DuckDB can read it unchanged.

The delimiter is detected in the header line only: DuckDB's sniffer reads rows too, and may skip one with a '#' as a comment.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from include.core.errors import SourceError, SourceUnavailable
from include.extract.columns import match_columns, quote_identifier
from include.extract.contract import Relation

DELIMITERS = (",", ";", "\t", "|")
MAX_HEADER = 65_536


@dataclass(frozen=True)
class CsvFile:
    """`columns` have the contract's names where they match. `header` is the first line as bytes, with its line end."""

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    header: bytes

    def relation(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """All rows as text, in file order. Reading fails at the first line that does not match the header."""
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
        """Whether every line is one readable row. A value with line breaks is not plain: it may contain whole rows."""
        multiline = " or ".join(f"contains({quote_identifier(name)}, chr(10))" for name in self.columns)
        try:
            found = self.relation(connection).aggregate(f"count(*) filter (where {multiline})").fetchone()
        except duckdb.IOException:
            raise
        except duckdb.Error:
            return False
        return found == (0,)


def open_csv(path: Path, relation: Relation) -> CsvFile:
    """Read a file's header. Raises `SourceUnavailable` where the file is missing, `SourceError` where it has no header."""
    line = _first_line(path, relation.name)
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _header_error(path, relation.name) from None
    choices = [(delimiter, _cells(text, delimiter)) for delimiter in DELIMITERS]
    delimiter, cells = max(choices, key=lambda choice: (len(match_columns(relation, choice[1])), len(choice[1])))
    lowered = [name.lower() for name in cells]
    if not any(cells) or len(set(lowered)) != len(lowered):
        raise _header_error(path, relation.name)
    contract_names = {name: column for column, name in match_columns(relation, cells).items()}
    columns = tuple(contract_names.get(name, name or f"unnamed_{number}") for number, name in enumerate(cells))
    return CsvFile(path, delimiter, columns, line)


def _first_line(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.readline(MAX_HEADER)
    except FileNotFoundError:
        raise file_missing_error(path, name) from None
    except OSError as error:
        raise SourceError(
            f"a file of {name} cannot be opened ({error.strerror}).", where=str(path), remedy="Check its permissions."
        ) from None


def file_missing_error(path: Path, name: str) -> SourceUnavailable:
    """The error for a file that disappeared after the folder was listed."""
    return SourceUnavailable(
        f"a file of {name} disappeared after the folder was listed.",
        where=str(path),
        remedy="Let the export write to a temporary name and rename the finished file. The task is retried.",
    )


def file_changed_error(path: Path) -> SourceUnavailable:
    """The error for a file that is written to while it is read."""
    return SourceUnavailable(
        "changed while it was read.",
        where=str(path),
        remedy="Let the export write to a temporary name and rename the finished file. The task is retried.",
    )


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return []


def _header_error(path: Path, name: str) -> SourceError:
    return SourceError(
        f"a file of {name} does not start with a header line of distinct column names.",
        where=str(path),
        remedy="Export it as CSV in UTF-8 (not UTF-16), with the contract's column names in the first line.",
    )
