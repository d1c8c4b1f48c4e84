"""Whose mail in a frozen plan may no longer be tracked by what the source says now: found for the word to the ledger."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from sqlalchemy import select

from include.ledger.stores import Stores
from include.ledger.tables import chunks, plans
from include.warehouse.connection import fetch

OPEN = ("sending", "paused", "stopped")


def changed(warehouse: duckdb.DuckDBPyConnection, stores: Stores) -> tuple[list[str], list[str]]:
    """Address keys that may no longer be tracked, and those that may be again. Reads the view told_addresses."""
    waiting = _tracked_chunks(stores)
    if not waiting:
        return [], []
    files = sorted({file for file, _ in waiting})
    warehouse.register(
        "tracked_chunks", pa.table({"file": [row[0] for row in waiting], "chunk": [row[1] for row in waiting]})
    )
    found = fetch(warehouse, "validate", "untracked", {"files": files}).to_pylist()
    warehouse.unregister("tracked_chunks")
    no, yes = ([row["address_key"] for row in found if row["is_tracked"] is wanted] for wanted in (False, True))
    return no, yes


def _tracked_chunks(stores: Stores) -> list[tuple[str, int]]:
    """(audience file, root chunk) of what is pending with tracking, of every plan that is not done."""
    query = (
        select(plans.c.folder, chunks.c.root)
        .join(chunks, chunks.c.plan_id == plans.c.plan_id)
        .where(plans.c.state.in_(OPEN), chunks.c.state == "pending", chunks.c.content.like("%.tracked"))
        .distinct()
    )
    with stores.ledger.read() as connection:
        rows = [(stores.paths.root / row.folder / "audience.parquet", row.root) for row in connection.execute(query)]
    return [(str(file), root) for file, root in rows if file.is_file()]
