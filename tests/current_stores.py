"""Empty stores of the current schema, which the migrations make once for a session and tests copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import duckdb
from sqlalchemy import delete

from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.ledger.database import open_ledger
from include.ledger.tables import ledger_metadata
from include.warehouse.connection import open_warehouse

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


def copying(current: Path, connect: Connect) -> Connect:
    """`connect`, to a copy of `current` where there is no warehouse yet."""

    def connect_to_copy(paths: DataPaths, wait_seconds: float) -> duckdb.DuckDBPyConnection:
        if not paths.warehouse.exists():
            shutil.copy(current, paths.warehouse)
        return connect(paths, wait_seconds)

    return connect_to_copy
