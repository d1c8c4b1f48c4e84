"""Opening the ledger: SQLite (WAL, synchronous=FULL) by default, PostgreSQL by another URL."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from include.core.errors import ConfigurationError
from include.core.secrets import Secrets
from include.ledger import schema
from include.ledger.consent_chain import chain_key
from include.ledger.database_errors import translated
from include.ledger.tables import ledger_metadata

BUSY_SECONDS = 30
RETRY_SECONDS = 0.02
CONNECT_SECONDS = 10
IDLE_SECONDS = 60
"""PostgreSQL ends a transaction that writes and whose host is silent for so long: one that was cut off would keep its locks
for hours, and all others would wait for them."""


class AddressKeyDiffers(ConfigurationError):
    """The ledger was written with another address key, or before its rotation."""


class Ledger:
    """Transactions on the ledger. `write` is serialisable against other writers of the same rows; `read` is a snapshot."""

    def __init__(self, engine: Engine, chain_key: bytes) -> None:
        """`chain_key` is the key of the consent log's hashes (`consent_chain.chain_key`)."""
        self.engine, self.chain_key = engine, chain_key
        self._shared = threading.local()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self, *, wait_for_disk: bool = True) -> Iterator[Connection]:
        """A transaction that writes; committed to disk when the block ends, rolled back when it raises.

        Without `wait_for_disk` it is on disk no later than the next transaction that waits; only a power failure can lose
        it. Raises `LedgerUnavailable` if the connection is lost: the transaction was rolled back then, or, if that happened
        during the commit, may have been committed.
        """
        if shared := self._of_this_thread():
            with _savepoint(shared):
                yield shared
            return
        options = {"tradewind_writes": True, "tradewind_waits": wait_for_disk}
        with (
            self._translated_errors(),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            if not wait_for_disk and not self.is_sqlite:
                connection.exec_driver_sql("set local synchronous_commit = off")
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only transaction on one snapshot, so that sums of several queries can be compared."""
        if shared := self._of_this_thread():
            yield shared
            return
        with self._translated_errors(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                if not self.is_sqlite:  # It locks no row, and may be read slowly.
                    connection.exec_driver_sql("set local idle_in_transaction_session_timeout = 0")
                yield connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """Run all writes of this thread in the block in one transaction; a write that raises is rolled back alone.

        For SQLite, which allows one writer at a time; on PostgreSQL, locks would be held for longer than necessary.
        """
        with self.write() as connection:
            self._shared.connection = connection
            try:
                yield
            finally:
                self._shared.connection = None

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Raise `LedgerUnavailable` or `ConfigurationError` for driver errors about an unavailable database."""
        try:
            yield
        except (DBAPIError, sqlite3.OperationalError) as error:  # SQLite's own where a transaction begins
            if translated_error := translated(error, self.engine.url):
                raise translated_error from None
            raise

    def _of_this_thread(self) -> Connection | None:
        return getattr(self._shared, "connection", None)

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _savepoint(connection: Connection) -> Iterator[None]:
    """A savepoint of an SQLite transaction, made through the driver: SQLAlchemy takes ten times as long."""
    execute = _driver(connection).execute
    execute("savepoint part")
    try:
        yield
    except BaseException:
        execute("rollback to part")
        raise
    finally:
        execute("release part")


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def open_ledger(url: str, secrets: Secrets) -> Ledger:
    """Open the ledger; create or upgrade its schema if necessary.

    Raises `LedgerUnavailable` if the database does not respond now, and `ConfigurationError` if its configuration is wrong
    or it was written with another address key: with the wrong key, no suppression would be found.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    timeout = {} if is_sqlite or "connect_timeout" in parsed.query else {"connect_timeout": CONNECT_SECONDS}
    engine = create_engine(parsed, pool_pre_ping=not is_sqlite, hide_parameters=True, connect_args=timeout)
    (_prepare_sqlite if is_sqlite else _prepare_postgresql)(engine)
    ledger = Ledger(engine, chain_key(secrets.address_key))
    try:
        _upgrade(ledger, secrets.fingerprint)
        _check_key(ledger, secrets.fingerprint)
    except OperationalError as error:
        if "disk is full" in str(error.orig):
            raise
        raise ConfigurationError(
            f"the ledger does not open ({type(error.orig).__name__}).",
            where=f"connection ledger_default, {parsed.render_as_string(hide_password=True)}",
            remedy="Check that the database exists and is writable.",
        ) from None
    return ledger


def _upgrade(ledger: Ledger, fingerprint: str) -> None:
    """Upgrade the schema to this code's version. If it is current, this takes one query.

    With another address key, the upgrade is rolled back: it would chain the consent log with the wrong key.
    """
    if not _is_current(ledger):
        with ledger.write() as connection:
            schema.upgrade(connection, ledger.chain_key)
            _require_key(_stored_key(connection) or fingerprint, fingerprint)


def _is_current(ledger: Ledger) -> bool:
    try:
        with ledger.read() as connection:
            return schema.is_current(connection)
    except (OperationalError, ProgrammingError):  # No version table yet; any other error also fails the upgrade.
        return False


def _check_key(ledger: Ledger, fingerprint: str) -> None:
    with ledger.read() as connection:
        stored = _stored_key(connection)
    if stored is not None:
        _require_key(stored, fingerprint)
        return
    try:
        with ledger.write() as connection:
            connection.execute(insert(ledger_metadata).values(name="address_key", value=fingerprint))
    except IntegrityError:
        _check_key(ledger, fingerprint)


def _stored_key(connection: Connection) -> str | None:
    found: str | None = connection.scalar(select(ledger_metadata.c.value).where(ledger_metadata.c.name == "address_key"))
    return found


def _require_key(stored: str, fingerprint: str) -> None:
    if stored != fingerprint:
        raise AddressKeyDiffers(
            "was written with another address key; its suppressions would not be found.",
            where="the ledger",
            remedy="Restore secrets.json or TRADEWIND_ADDRESS_KEY from your backup. If a rotation of the address key was "
            "interrupted, run `make rotate` again.",
        )


def _prepare_postgresql(engine: Engine) -> None:
    """Limit how long a silent host keeps a transaction open."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.execute(f"set idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
        connection.commit()


def _prepare_sqlite(engine: Engine) -> None:
    """Enable WAL, fsync on every commit, and write transactions that take the lock at once (no deadlock by lock upgrade)."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"pragma busy_timeout = {BUSY_SECONDS * 1000}")
        _enable_wal(cursor)
        cursor.execute("pragma foreign_keys = on")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        execute = _driver(connection).execute
        if not options.get("tradewind_writes"):
            execute("begin")
            return
        execute(f"pragma synchronous = {'full' if options['tradewind_waits'] else 'normal'}")
        execute("begin immediate")


def _enable_wal(cursor: sqlite3.Cursor) -> None:
    """Switch the file to WAL; if it is already, this takes no lock.

    SQLite may refuse this at once instead of waiting, `busy_timeout` or not, where another process writes the file or
    switches it too (https://www.sqlite.org/c3ref/busy_handler.html): several processes that open a new ledger.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(RETRY_SECONDS)
