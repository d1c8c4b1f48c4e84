"""The version of the ledger's schema, and its upgrade by the migrations in `include/ledger/migrations`."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Connection, String, column, select, table

from include.core.errors import NewerData

VERSION_TABLE = "ledger_version"
"""Not `alembic_version`, which is Airflow's if both share a database."""
MIGRATIONS = Path(__file__).parent / "migrations"
KNOWN = tuple(sorted(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py")))
"""All versions, oldest first, read from the file names, since importing Alembic takes half a second."""
HEAD = KNOWN[-1]
_VERSION = select(column("version_num", String)).select_from(table(VERSION_TABLE))
_LOCK = 0x7472616465
"""The key of the advisory lock under which a PostgreSQL database is migrated."""
_alembic = threading.Lock()
"""Alembic keeps the running migration in a global variable."""


def is_current(connection: Connection) -> bool:
    """Whether the ledger has the newest version that this code knows. Raises `NewerData` for an unknown version.

    Raises the driver's error if there is no version table: the ledger is empty or older than versioned schemas.
    """
    version = connection.scalar(_VERSION)
    if version is not None and version not in KNOWN:
        raise NewerData(
            f"has schema version {version}, and this code knows versions up to {HEAD}: it is from a newer Tradewind. "
            "Nothing in it was changed.",
            where=f"ledger {connection.engine.url.render_as_string(hide_password=True)}",
            remedy="Upgrade the code, or name another ledger in the connection ledger_default.",
        )
    return version == HEAD


def upgrade(connection: Connection, chain_key: bytes) -> None:
    """Upgrade an empty or older ledger to the newest version, in the transaction of `connection`.

    `chain_key` is for the consent log of a ledger from before its hash chain. Waits for another process that upgrades at
    the same time. On SQLite the transaction must hold the write lock.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({_LOCK})")
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "chain_key": chain_key})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with _alembic:
        command.upgrade(config, "head")
