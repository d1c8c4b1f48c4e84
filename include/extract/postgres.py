"""A PostgreSQL database as source: read by COPY into Arrow, in one read-only transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import adbc_driver_postgresql.dbapi as postgres
import pyarrow as pa
from adbc_driver_manager import Error

from include.core.errors import SourceError, SourceUnavailable
from include.extract.columns import match_columns
from include.extract.contract import Relation
from include.extract.mapping import landing_query, relation_query

# COPY takes no parameters, so the time is passed as a session setting. An index on the column is used.
_BY_TIME = "({column} >= current_setting('tradewind.since')::timestamptz or {column} is null)"
# Casting text fails on the first invalid value, so text is compared as text, with a day's margin; other values are read too.
_BY_TEXT = (
    "({column} collate \"C\" >= current_setting('tradewind.since_day') "
    "or {column} !~ '^(19|20)[0-9]{{2}}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])' or {column} is null)"
)
# Permanent errors. Class 28: authorisation; 3D: unknown database; 42: unknown table or column, or no right to read it.
_PERMANENT = ("28", "3D", "42")


LOCK_SECONDS = 60
"""A table that is locked for longer, by a migration of its owner for example, is unavailable."""
TIMEOUTS = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""Seconds until a host that does not answer, or no longer answers, is an error: libpq waits for minutes, or for ever."""


class PostgresSource:
    """Columns may have any type: PostgreSQL converts them to text, times in UTC and ISO 8601."""

    is_partial = False

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.location = f"postgresql {parts.hostname or 'localhost'}{f':{parts.port}' if parts.port else ''}{parts.path}"
        self._types: dict[str, pa.DataType] = {}
        with self._translated_errors("cannot be reached"):
            self._connection = postgres.connect(_with_timeouts(url))
            self._cursor = self._connection.cursor()
            self._execute(f"set lock_timeout = '{LOCK_SECONDS}s'")
            self._execute("set transaction isolation level repeatable read, read only")
            self._execute("set timezone = 'UTC'")
            self._execute("set datestyle = 'ISO, YMD'")

    def has_relation(self, relation: Relation) -> bool:
        with self._translated_errors("does not respond"):
            self._cursor.execute("select to_regclass($1) is not null", (relation.name,))
            return bool((self._cursor.fetchone() or (False,))[0])

    def files(self, relation: Relation) -> list[str]:  # noqa: ARG002  (a database has no files of a relation)
        return []

    def columns(self, relation: Relation) -> dict[str, str]:
        with self._translated_errors(f"cannot run the query of {relation.name}"):
            self._cursor.execute(f"select * from (\n{relation_query(relation)}\n) as source limit 0")
            schema = self._cursor.fetch_arrow_table().schema
        cursor = match_columns(relation, schema.names).get(relation.cursor)
        self._types[relation.name] = schema.field(cursor).type if cursor else pa.null()
        return {field.name: str(field.type) for field in schema}

    def batches(self, relation: Relation, found: Collection[str], since: datetime | None) -> Iterator[pa.RecordBatch]:
        query = landing_query(relation, found, self.location, _predicate(self._types[relation.name]), since)
        with self._translated_errors(f"failed while {relation.name} was read"):
            if since:
                day = (since - timedelta(days=1)).date().isoformat()
                for name, value in (("tradewind.since", since.isoformat()), ("tradewind.since_day", day)):
                    self._cursor.execute("select set_config($1, $2, false)", (name, value))
                    self._cursor.fetchall()
            self._execute(query)
            yield from self._cursor.fetch_record_batch()

    def close(self) -> None:
        self._cursor.close()
        self._connection.close()

    def _execute(self, query: str) -> None:
        self._cursor.execute(query)

    @contextmanager
    def _translated_errors(self, what: str) -> Iterator[None]:
        """PostgreSQL's messages may quote values and the driver's the connection URL: only the SQLSTATE is reported."""
        try:
            yield
        except (Error, OSError, pa.ArrowException) as error:
            state = _state(error)
            kind = SourceError if state.startswith(_PERMANENT) or _is_rejected(error) else SourceUnavailable
            raise kind(
                f"{what} (SQLSTATE {state or 'none'}).",
                where=self.location,
                remedy="Check host, port, user, password and permissions of the connection subscribers_source.",
            ) from None


def _with_timeouts(url: str) -> str:
    """The URL with `TIMEOUTS`, apart from those that it names.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    """
    parts = urlsplit(url)
    named = dict(parse_qsl(parts.query))
    missing = urlencode({name: seconds for name, seconds in TIMEOUTS.items() if name not in named})
    return parts._replace(query="&".join(filter(None, (parts.query, missing)))).geturl()


def _predicate(kind: pa.DataType) -> str | None:
    """The condition for changes, by the cursor column's type; None (read all) for types that are not times."""
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _BY_TIME
    return _BY_TEXT if pa.types.is_string(kind) or pa.types.is_large_string(kind) else None


def _state(error: Any) -> str:
    return str(getattr(error, "sqlstate", None) or "").strip("\x00")


def _is_rejected(error: Exception) -> bool:
    """Whether the server rejected the connection: such an error has no SQLSTATE, only a message."""
    return any(message in str(error) for message in ("authentication failed", "does not exist", "no pg_hba.conf entry"))
