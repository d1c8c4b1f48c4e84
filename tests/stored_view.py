"""A table in the place of a view, for tests that give the rows of it."""

from __future__ import annotations

import duckdb

COUNTED = ("purchases", "purchase_days", "unconverted", "human_", "activities_")


def store(connection: duckdb.DuckDBPyConnection, view: str) -> None:
    """Put an empty table with the view's columns in its place. Counts are 0 if not given. Nothing if a table is there."""
    schema, _, name = view.partition(".")
    is_view = "select count(*) from duckdb_views() where schema_name = $schema and view_name = $name"
    if not connection.execute(is_view, {"schema": schema, "name": name}).fetchall()[0][0]:
        return
    connection.execute(f"create table {view}_stored as from {view} limit 0")
    connection.execute(f"drop view {view}")
    connection.execute(f"alter table {view}_stored rename to {name}")
    for column, kind in connection.execute(f"select column_name, column_type from (describe {view})").fetchall():
        if kind == "INTEGER" and column.startswith(COUNTED):
            connection.execute(f"alter table {view} alter {column} set default 0")
