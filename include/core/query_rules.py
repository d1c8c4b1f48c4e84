"""What a marketer's query may do: read allowed tables, and return the expected columns.

sqlglot provides the node types and lines; DuckDB's own parser checks the tables once more, because DuckDB runs the query.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import duckdb
from sqlglot import exp

from include.core.segment_reference import Reference, is_reference, resolve
from include.core.suggestion import did_you_mean

ALLOWED_TABLES = frozenset(
    {
        ("core", "subscribers"),
        ("core", "purchases"),
        ("core", "activities"),
        ("core", "exchange_rates"),
        ("segment", "features"),
        ("segment", "activity_counts"),
        ("engagement", "events"),
    }
)
"""The tables that a query may read. Not core.identities: a query needs neither addresses nor names."""

_FORBIDDEN = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.Pragma, exp.Set, exp.Copy, exp.Attach, exp.Drop)
_FORBIDDEN_FUNCTIONS = re.compile(
    r"^(getenv|getvariable|current_setting|query|query_table|nextval|currval|read_\w+|\w+_scan)$"
)


def violations(
    query: exp.Query, statement: str, columns: Sequence[tuple[str, ...]], references: Sequence[Reference] | None
) -> Iterator[tuple[str, exp.Expr, str]]:
    """The rules that the query breaks: message, node and remedy of each.

    `references` are the segments that it reads; None if it may read none.
    """
    for node in query.find_all(*_FORBIDDEN):
        yield f"contains {type(node).__name__.upper()}, which a definition may not do.", node, "A definition only selects."
    for function in query.find_all(exp.Func):
        name = (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()
        if _FORBIDDEN_FUNCTIONS.match(name):
            yield f"calls {name}, which a definition may not do.", function, "Select from the tables a definition may read."
    named = {cte.alias for cte in query.find_all(exp.CTE)}
    tables = [table for table in query.find_all(exp.Table) if references is None or not is_reference(table)]
    wrong = [found for table in tables for found in _table_violations(table, named, references is not None)]
    yield from wrong
    if not wrong and not _duckdb_reads_allowed_tables_only(resolve(statement, references or (), "segment.features"), named):
        yield "reads something that is not an allowed table for DuckDB.", query, "Select from plain tables."
    if tuple(column.lower() for column in query.named_selects) not in columns:
        what = "one column" if columns == [("subscriber_id",)] else "columns"
        yield f"does not return the {what} {listed(columns)}.", query, f"Write `select {', '.join(columns[0])} from …`."


def listed(columns: Sequence[tuple[str, ...]]) -> str:
    """The lists of columns, as messages name them."""
    return " or ".join(", ".join(names) for names in columns)


def _table_violations(table: exp.Table, named: set[str], segments: bool) -> Iterator[tuple[str, exp.Expr, str]]:
    others = ", or from segment.<other segment>" if segments else ""
    allowed = sorted(".".join(pair) for pair in ALLOWED_TABLES)
    remedy = f"Read from {', '.join(allowed)}{others}."
    if not isinstance(table.this, exp.Identifier):
        yield "reads a table function, which a definition may not.", table, remedy
    elif not _allowed(table.catalog, table.db, table.name, named):
        name = ".".join(part for part in (table.catalog, table.db, table.name) if part)
        yield f"reads {name}, which a definition may not.", table, f"{did_you_mean(name, allowed)} {remedy}".strip()


def _allowed(catalog: str, schema: str, table: str, named: set[str]) -> bool:
    is_cte = not schema and table in named
    return not catalog and (is_cte or (schema.lower(), table.lower()) in ALLOWED_TABLES)


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """An empty database that only parses: opening one for each query takes longer than all else. It has no other thread."""
    return duckdb.connect(config={"threads": 1})


def _duckdb_reads_allowed_tables_only(statement: str, named: set[str]) -> bool:
    """Whether DuckDB's own parser finds only allowed tables in the query."""
    # A literal, since DuckDB imports pandas with the first bound parameter, which takes a second.
    serialize = f"select json_serialize_sql({exp.Literal.string(statement).sql('duckdb')})"
    row = _parser().cursor().execute(serialize).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree.get("error"):
        return False
    return all(
        node["type"] == "BASE_TABLE" and _allowed(node["catalog_name"], node["schema_name"], node["table_name"], named)
        for node in _row_sources(tree)
    )


def _row_sources(node: Any) -> Iterator[dict[str, Any]]:
    """All nodes of DuckDB's syntax tree that return rows: tables, table functions, show, describe and pivot."""
    if isinstance(node, dict):
        if node.get("type") in ("BASE_TABLE", "TABLE_FUNCTION", "SHOW_REF", "PIVOT"):
            yield node
        for value in node.values():
            yield from _row_sources(value)
    elif isinstance(node, list):
        for value in node:
            yield from _row_sources(value)


def line_within_statement(node: exp.Expr) -> int:
    """The line of a node within the statement; sqlglot records it for identifiers and functions."""
    places = [part.meta["line"] for part in node.walk() if "line" in part.meta]
    return min(places, default=1)
