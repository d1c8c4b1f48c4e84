"""The simulator's SQLite database: a kill -9 loses nothing for which a response was sent.

Writes are functions of the connection. Waiting writes are committed together, and each caller continues after the commit.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")
FOLDER = Path(__file__).parent
SCHEMA_VERSION = 2
Change = Callable[[sqlite3.Connection], Any]


class PendingWrite(NamedTuple):
    """A change and the future of its result."""

    change: Change
    result: asyncio.Future[Any]


class Database:
    """One connection for writes and one for reads, each with its own thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = _open(folder / "simulator.sqlite")
        _create_or_upgrade(self._connection)
        self._reading = _open(folder / "simulator.sqlite")
        self._writer = ThreadPoolExecutor(1, "database-writer")
        self._reader = ThreadPoolExecutor(1, "database-reader")
        self._pending: list[PendingWrite] = []
        self._drain: asyncio.Task[None] | None = None

    def next_id(self, table: str, column: str = "id") -> int:
        """The next free number; read once at the start."""
        return int(self._connection.execute(f"select coalesce(max({column}), 0) + 1 from {table}").fetchone()[0])

    async def write(self, change: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `change` in a transaction; returns its result after the commit, or raises its exception."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        self._pending.append(PendingWrite(change, result))
        if self._drain is None or self._drain.done():
            self._drain = loop.create_task(self._commit_pending())
        return await result

    async def execute(self, sql: str, *parameters: Any) -> int:
        """Execute one statement; returns the number of changed rows."""
        return await self.write(lambda connection: connection.execute(sql, parameters).rowcount)

    async def read(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query as of the last commit."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, self._fetch, sql, parameters)

    async def value(self, sql: str, *parameters: Any) -> Any:
        """The first column of the first row; None without rows."""
        rows = await self.read(sql, *parameters)
        return next(iter(rows[0].values())) if rows else None

    async def close(self) -> None:
        """Wait for pending writes, then close."""
        while self._drain and not self._drain.done():
            await self._drain
        self._writer.shutdown()
        self._reader.shutdown()
        self._connection.close()
        self._reading.close()

    async def _commit_pending(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            batch, self._pending = self._pending, []
            outcomes = await loop.run_in_executor(self._writer, self._commit, [pending.change for pending in batch])
            for pending, outcome in zip(batch, outcomes, strict=True):
                _resolve(pending.result, outcome)

    def _commit(self, changes: Iterable[Change]) -> list[Any]:
        """Run all changes in one transaction; a failing change is rolled back alone."""
        outcomes: list[Any] = []
        self._connection.execute("begin immediate")
        for change in changes:
            self._connection.execute("savepoint one")
            try:
                outcomes.append(change(self._connection))
            except Exception as error:  # noqa: BLE001 - returned to the caller of `write`
                self._connection.execute("rollback to one")
                outcomes.append(error)
            self._connection.execute("release one")
        self._connection.execute("commit")
        return outcomes

    def _fetch(self, sql: str, parameters: tuple[Any, ...]) -> list[dict[str, Any]]:
        cursor = self._reading.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def _open(path: Path) -> sqlite3.Connection:
    """Without fsync: committed data survives a kill -9, but not a power failure, which is acceptable for a simulator."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30, cached_statements=256)
    for pragma in ("journal_mode = wal", "synchronous = off", "wal_autocheckpoint = 4000", "cache_size = -65536"):
        connection.execute(f"pragma {pragma}")
    return connection


def _create_or_upgrade(connection: sqlite3.Connection) -> None:
    """Create the tables of a new folder; bring those of an older simulator up to date."""
    version = connection.execute("pragma user_version").fetchone()[0]
    if connection.execute("select 1 from sqlite_master where name = 'requests'").fetchone():
        for later in range(version + 1, SCHEMA_VERSION + 1):
            connection.executescript((FOLDER / f"upgrade_{later}.sql").read_text(encoding="utf-8"))
            connection.execute(f"pragma user_version = {later}")
    connection.executescript((FOLDER / "schema.sql").read_text(encoding="utf-8"))
    connection.execute(f"pragma user_version = {SCHEMA_VERSION}")


def _resolve(future: asyncio.Future[Any], outcome: Any) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def increment_total(connection: sqlite3.Connection, name: str, by: int = 1) -> None:
    """Increment one of the persistent totals."""
    connection.execute(
        "insert into totals (name, value) values (?, ?) on conflict (name) do update set value = value + excluded.value",
        (name, by),
    )
