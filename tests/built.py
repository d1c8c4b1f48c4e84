"""Lets statements of marts and features run one by one, as in a build of the whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb

from include.analyze import scopes
from include.core import sqlfile
from include.segment import features
from include.warehouse.connection import fetch, run

MESSAGES = ("marts.subscribers", "build.message_outcomes", "marts.sends", "build.mail_counts")
"""What temp.messages is made of."""
_KEPT = re.compile(r"\b(?:from|join|unpivot) (build\.\w+)")


def run_statement(
    connection: duckdb.DuckDBPyConnection, stage: str, name: str, params: Mapping[str, Any] | None = None
) -> duckdb.DuckDBPyConnection:
    """Run a file with everything it reads. Tables of schema build that it reads and that are not there are built first."""
    given = {"as_of": datetime.now(UTC), **(params or {})}
    if stage.startswith("analyze"):
        statement = sqlfile.load(stage, name).statement
        counted = [table for view, table in scopes.SOURCES.items() if f"temp.{view} " in statement and "build." in table]
        for table in (*(MESSAGES if "temp.messages" in statement else ()), *_KEPT.findall(statement), *counted):
            if table not in fetch(connection, "analyze/changes", "relations")["name"].to_pylist():
                run_statement(connection, "analyze", table.partition(".")[2], params)
        if "temp." in statement:
            scopes.show(connection)
    if stage == "segment" and "temp.fact_" in (statement := sqlfile.load(stage, name).statement):
        features.show(connection, everybody=True)
        if "_by_person" in statement:
            features.sum_by_person(connection, given, everybody=True)
    return run(connection, stage, name, given)
