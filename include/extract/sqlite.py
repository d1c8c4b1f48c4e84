"""A SQLite file as source, opened read only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote

import pyarrow as pa

from include.core.errors import SourceError, SourceUnavailable
from include.extract.contract import Relation
from include.extract.mapping import query, statement
from include.extract.text import as_text

ROWS = 20_000
NOT_THERE = (
    "Fix the path of the connection subscribers_source. Where nobody set it, this is the demo shop, which make up builds."
)
# julianday() is null for what is no date: such rows are always read, so that validation can refuse them by name.
SINCE = "coalesce(julianday({column}) >= julianday($since), true)"


class SqliteSource:
    """Columns may have any type or none: all is read as text."""

    def __init__(self, path: str) -> None:
        file = Path(unquote(path)).absolute()
        self.place = f"sqlite {file}"
        if not file.is_file():
            raise SourceError("there is no such file.", where=self.place, remedy=NOT_THERE)
        with self._explained():
            self._connection = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)
            self._connection.execute("select count(*) from sqlite_master")
        self._connection.text_factory = bytes

    def has(self, relation: Relation) -> bool:
        with self._explained():
            found = self._connection.execute("select 1 from sqlite_master where lower(name) = ?", (relation.name,))
            return found.fetchone() is not None

    def files(self, relation: Relation) -> list[str]:  # noqa: ARG002  (a database has no files of a relation)
        return []

    def columns(self, relation: Relation) -> list[str]:
        with self._explained():
            return [
                part[0]
                for part in self._connection.execute(f"select * from (\n{query(relation)}\n) as source limit 0").description
            ]

    def batches(self, relation: Relation, found: list[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        text = statement(relation, found, self.place, SINCE, since)
        with self._explained():
            cursor = self._connection.execute(text, {"since": since.isoformat()} if since else {})
            while rows := cursor.fetchmany(ROWS):
                columns = [as_text(pa.array(column, pa.binary())) for column in zip(*rows, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, names=list(relation.columns))

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """SQLite's errors name tables, columns and files, never values."""
        try:
            yield
        except sqlite3.Error as error:
            if "locked" in str(error) or "busy" in str(error):
                raise SourceUnavailable(f"{error}.", where=self.place, remedy="Try again when its writer is done.") from None
            raise SourceError(
                f"{error}.", where=self.place, remedy="Check that it is a SQLite file with the contract's relations."
            ) from None
