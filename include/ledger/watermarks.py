"""Watermarks: up to when a source was read. Stored in the ledger, so that a restore from a backup rewinds them too."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from include.ledger.database import Ledger
from include.ledger.tables import ledger_metadata


def get(ledger: Ledger, name: str) -> float | None:
    """The watermark `name`, in Unix seconds; None if nothing was read yet."""
    with ledger.read() as connection:
        value = connection.scalar(select(ledger_metadata.c.value).where(ledger_metadata.c.name == f"read:{name}"))
    return float(value) if value else None


def put(ledger: Ledger, name: str, value: float) -> None:
    """Set the watermark, after the data that was read is committed."""
    with ledger.write() as connection:
        connection.execute(delete(ledger_metadata).where(ledger_metadata.c.name == f"read:{name}"))
        connection.execute(insert(ledger_metadata).values(name=f"read:{name}", value=repr(value)))
