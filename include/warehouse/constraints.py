"""Tables have no keys and no checks (ADR 96). An older warehouse loses its constraints when it is opened."""

from __future__ import annotations

import duckdb

_CONSTRAINED = """
select distinct schema_name, table_name
from duckdb_constraints()
where database_name = current_database() and constraint_type in ('PRIMARY KEY', 'UNIQUE', 'CHECK')
order by all
"""
_COLUMNS = """
select column_name, data_type, column_default, is_nullable
from duckdb_columns()
where database_name = current_database() and schema_name = $schema and table_name = $table
order by column_index
"""


def constrained_tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """The tables (schema, name) that have a primary key, a unique constraint or a check."""
    return connection.execute(_CONSTRAINED).fetchall()


def drop_constraints(connection: duckdb.DuckDBPyConnection, tables: list[tuple[str, str]]) -> None:
    """Replace each table by a copy with the same columns and rows and no constraint except NOT NULL.

    DuckDB cannot drop a constraint. Runs in the caller's transaction, so that a killed process changes nothing.
    """
    for schema, table in tables:
        copy = f"{table}_keyless"
        columns = connection.execute(_COLUMNS, {"schema": schema, "table": table}).fetchall()
        connection.execute(f"create table {schema}.{copy} ({', '.join(_column(*column) for column in columns)})")
        connection.execute(f"insert into {schema}.{copy} from {schema}.{table}")
        connection.execute(f"drop table {schema}.{table}")
        connection.execute(f"alter table {schema}.{copy} rename to {table}")


def _column(name: str, kind: str, default: str | None, is_nullable: bool) -> str:
    return " ".join([f'"{name}"', kind, f"default {default}" if default else "", "" if is_nullable else "not null"])
