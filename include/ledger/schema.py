"""The ledger's tables as this edition knows them: created where missing, widened where an earlier edition made them."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, inspect, select

from include.ledger.tables import identity, metadata

VERSION = "2"
"""Raised whenever a table gets a column. A new column may be null: rows of before have none."""
_NAME = "schema"


def bring_up_to_date(connection: Connection) -> None:
    """Create the tables that are missing and, once a version, the columns."""
    metadata.create_all(connection)
    if connection.scalar(select(identity.c.value).where(identity.c.name == _NAME)) == VERSION:
        return
    for table in metadata.tables.values():
        there = {column["name"] for column in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                kind = column.type.compile(connection.dialect)
                connection.exec_driver_sql(f"alter table {table.name} add column {column.name} {kind}")
    connection.execute(delete(identity).where(identity.c.name == _NAME))
    connection.execute(insert(identity).values(name=_NAME, value=VERSION))
