"""Large tables have no primary key (ADR 1). A file that an earlier edition wrote is changed when it is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

LARGE = (("core", "identities"), ("core", "subscribers"), ("core", "purchases"), ("quality", "quarantine"))
"""What a primary key stood on in the first edition. Its index must fit into memory, whatever the limit."""
_KEYED = "select schema_name, table_name from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"


@contextmanager
def dropped(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Around the statements that create the tables: a large one that has a key is created anew, with the same rows.

    In the caller's transaction: killed in between, the file is as it was.
    """
    keyed = sorted(set(LARGE) & set(connection.execute(_KEYED).fetchall()))
    for schema, table in keyed:
        connection.execute(f"alter table {schema}.{table} rename to {table}_keyed")
    yield
    for schema, table in keyed:
        connection.execute(f"insert into {schema}.{table} by name from {schema}.{table}_keyed")
        connection.execute(f"drop table {schema}.{table}_keyed")
