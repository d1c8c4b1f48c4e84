"""The contents of schema marts in a database, and the checks before it is published. SQL: include/sql/publish/."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypedDict

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
    """One table: its number of rows, the type of each column, and a hash over all rows."""

    rows: int
    columns: dict[str, str]
    content_hash: str


Tables = dict[str, TableContents]
"""The tables of schema marts, by name."""


def describe(connection: duckdb.DuckDBPyConnection, database: str) -> Tables:
    """The tables of schema marts in an attached database."""
    tables: Tables = {}
    for row in fetch(connection, "publish", "count_statements", {"database_name": database}).to_pylist():
        rows, content_hash = connection.execute(row["statement"]).fetchall()[0]
        tables[row["table_name"]] = {"rows": rows, "columns": {}, "content_hash": content_hash}
    for column in fetch(connection, "publish", "columns", {"database_name": database}).to_pylist():
        tables[column["table_name"]]["columns"][column["column_name"]] = column["data_type"]
    return tables


def check(connection: duckdb.DuckDBPyConnection) -> Tables:
    """Describe the attached database `published`.

    Raises `PublishError` unless it equals schema marts, is documented and holds no personal data.
    """
    source, copy = describe(connection, _warehouse(connection)), describe(connection, "published")
    _require_none([name for name in MARTS if name not in copy], "missing", "Run analyze (build_marts) before publish.")
    differing = sorted(name for name in source if source[name] != copy[name])
    _require_none(differing, "differs from its source", "Run the task again.")
    check_documented(connection, "published")
    check_anonymous(connection)
    return copy


def check_documented(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Every table and column has a comment. Raises `PublishError`."""
    bare = fetch(connection, "publish", "undocumented", {"database_name": database})["qualified_name"].to_pylist()
    _require_none(bare, "has no comment", "Add it to include/sql/analyze/comments.yaml.")


def check_anonymous(connection: duckdb.DuckDBPyConnection) -> None:
    """No column is named like personal data, no value looks like an address, and no column holds people's names.

    Raises `PublishError`, which names columns and never a value.
    """
    database = {"database_name": "published"}
    forbidden = fetch(connection, "publish", "forbidden_columns", database)["qualified_name"].to_pylist()
    _require_none(forbidden, "is named like personal data", "Publish the subscriber key instead.")
    addresses = _columns_over(connection, "address_statements", 0)
    _require_none(addresses, "holds something that looks like an e-mail address", "Remove it in the mart's SQL.")
    names = _columns_over(connection, "name_statements", MAX_NAME_SHARE)
    _require_none(names, "holds people's names", "Remove it in the mart's SQL.")


def sha256(file: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _columns_over(connection: duckdb.DuckDBPyConnection, name: str, limit: float) -> list[str]:
    """The columns whose count, by the statements of this file, is over the limit."""
    checks = fetch(connection, "publish", name, {"database_name": "published"}).to_pylist()
    return [row["qualified_name"] for row in checks if connection.execute(row["statement"]).fetchall()[0][0] > limit]


def _warehouse(connection: duckdb.DuckDBPyConnection) -> str:
    return str(connection.execute("select current_database()").fetchall()[0][0])


def _require_none(names: list[str], what: str, remedy: str) -> None:
    if names:
        listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        raise PublishError(f"{what}: {listed}.", where="marts", remedy=remedy)
