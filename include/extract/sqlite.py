"""A SQLite file as source, opened read only."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote

import pyarrow as pa

from include.core.errors import SourceError, SourceUnavailable
from include.extract.contract import Relation
from include.extract.mapping import landing_query, relation_query

BATCH_ROWS = 20_000
MISSING_FILE_REMEDY = (
    "Fix the path of the connection subscribers_source. Its default is the demo shop, which `make up` creates."
)
# julianday() is null for a value that is not a date: such a row is always read, so that validation can quarantine it.
SINCE = "coalesce(julianday({column}) >= julianday($since), true)"


class SqliteSource:
    """Columns may have any type or none: all are read as text."""

    is_partial = False

    def __init__(self, path: str) -> None:
        file = Path(unquote(path)).absolute()
        self.location = f"sqlite {file}"
        if not file.is_file():
            raise SourceError("the file does not exist.", where=self.location, remedy=MISSING_FILE_REMEDY)
        with self._translated_errors():
            self._connection = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)
            self._connection.execute("select count(*) from sqlite_master")
        self._connection.text_factory = bytes

    def has_relation(self, relation: Relation) -> bool:
        with self._translated_errors():
            found = self._connection.execute("select 1 from sqlite_master where lower(name) = ?", (relation.name,))
            return found.fetchone() is not None

    def files(self, relation: Relation) -> list[str]:  # noqa: ARG002  (a database has no files of a relation)
        return []

    def columns(self, relation: Relation) -> dict[str, str]:
        with self._translated_errors():
            query = f"select * from (\n{relation_query(relation)}\n) as source limit 0"
            names = [part[0] for part in self._connection.execute(query).description]
            declared = self._connection.execute("select lower(name), type from pragma_table_info(?)", (relation.name,))
            types = {name.decode("utf-8", "replace"): kind.decode("utf-8", "replace") for name, kind in declared}
        return {name: types.get(name.lower(), "") for name in names}

    def batches(self, relation: Relation, found: Collection[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        query = landing_query(relation, found, self.location, SINCE, since)
        with self._translated_errors():
            cursor = self._connection.execute(query, {"since": since.isoformat()} if since else {})
            while rows := cursor.fetchmany(BATCH_ROWS):
                columns = [_as_text(pa.array(column, pa.binary())) for column in zip(*rows, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, names=list(relation.columns))

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """SQLite's messages name tables, columns and files, never values, so they are reported."""
        try:
            yield
        except sqlite3.Error as error:
            if "locked" in str(error) or "busy" in str(error):
                raise SourceUnavailable(
                    f"{error}.", where=self.location, remedy="Retry when the other process has finished writing."
                ) from None
            raise SourceError(
                f"{error}.", where=self.location, remedy="Check that it is a SQLite file with the contract's relations."
            ) from None


def _as_text(raw: pa.Array) -> pa.Array:
    """Bytes as strings. Bytes that are not UTF-8 become U+FFFD, which validation quarantines."""
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        decoded = (None if value is None else value.decode("utf-8", "replace") for value in raw.to_pylist())
        return pa.array(decoded, pa.string())
