"""A PostgreSQL database as source: Arrow straight from COPY, in one read-only transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import adbc_driver_postgresql.dbapi as postgres
import pyarrow as pa
from adbc_driver_manager import Error

from include.core.errors import SourceError, SourceUnavailable
from include.extract.contract import Relation
from include.extract.headers import matched
from include.extract.mapping import query, statement

# A parameter would rule out COPY, so the time travels as a setting of the session. An index on the column is used.
_BY_TIME = "({column} >= current_setting('tradewind.since')::timestamptz or {column} is null)"
# Text cannot be cast without an error on the first garbage: a day's margin in text order, and all that is no ISO date.
_BY_TEXT = (
    "({column} collate \"C\" >= current_setting('tradewind.since_day') "
    "or {column} !~ '^(19|20)[0-9]{{2}}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])' or {column} is null)"
)
# Class 28: authorisation; 3D: no such database; 42: no such table, column or right to read. None of them mends itself.
_PERMANENT = ("28", "3D", "42")


class PostgresSource:
    """Columns may have any type: PostgreSQL writes each as text, times in UTC and ISO 8601."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.place = f"postgresql {parts.hostname or 'localhost'}{f':{parts.port}' if parts.port else ''}{parts.path}"
        self._types: dict[str, pa.DataType] = {}
        with self._explained("cannot be reached"):
            self._connection = postgres.connect(url)
            self._cursor = self._connection.cursor()
            self._execute("set transaction isolation level repeatable read, read only")
            self._execute("set timezone = 'UTC'")
            self._execute("set datestyle = 'ISO, YMD'")

    def has(self, relation: Relation) -> bool:
        with self._explained("does not answer"):
            self._cursor.execute("select to_regclass($1) is not null", (relation.name,))
            return bool((self._cursor.fetchone() or (False,))[0])

    def files(self, relation: Relation) -> list[str]:  # noqa: ARG002  (a database has no files of a relation)
        return []

    def columns(self, relation: Relation) -> list[str]:
        with self._explained(f"does not run the query of {relation.name}"):
            self._cursor.execute(f"select * from (\n{query(relation)}\n) as source limit 0")
            schema = self._cursor.fetch_arrow_table().schema
        changed = matched(relation, schema.names).get(relation.changed)
        self._types[relation.name] = schema.field(changed).type if changed else pa.null()
        return list(schema.names)

    def batches(self, relation: Relation, found: list[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        text = statement(relation, found, self.place, _predicate(self._types[relation.name]), since)
        with self._explained(f"broke off while {relation.name} was read"):
            if since:
                day = (since - timedelta(days=1)).date().isoformat()
                for name, value in (("tradewind.since", since.isoformat()), ("tradewind.since_day", day)):
                    self._cursor.execute("select set_config($1, $2, false)", (name, value))
                    self._cursor.fetchall()
            self._execute(text)
            yield from self._cursor.fetch_record_batch()

    def close(self) -> None:
        self._cursor.close()
        self._connection.close()

    def _execute(self, text: str) -> None:
        self._cursor.execute(text)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """PostgreSQL's messages may quote values and the driver's a connection text: only the SQLSTATE goes on."""
        try:
            yield
        except (Error, OSError, pa.ArrowException) as error:
            state = _state(error)
            kind = SourceError if state.startswith(_PERMANENT) or _refuses(error) else SourceUnavailable
            raise kind(
                f"{what} (SQLSTATE {state or 'none'}).",
                where=self.place,
                remedy="Check host, port, user, password and rights of the connection subscribers_source.",
            ) from None


def _predicate(kind: pa.DataType) -> str | None:
    """How to ask for changes, by the column's type; None (read all) for types that tell no time."""
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _BY_TIME
    return _BY_TEXT if pa.types.is_string(kind) or pa.types.is_large_string(kind) else None


def _state(error: Any) -> str:
    return str(getattr(error, "sqlstate", None) or "").strip("\x00")


def _refuses(error: Exception) -> bool:
    """A refusal at connection time comes without a SQLSTATE; the server's words are all there is."""
    return any(words in str(error) for words in ("authentication failed", "does not exist", "no pg_hba.conf entry"))
