"""What is in a database's schema marts, and whether it may be published. Every query is a file in include/sql/publish/."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb

from include.core.errors import PublishError
from include.warehouse.connection import fetch

MARTS = (
    "campaign_performance",
    "daily_engagement",
    "events",
    "experiment_results",
    "lifecycle",
    "list_health",
    "mailbox_provider_health",
    "quality_runs",
    "reconciliation",
    "segment_changes",
    "segment_sizes",
    "sends",
)
"""What an analyst always finds; there may be more."""

NAME_SHARE = 0.01


def describe(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, dict[str, Any]]:
    """{table: {rows, columns {name: type}, content_hash}} of schema marts in an attached database."""
    tables: dict[str, dict[str, Any]] = {}
    for row in fetch(connection, "publish", "count_statements", {"database_name": database}).to_pylist():
        rows, content_hash = connection.execute(row["statement"]).fetchall()[0]
        tables[row["table_name"]] = {"rows": rows, "columns": {}, "content_hash": content_hash}
    for column in fetch(connection, "publish", "columns", {"database_name": database}).to_pylist():
        tables[column["table_name"]]["columns"][column["column_name"]] = column["data_type"]
    return tables


def check(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """Describe the attached `published`; `PublishError` unless it equals schema marts, is documented and names nobody."""
    source, copy = describe(connection, _warehouse(connection)), describe(connection, "published")
    _refuse([name for name in MARTS if name not in copy], "is not there", "Run analyze (build_marts) before publish.")
    _refuse(sorted(name for name in source if source[name] != copy[name]), "differs from its source", "Run the task again.")
    check_documented(connection, "published")
    check_anonymous(connection)
    return copy


def check_documented(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Every table and column says what it means."""
    places = fetch(connection, "publish", "undocumented", {"database_name": database})["place"].to_pylist()
    _refuse(places, "has no comment", "Add it to include/sql/analyze/comments.yaml.")


def check_anonymous(connection: duckdb.DuckDBPyConnection) -> None:
    """No column is meant for a person's data, no value looks like an address, none is its own subscriber's name.

    Errors name columns and never a value.
    """
    database = {"database_name": "published"}
    forbidden = fetch(connection, "publish", "forbidden_columns", database)["place"].to_pylist()
    _refuse(forbidden, "is named like a person's data", "Publish the subscriber key instead.")
    addresses = _places_over(connection, "address_statements", 0)
    _refuse(addresses, "holds something that looks like an e-mail address", "Remove it in the mart's SQL.")
    _refuse(_places_over(connection, "name_statements", NAME_SHARE), "holds people's names", "Remove it in the mart's SQL.")


def sha256(file: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _places_over(connection: duckdb.DuckDBPyConnection, name: str, limit: float) -> list[str]:
    checks = fetch(connection, "publish", name, {"database_name": "published"}).to_pylist()
    return [row["place"] for row in checks if connection.execute(row["statement"]).fetchall()[0][0] > limit]


def _warehouse(connection: duckdb.DuckDBPyConnection) -> str:
    return str(connection.execute("select current_database()").fetchall()[0][0])


def _refuse(places: list[str], what: str, remedy: str) -> None:
    if places:
        listed = ", ".join(places[:10]) + (f" and {len(places) - 10} more" if len(places) > 10 else "")
        raise PublishError(f"{what}: {listed}.", where="marts", remedy=remedy)
