"""One CSV file: its header, its delimiter, and whether DuckDB can read it unchanged.

The delimiter is detected in the header line only: DuckDB's sniffer reads rows too, and may skip one with a '#' as a comment.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Any

import duckdb

from include.core.errors import SourceError
from include.extract.columns import match_columns, quote_identifier
from include.extract.contract import Relation
from include.extract.source_files import SourceFile, file_missing_error

DELIMITERS = (",", ";", "\t", "|")
MAX_HEADER = 65_536


@dataclass(frozen=True)
class CsvFile:
    """`columns` have the contract's names where they match. `header` is the first line as bytes, with its line end."""

    source: SourceFile
    delimiter: str
    columns: tuple[str, ...]
    header: bytes

    def relation(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """All rows as text, in file order. Reading fails at the first line that does not match the header."""
        columns: Any = dict.fromkeys(self.columns, "VARCHAR")
        return connection.read_csv(
            str(self.source.path),
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


def open_csv(file: SourceFile, relation: Relation, delimiter: str | None = None) -> CsvFile:
    """Read a file's header. Without `delimiter`, the one that finds most of the relation's columns is used.

    Raises `SourceUnavailable` where the file is missing, `SourceError` where it has no header.
    """
    line = _first_line(file)
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _header_error(file) from None
    choices = [(one, _cells(text, one)) for one in ((delimiter,) if delimiter else DELIMITERS)]
    chosen, cells = max(choices, key=lambda choice: (len(match_columns(relation, choice[1])), len(choice[1])))
    lowered = [name.lower() for name in cells]
    if not any(cells) or len(set(lowered)) != len(lowered):
        raise _header_error(file)
    contract_names = {name: column for column, name in match_columns(relation, cells).items()}
    columns = tuple(contract_names.get(name, name or f"unnamed_{number}") for number, name in enumerate(cells))
    return CsvFile(file, chosen, columns, line)


def _first_line(file: SourceFile) -> bytes:
    try:
        with file.path.open("rb") as content:
            return content.readline(MAX_HEADER)
    except FileNotFoundError:
        raise file_missing_error(file.label) from None
    except OSError as error:
        raise SourceError(
            f"cannot be opened ({error.strerror}).", where=file.label, remedy="Check its permissions."
        ) from None


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return []


def _header_error(file: SourceFile) -> SourceError:
    return SourceError(
        "does not start with a header line of distinct column names.",
        where=file.label,
        remedy="Export it as CSV in UTF-8, or name its encoding in the connection (?encoding=windows-1252), with the "
        "contract's column names in the first line.",
    )
