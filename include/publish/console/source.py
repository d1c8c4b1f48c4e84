"""What views read: rows of the published file by SQL files, the query of the address, and the ledger's state."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import duckdb

from include.core import sqlfile
from include.core.pace import AccountPace
from include.publish.snapshot import Manifest
from include.warehouse.connection import fetch

STAGE = "publish"
_MART = re.compile(r"\bmarts\.([a-z_]+)")


class NotPublishedError(Exception):
    """The published file lacks a table or column that a view reads: an older version of Tradewind wrote it."""


@dataclass(frozen=True)
class HoldState:
    """A hold of the circuit breaker that is in force; `provider` is empty for the whole campaign."""

    campaign: str
    occurrence: str
    provider: str
    reason: str
    held_at: datetime


@dataclass(frozen=True)
class Live:
    """What holds at this moment: the account's pace, the mail of this day and hour, and the holds in force.

    None where it could not be read.
    """

    pace: AccountPace | None = None
    holds: Sequence[HoldState] | None = None
    sent_today: int | None = None
    sent_this_hour: int | None = None


class Source:
    """The data of one request."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        manifest: Manifest,
        query: Mapping[str, str],
        now: datetime,
        live: Callable[[], Live] = Live,
    ) -> None:
        """`query` is the query of the address, `live` reads the state of the ledger when a view asks for it."""
        self.manifest, self.now, self.live = manifest, now, live
        self._connection, self._query = connection, query

    def rows(self, name: str, **params: Any) -> list[dict[str, Any]]:
        """The rows of `include/sql/publish/<name>.sql`, as in `console/campaigns`.

        Raises `NotPublishedError` if the published file lacks a mart that the statement names, or one of its columns.
        """
        missing = self.missing(name)
        if missing:
            raise NotPublishedError(f"The published file has no table {' and no table '.join(missing)}.")
        try:
            rows: list[dict[str, Any]] = fetch(self._connection, STAGE, name, params).to_pylist()
        except duckdb.BinderException as error:
            raise NotPublishedError(f"The published file lacks a column that {STAGE}/{name}.sql reads.") from error
        return rows

    def missing(self, name: str) -> list[str]:
        """The marts that this SQL file names and the published file lacks."""
        named = set(_MART.findall(sqlfile.load(STAGE, name).statement))
        return sorted(f"marts.{table}" for table in named if table not in self.manifest["tables"])

    def value(self, name: str, default: str = "") -> str:
        """The value of a field of the address's query, without spaces around it."""
        return self._query.get(name, default).strip()[:200]

    def day(self, name: str) -> date | None:
        """The value of a field as a day; None if it is none."""
        try:
            return date.fromisoformat(self.value(name))
        except ValueError:
            return None

    def number(self, name: str, default: float, most: float) -> float:
        """The value of a field as a number from 0 to `most`; the default if it is none."""
        try:
            value = float(self.value(name).replace(",", "").replace(" ", ""))
        except ValueError:
            return default
        return value if 0 <= value <= most else default


def link(view: str, **values: object) -> str:
    """The address of a view of the console, relative to its other pages."""
    query = urlencode({name: value for name, value in values.items() if value not in (None, "")})
    return f"{view}?{query}" if query else view
