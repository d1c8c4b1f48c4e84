"""Binds a marketer's query to the schema of the warehouse without any data, and says in plain words what DuckDB refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

import duckdb

from include.core import query_comparisons, sql_literal
from include.core.finding import Finding
from include.core.query import Query
from include.core.segment_reference import resolve
from include.warehouse.connection import prepare

BINDING_ERRORS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
"""Errors of a query's text. All others depend on the data, and their messages may quote it."""
_PARAMETER = re.compile(r"\$(\w+)")
_SAMPLE_TIME = "timestamptz '2026-01-01 00:00:00+00'"
_NOBODY = "(select subscriber_id from core.subscribers where {} < 0)"
"""Stands for a segment that the query reads."""


def bind(query: Query) -> list[Finding]:
    """What DuckDB refuses in the query, against empty tables; a parameter has its default, or stands for a time."""
    defaults = {name: sql_literal.write(value) for name, value in query.file.defaults.items()}
    statement = resolve(query.statement, query.references, _NOBODY)
    try:
        _empty_warehouse().execute(f"explain\n{_PARAMETER.sub(lambda one: defaults.get(one[1], _SAMPLE_TIME), statement)}")
    except BINDING_ERRORS as error:
        what, line, remedy = explain(error)
        return [Finding("error", query.path, query.first_line + max(line - 2, 0), what, remedy)]
    return list(_unreadable_literals(query))


def explain(error: duckdb.Error) -> tuple[str, int, str]:
    """The sentence, the line within the executed statement, and the remedy, for one of `BINDING_ERRORS`."""
    text = str(error)
    line = int(found[1]) if (found := re.search(r"^LINE (\d+):", text, re.MULTILINE)) else 1
    for pattern, sentence in _SENTENCES:
        if match := re.search(pattern, text):
            what, remedy = sentence(match)
            return what, line, remedy
    first = re.sub(r"^(\w+ )+Error: ", "", text.splitlines()[0]).rstrip(".!")
    return f"is not understood: {first}.", line, "Fix the query."


@cache
def _empty_warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set timezone = 'UTC'")
    prepare(connection)
    return connection


@cache
def column_types() -> dict[tuple[str, str], str]:
    """The type of each column of the warehouse, by `schema.table` and column."""
    rows = _empty_warehouse().execute("select schema_name, table_name, column_name, data_type from duckdb_columns()")
    return {(f"{schema}.{table}", column): kind for schema, table, column, kind in rows.fetchall()}


def _unreadable_literals(query: Query) -> Iterator[Finding]:
    """Texts that are compared with a column of another type and cannot be read as one: DuckDB fails once there are rows."""
    for one in query_comparisons.comparisons(query.tree, query.file.defaults):
        kind = column_types().get((one.table, one.column), "VARCHAR")
        if isinstance(one.value, str) and kind != "VARCHAR" and _cannot_be(one.value, kind):
            line = query.first_line + one.node.this.meta.get("line", 1) - 1
            what = f"{one.column} is {_kind(kind)} and cannot be compared with '{one.value[:60]}'."
            yield Finding("error", query.path, line, what, "Correct the value.")


def _cannot_be(value: str, kind: str) -> bool:
    row = _empty_warehouse().execute(f"select try_cast({sql_literal.write(value)} as {kind}) is null").fetchone()
    return bool(row and row[0])


_KINDS = {
    "TINYINT": "a whole number", "INTEGER": "a whole number", "BIGINT": "a whole number", "DECIMAL": "a number",
    "DOUBLE": "a number", "BOOLEAN": "true or false", "TIMESTAMP WITH TIME ZONE": "a time", "JSON": "JSON",
}  # fmt: skip
_LIST = "docs/segments.md lists the tables and columns."
_MEANT = r'(?:\s+Did you mean "(?P<near>[^"]+)"\?)?'


def _near(match: re.Match[str]) -> str:
    return f"Did you mean {match['near']}?" if match["near"] else "Correct the name."


_SENTENCES: tuple[tuple[str, Callable[[re.Match[str]], tuple[str, str]]], ...] = (
    (r'Referenced column "([^"]+)" not found', lambda found: (f"there is no column {found[1]}.", _LIST)),
    (r'Referenced table "([^"]+)" not found', lambda found: (
        f"{found[1]} is neither a table nor an alias of this query.", "A table with an alias is named by its alias.")),
    (r'Column "([^"]+)" does not exist on (?:left|right) side', lambda found: (
        f"there is no column {found[1]} to join by.", _LIST)),
    (rf"(?:Scalar|Aggregate|Table)? ?Function with name (\S+) does not exist!{_MEANT}", lambda found: (
        f"there is no function {found[1]}.", _near(found))),
    (rf"Type with name (\S+) does not exist!{_MEANT}", lambda found: (f"there is no type {found[1]}.", _near(found))),
    (rf"Table with name (\S+) does not exist!{_MEANT}", lambda found: (f"there is no table {found[1]}.", _near(found))),
    (r'syntax error at or near "([^"]+)"', lambda found: (f"is not SQL: {found[1]} cannot stand here.", "Look before it.")),
    (r"syntax error at end of input", lambda _: ("is not SQL: it ends too early.", "Close what is open.")),
    (r"Cannot compare values of type ([\w() ,]+) and type ([\w() ,]+?) -", lambda found: (
        f"compares {_kind(found[1])} with {_kind(found[2])}.", "Compare values of one kind.")),
    (r"No function matches the given name and argument types '([^(]+)\((.*)\)'", lambda found: (
        f"{found[1]} does not work with {', '.join(_kind(part) for part in found[2].split(', '))}.",
        "Check the order and the kind of the arguments; a period is written interval 30 day.")),
    (r"WHERE clause cannot contain (aggregates|window functions)", lambda found: (
        f"uses {found[1]} in where.", f"Write the condition after {'having' if found[1] == 'aggregates' else 'qualify'}.")),
    (r'column "?([\w.]+)"? must appear in the GROUP BY', lambda found: (
        f"selects {found[1]} beside an aggregate or group by.", f"Add {found[1]} to group by.")),
    (r'Ambiguous reference to (?:column name|table) "([^"]+)"', lambda found: (
        f"{found[1]} is in more than one table of this query.", f"Write its table before it, as in features.{found[1]}.")),
    (r"Set operations can only apply to expressions with the same number", lambda _: (
        "combines queries with a different number of columns.", "Let each of them return the same columns.")),
    (r"Subquery returns (\d+) columns - expected (\d+)", lambda found: (
        f"compares with a subquery of {found[1]} columns.", f"Let it return {found[2]}.")),
)  # fmt: skip


def _kind(duckdb_type: str) -> str:
    """A type of DuckDB in words."""
    plain = duckdb_type.partition("(")[0].removesuffix("_LITERAL").strip()
    return _KINDS.get(plain, {"STRING": "a text", "VARCHAR": "a text", "DATE": "a date"}.get(plain, plain.lower()))
