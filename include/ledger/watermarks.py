"""How far something was read that the ledger depends on: one fact a name, restored with the ledger from a backup."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from include.ledger.database import Ledger
from include.ledger.tables import ledger_metadata


def get(ledger: Ledger, name: str) -> float | None:
    """The watermark `name` in Unix seconds; None where nothing was read yet."""
    with ledger.read() as connection:
        value = connection.scalar(select(ledger_metadata.c.value).where(ledger_metadata.c.name == f"read:{name}"))
    return float(value) if value else None


def put(ledger: Ledger, name: str, value: float) -> None:
    """Move the watermark. After what it stands for is committed, never before."""
    with ledger.write() as connection:
        connection.execute(delete(ledger_metadata).where(ledger_metadata.c.name == f"read:{name}"))
        connection.execute(insert(ledger_metadata).values(name=f"read:{name}", value=repr(value)))
