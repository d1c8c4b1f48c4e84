"""A consistent copy of the ledger as one file, and back: SQLite by its backup API, PostgreSQL by pg_dump and pg_restore."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine, func, select
from sqlalchemy.engine import URL, make_url

from include.core.errors import ConfigurationError
from include.ledger.schema import VERSION_TABLE
from include.ledger.tables import metadata

SQLITE, POSTGRESQL = "ledger.sqlite", "ledger.pgdump"


def name_of(url: str) -> str:
    """The name of the snapshot's file, which says what it is."""
    return SQLITE if _is_sqlite(url) else POSTGRESQL


def write(url: str, to: Path) -> None:
    """Write the ledger as of one moment to `to`, while others read and write it. Raises `ConfigurationError`."""
    if _is_sqlite(url):
        copy_sqlite(_file(url), to)
        return
    tables = [f'--table="{_schema(url)}"."{name}"' for name in (*sorted(metadata.tables), VERSION_TABLE)]
    _run(
        ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--strict-names", *tables, f"--file={to}"],
        make_url(url),
    )


def read(url: str, snapshot: Path) -> None:
    """Replace the ledger's tables by those of a snapshot. Nobody may use it meanwhile. Raises `ConfigurationError`."""
    if name_of(url) != snapshot.name:
        raise ConfigurationError(
            f"is {snapshot.name}, and the ledger's connection names {'SQLite' if _is_sqlite(url) else 'PostgreSQL'}.",
            where=str(snapshot), remedy="Set AIRFLOW_CONN_LEDGER_DEFAULT to a database of the kind of the backup.",
        )  # fmt: skip
    if _is_sqlite(url):
        file = _file(url)
        file.parent.mkdir(parents=True, exist_ok=True)
        for journal in (file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
            journal.unlink(missing_ok=True)  # SQLite would replay the WAL of the ledger that is replaced.
        file.unlink(missing_ok=True)
        copy_sqlite(snapshot, file)
        return
    options = ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    _run(["pg_restore", *options, f"--dbname={make_url(url).database}", str(snapshot)], make_url(url))


def copy_sqlite(file: Path, to: Path) -> None:
    """Copy an SQLite database as of one moment. Raises `ConfigurationError` if there is none."""
    if not file.is_file():
        raise ConfigurationError("is missing.", where=str(file), remedy="Set TRADEWIND_DATA to the data folder.")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
        target.execute("pragma journal_mode = delete")  # One file, without a WAL beside it.


def _run(command: list[str], url: URL) -> None:
    """Run a command of PostgreSQL's client. The password is in its environment, not in the list of processes."""
    environment = os.environ | {
        name: str(value)
        for name, value in {
            "PGHOST": url.host or url.query.get("host"), "PGPORT": url.port or url.query.get("port"),
            "PGUSER": url.username, "PGDATABASE": url.database, "PGPASSWORD": url.password,
            "PGOPTIONS": url.query.get("options"),
        }.items()
        if value
    }  # fmt: skip
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ConfigurationError(
            "is not installed.", where=command[0], remedy="Install PostgreSQL's client of the server's version or newer."
        ) from None
    if done.returncode:
        raise ConfigurationError(
            f"failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}",
            where=f"{command[0]}, {url.render_as_string(hide_password=True)}",
            remedy="Check that the database answers, and that the client is not older than the server.",
        )


def _schema(url: str) -> str:
    engine = create_engine(url, hide_parameters=True)
    try:
        with engine.connect() as connection:
            return str(connection.scalar(select(func.current_schema())))
    finally:
        engine.dispose()


def _is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def _file(url: str) -> Path:
    return Path(str(make_url(url).database))
