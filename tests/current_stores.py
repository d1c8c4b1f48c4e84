"""Empty stores of the current schema, made once for a session and copied: the migrations take longer than most tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeAlias

import duckdb
from sqlalchemy import create_mock_engine, delete
from sqlalchemy.engine.mock import MockConnection

from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.ledger.database import open_ledger
from include.ledger.schema import HEAD, VERSION_TABLE
from include.ledger.tables import ledger_metadata, metadata
from include.warehouse.connection import open_warehouse
from tests.postgres import fresh_schema

Connect: TypeAlias = Callable[[DataPaths, float], duckdb.DuckDBPyConnection]


def make_current_stores(root: Path) -> DataPaths:
    """Open a warehouse and a ledger in this folder. The ledger belongs to no address key yet."""
    paths = DataPaths(root)
    with open_warehouse(paths):
        pass
    ledger = open_ledger(f"sqlite:///{paths.ledger}", load_secrets(paths))
    with ledger.write() as transaction:
        transaction.execute(delete(ledger_metadata).where(ledger_metadata.c.name == "address_key"))
    ledger.close()
    return paths


def current_schema(url: str) -> str:
    """A new PostgreSQL schema with an empty ledger, which opens with any key; returns a URL whose search path it is."""
    import psycopg

    schema = fresh_schema(url)
    with psycopg.connect(schema, autocommit=True) as connection:
        connection.execute(_ledger_statements())
    return schema


@cache
def _ledger_statements() -> str:
    """What makes the tables: at once, since the migrations take two hundred requests.

    `tests/ledger/test_schema.py` requires that the migrations make the same tables.
    """
    found = list[str]()
    engine: MockConnection = create_mock_engine(
        "postgresql+psycopg://", lambda made, *_: found.append(str(made.compile(dialect=engine.dialect)))
    )
    metadata.create_all(engine, checkfirst=False)
    found += [f"create table {VERSION_TABLE} (version_num varchar(32) primary key)"]
    return ";\n".join([*found, f"insert into {VERSION_TABLE} values ('{HEAD}')"])


def copying(current: Path, connect: Connect) -> Connect:
    """`connect`, to a copy of `current` where there is no warehouse yet."""

    def connect_to_copy(paths: DataPaths, wait_seconds: float) -> duckdb.DuckDBPyConnection:
        if not paths.warehouse.exists():
            shutil.copy(current, paths.warehouse)
        return connect(paths, wait_seconds)

    return connect_to_copy
