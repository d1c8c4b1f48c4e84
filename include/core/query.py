"""Queries that marketers write: one SELECT a file, checked before it runs.

Segments, and the triggers, goals and conditions of journeys, are such files, so they are parsed and validated: one query,
allowed tables only, no function that reads files or the network, the expected columns and parameters. sqlglot provides the
node types and lines; DuckDB's own parser checks the tables once more, because DuckDB runs the query.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from include.core import sqlfile, text_file
from include.core.errors import ConfigurationError
from include.core.finding import Finding, errors, of_exception
from include.core.paths import PROJECT

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

_NAME = re.compile(r"^[a-z][a-z0-9_]{0,59}$")
_FORBIDDEN = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.Pragma, exp.Set, exp.Copy, exp.Attach, exp.Drop)
_FORBIDDEN_FUNCTIONS = re.compile(
    r"^(getenv|getvariable|current_setting|query|query_table|nextval|currval|read_\w+|\w+_scan)$"
)


@dataclass(frozen=True)
class Query:
    """A valid query of a file. `params` are the parameters that its statement binds."""

    path: Path
    name: str
    statement: str
    first_line: int
    params: frozenset[str]
    columns: tuple[str, ...]


def read_query(path: Path, *, columns: Sequence[tuple[str, ...]], params: Sequence[str]) -> Query:
    """Read and validate one file. Raises `ConfigurationError` with file and line of the first error.

    The query returns one of the given lists of `columns`, and binds at most the given `params`.
    """
    query, findings = inspect_query(path, columns=columns, params=params)
    if first := next(errors(findings), None):
        raise _invalid(path, first.line, first.what, first.remedy)
    assert query is not None
    return query


def inspect_query(
    path: Path, *, columns: Sequence[tuple[str, ...]], params: Sequence[str]
) -> tuple[Query | None, list[Finding]]:
    """The query in a file, None if it cannot be read, and everything that is wrong with it; arguments as `read_query`."""
    text, found = text_file.inspect(path)
    if not _NAME.match(path.stem):
        remedy = "Use lower-case letters, digits and underscores."
        return None, [*found, Finding("error", path, 1, "has a name that is not an identifier.", remedy)]
    if text is None or not text.strip():
        return None, found
    try:
        file = sqlfile.read(path)
        first_line = text.partition(file.statement or "\n\n")[0].count("\n") + 1
        tree = _parse(path, file.statement, first_line, columns)
    except ConfigurationError as error:
        return None, [*found, of_exception(error, path)]
    for what, node, remedy in _violations(tree, file.statement, columns):
        found.append(Finding("error", path, first_line + _line_within_statement(node) - 1, what, remedy))
    bound = {parameter.name for parameter in tree.find_all(exp.Parameter, exp.Placeholder)}
    if bound - set(params) or bound != set(file.params):
        only = "The only parameter is" if len(params) == 1 else "The only parameters are"
        what = f"declares the params {', '.join(file.params) or 'none'} and binds {', '.join(sorted(bound)) or 'none'}."
        remedy = f"{only} {' and '.join(params)}; declare what the query uses, and nothing else."
        found.append(Finding("error", path, 1, what, remedy))
    named = tuple(column.lower() for column in tree.named_selects)
    return Query(path, path.stem, file.statement.rstrip().rstrip(";"), first_line, frozenset(bound), named), found


def source_location(path: Path, line: int) -> str:
    """`include/sql/…/x.sql, line 7`, for error messages."""
    shown = path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path.name
    return f"{shown}, line {line}"


def _parse(path: Path, statement: str, first_line: int, columns: Sequence[tuple[str, ...]]) -> exp.Query:
    """The only query of the file, parsed by sqlglot; DuckDB's own parser must find exactly one SELECT too."""
    try:
        trees = [tree for tree in sqlglot.parse(statement, dialect="duckdb") if tree is not None]
        statements = duckdb.extract_statements(statement)
    except sqlglot.errors.ParseError as error:
        details = error.errors[0] if error.errors else {}
        raise _invalid(
            path,
            first_line + int(details.get("line") or 1) - 1,
            f"is not SQL: {details.get('description')}",
            "Fix the query.",
        ) from None
    except (sqlglot.errors.TokenError, duckdb.ParserException):
        raise _invalid(path, first_line, "is not SQL that DuckDB can parse.", "Fix the query.") from None
    kinds = [one.type for one in statements]
    if len(trees) != 1 or not isinstance(trees[0], exp.Query) or kinds != [duckdb.StatementType.SELECT]:
        raise _invalid(
            path, first_line, "is not exactly one SELECT.", f"Keep only the query that selects {_listed(columns)}."
        )
    return trees[0]


def _violations(query: exp.Query, statement: str, columns: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, exp.Expr, str]]:
    """The rules that the query breaks: message, node and remedy of each."""
    for node in query.find_all(*_FORBIDDEN):
        yield f"contains {type(node).__name__.upper()}, which a definition may not do.", node, "A definition only selects."
    for function in query.find_all(exp.Func):
        name = (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()
        if _FORBIDDEN_FUNCTIONS.match(name):
            yield f"calls {name}, which a definition may not do.", function, "Select from the tables a definition may read."
    named = {cte.alias for cte in query.find_all(exp.CTE)}
    for table in query.find_all(exp.Table):
        yield from _table_violations(table, named)
    if not _duckdb_reads_allowed_tables_only(statement, named):
        yield "reads something that is not an allowed table for DuckDB.", query, "Select from plain tables."
    if tuple(column.lower() for column in query.named_selects) not in columns:
        what = "one column" if columns == [("subscriber_id",)] else "columns"
        yield f"does not return the {what} {_listed(columns)}.", query, f"Write `select {', '.join(columns[0])} from …`."


def _listed(columns: Sequence[tuple[str, ...]]) -> str:
    return " or ".join(", ".join(names) for names in columns)


def _table_violations(table: exp.Table, named: set[str]) -> Iterator[tuple[str, exp.Expr, str]]:
    remedy = f"Read from {', '.join(sorted('.'.join(pair) for pair in ALLOWED_TABLES))}."
    if not isinstance(table.this, exp.Identifier):
        yield "reads a table function, which a definition may not.", table, remedy
    elif not _allowed(table.catalog, table.db, table.name, named):
        name = ".".join(part for part in (table.catalog, table.db, table.name) if part)
        yield f"reads {name}, which a definition may not.", table, remedy


def _allowed(catalog: str, schema: str, table: str, named: set[str]) -> bool:
    is_cte = not schema and table in named
    return not catalog and (is_cte or (schema.lower(), table.lower()) in ALLOWED_TABLES)


def _duckdb_reads_allowed_tables_only(statement: str, named: set[str]) -> bool:
    """Whether DuckDB's own parser finds only allowed tables in the query."""
    with duckdb.connect() as connection:
        # A literal, since DuckDB imports pandas with the first bound parameter, which takes a second.
        row = connection.execute(f"select json_serialize_sql({exp.Literal.string(statement).sql('duckdb')})").fetchone()
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


def _line_within_statement(node: exp.Expr) -> int:
    """The line of a node within the statement; sqlglot records it for identifiers and functions."""
    places = [part.meta["line"] for part in node.walk() if "line" in part.meta]
    return min(places, default=1)


def _invalid(path: Path, line: int, what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(what, where=source_location(path, line), remedy=remedy)
