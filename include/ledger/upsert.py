"""`insert … on conflict …` in the dialect of a connection."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table


def insert_into(connection: Connection, table: Table) -> Any:
    """An insert of that dialect. Only where it is PostgreSQL is its dialect imported, which takes a third of a second."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
