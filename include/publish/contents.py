"""The contents of schema marts in a database, and the checks before it is published. SQL: include/sql/publish/."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import NotRequired, TypedDict

import duckdb

from include.core.errors import PublishError
from include.warehouse.connection import fetch

MARTS = (
    "arbitration",
    "campaign_hours",
    "campaign_performance",
    "campaign_reasons",
    "daily_engagement",
    "decisions",
    "delivery_reconciliation",
    "events",
    "experiment_results",
    "global_hold_out",
    "journey_entries",
    "journey_performance",
    "journey_steps",
    "journeys",
    "lifecycle",
    "link_performance",
    "list_health",
    "mailbox_provider_health",
    "provider_reconciliation",
    "quality_results",
    "quality_runs",
    "reconciliation",
    "segment_changes",
    "segment_history",
    "segment_overlap",
    "segment_sizes",
    "sends",
    "verdict_changes",
    "verdict_quality",
)
"""The tables that must be in every published file; others may be added."""

MAX_NAME_SHARE = 0.01
"""A column holds people's names if more than this share of its values is the name of the subscriber in the same row."""


class TableContents(TypedDict):
    """One table: its number of rows, the type of each column, a hash over all rows, and what this build wrote of it.

    `written`: `whole`, the rows of the `keys` that changed, or nothing: `kept` as in the build before.
    """

    rows: int
    columns: dict[str, str]
    content_hash: str
    written: NotRequired[str]


Tables = dict[str, TableContents]
"""The tables of schema marts, by name."""


def describe(connection: duckdb.DuckDBPyConnection, database: str, *, only: Collection[str] | None = None) -> Tables:
    """The tables of schema marts in an attached database, or `only` some of them."""
    tables: Tables = {}
    types = columns(connection, database)
    for row in fetch(connection, "publish", "count_statements", {"database_name": database}).to_pylist():
        name = row["table_name"]
        if only is None or name in only:
            rows, content_hash = connection.execute(row["statement"]).fetchall()[0]
            tables[name] = {"rows": rows, "columns": types[name], "content_hash": content_hash}
    return tables


def columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, dict[str, str]]:
    """The type of each column of each table and view of schema marts in an attached database."""
    types: dict[str, dict[str, str]] = {}
    for column in fetch(connection, "publish", "columns", {"database_name": database}).to_pylist():
        types.setdefault(column["table_name"], {})[column["column_name"]] = column["data_type"]
    return types


def row_counts(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    """The rows of each table and view of schema marts in an attached database."""
    statements = fetch(connection, "publish", "row_count_statements", {"database_name": database}).to_pylist()
    return {row["table_name"]: connection.execute(row["statement"]).fetchall()[0][0] for row in statements}


def same(table: TableContents, other: TableContents) -> bool:
    """Whether two tables have the same columns and the same content."""
    return all(table[name] == other[name] for name in ("rows", "columns", "content_hash"))


def check(connection: duckdb.DuckDBPyConnection) -> Tables:
    """Describe the attached database `published`.

    Raises `PublishError` unless it equals schema marts, is documented and holds no personal data.
    """
    source, copy = describe(connection, _warehouse(connection)), describe(connection, "published")
    check_complete(copy)
    differing = sorted(name for name in source if source[name] != copy[name])
    _require_none(differing, "differs from its source", "Run the task again.")
    check_documented(connection, "published")
    check_anonymous(connection, "published")
    return {name: {**table, "written": "whole"} for name, table in copy.items()}


def check_update(connection: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    """As `check`, for a copy of the last build whose changed rows were checked before they were written.

    Raises `PublishError` unless every table has the rows and the columns of its source.
    """
    check_complete(tables)
    database = _warehouse(connection)
    source, copy = row_counts(connection, database), row_counts(connection, "published")
    types, copied = columns(connection, database), columns(connection, "published")
    differing = sorted(
        name
        for name in {*source, *copy, *tables}
        if not (source.get(name) == copy.get(name) == tables[name]["rows"] and types[name] == copied[name])
    )
    _require_none(differing, "differs from its source", "Run the task again.")
    check_documented(connection, "published")


def check_complete(tables: Tables) -> None:
    """The tables that must be there are. Raises `PublishError`."""
    _require_none([name for name in MARTS if name not in tables], "missing", "Run analyze (build_marts) before publish.")


def check_documented(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Every table and column has a comment. Raises `PublishError`."""
    bare = fetch(connection, "publish", "undocumented", {"database_name": database})["qualified_name"].to_pylist()
    _require_none(bare, "has no comment", "Add it to include/sql/analyze/comments.yaml.")


def check_anonymous(connection: duckdb.DuckDBPyConnection, database_name: str) -> None:
    """No column is named like personal data, no value looks like an address, and no column holds people's names.

    Raises `PublishError`, which names columns and never a value.
    """
    check_no_addresses(connection, database_name)
    check_no_names(named_columns(connection, database_name))


def check_no_addresses(connection: duckdb.DuckDBPyConnection, database_name: str) -> None:
    """No column is named like personal data, and no value looks like an address. Raises `PublishError`."""
    database = {"database_name": database_name}
    forbidden = fetch(connection, "publish", "forbidden_columns", database)["qualified_name"].to_pylist()
    _require_none(forbidden, "is named like personal data", "Publish the subscriber key instead.")
    _require_none(
        _columns_with_addresses(connection, database_name),
        "holds something that looks like an e-mail address",
        "Remove it in the mart's SQL.",
    )


def _columns_with_addresses(connection: duckdb.DuckDBPyConnection, database_name: str) -> list[str]:
    """Each table is searched by one statement; the columns of one that holds an address, one by one to name them."""
    checks = fetch(connection, "publish", "address_statements", {"database_name": database_name}).to_pylist()
    tables = {row["table_name"]: row["table_statement"] for row in checks}
    found = {name for name, statement in tables.items() if _number(connection, statement) > 0}
    return [
        row["qualified_name"] for row in checks if row["table_name"] in found and _number(connection, row["statement"]) > 0
    ]


def named_columns(connection: duckdb.DuckDBPyConnection, database_name: str) -> list[str]:
    """The columns that hold people's names."""
    checks = fetch(connection, "publish", "name_statements", {"database_name": database_name}).to_pylist()
    return [row["qualified_name"] for row in checks if _number(connection, row["statement"]) > MAX_NAME_SHARE]


def check_no_names(names: list[str]) -> None:
    """Raises `PublishError` if there are columns with people's names."""
    _require_none(names, "holds people's names", "Remove it in the mart's SQL.")


def sha256(file: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _number(connection: duckdb.DuckDBPyConnection, statement: str) -> float:
    number: float = connection.execute(statement).fetchall()[0][0]
    return number


def _warehouse(connection: duckdb.DuckDBPyConnection) -> str:
    return str(connection.execute("select current_database()").fetchall()[0][0])


def _require_none(names: list[str], what: str, remedy: str) -> None:
    if names:
        listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        raise PublishError(f"{what}: {listed}.", where="marts", remedy=remedy)
