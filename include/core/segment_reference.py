"""Segments that a definition reads: `from segment.engaged`, or `segment.engaged(days := 30)` with other parameters.

A reference is replaced, in the text of the statement, by a query on the members of that segment, so that lines in DuckDB's
messages stay those of the file. The name of the segment is a bound parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokenizer_core import Token, TokenType

from include.core import sql_literal
from include.core.segment_name import SegmentName
from include.core.sql_literal import Literal

SCHEMA = "segment"
TABLES = frozenset(
    {"features", "activity_counts", "runs", "sizes", "membership", "stops", "decisions", "spells", "condition_changes"}
    | {"previous_features", "previous_activity_counts", "positions", "members", "moves"}
    | {"facts", "activity_facts", "scales", "changes", "replaced_facts", "replaced_activity_facts", "replaced_people"}
    | {"facts_of_runs", "activity_facts_of_runs", "features_of_runs"}
    | {"members_when", "members_in", "members_on", "moves_on"}
)
"""Tables, views and macros of the schema `segment`. No segment has one of these names."""

MEMBERS_NOW = "(select subscriber_id from temp.selected_membership where segment = $tw_read_{})"
"""The members that this run selected; `{}` is the number of the reference."""


@dataclass(frozen=True)
class Variable:
    """The value of a parameter of the segment that holds the reference: `segment.engaged(days := $days)`."""

    name: str


@dataclass(frozen=True)
class Reference:
    """A segment that is read, its arguments, and its place in the statement: characters and line."""

    segment: str
    arguments: Mapping[str, Literal | Variable | None]
    start: int
    stop: int
    line: int
    alias: str

    def name(self, values: Mapping[str, Literal]) -> SegmentName:
        """The segment, with the values of the parameters of the one that reads it."""
        given = {name: values.get(one.name) if isinstance(one, Variable) else one for name, one in self.arguments.items()}
        return SegmentName(self.segment, {name: value for name, value in given.items() if value is not None})


def is_reference(table: exp.Table) -> bool:
    """Whether a table of the query names a segment."""
    return table.db.lower() == SCHEMA and not table.catalog and _name(table) not in TABLES | {""}


def references(query: exp.Query, statement: str) -> list[Reference]:
    """The references of a query, in the order of the text."""
    read = list(DuckDB().tokenize(statement))
    places = {token.start: number for number, token in enumerate(read)}
    tables = [table for table in query.find_all(exp.Table) if is_reference(table)]
    found = [_reference(table, read, places[table.args["db"].meta["start"]]) for table in tables]
    return sorted(found, key=lambda one: one.start)


def resolve(statement: str, found: Sequence[Reference], members: str | Callable[[int], str]) -> str:
    """The statement with `members`, a query with the number of the reference as `{}`, in the place of each reference.

    Instead of the text, `members` may be a function from the number to the query.
    """
    text = members.format if isinstance(members, str) else members
    for number, one in reversed(list(enumerate(found))):
        lines = "\n" * statement.count("\n", one.start, one.stop)
        statement = statement[: one.start] + text(number) + lines + one.alias + statement[one.stop :]
    return statement


def _name(table: exp.Table) -> str:
    """The table, or the function in its place, in lower case; empty for a function that sqlglot knows."""
    named = table.this
    return str(named.this).lower() if isinstance(named, (exp.Identifier, exp.Anonymous)) else ""


def _reference(table: exp.Table, read: Sequence[Token], place: int) -> Reference:
    start, last = read[place], place + 2
    if last + 1 < len(read) and read[last + 1].token_type == TokenType.L_PAREN:
        last = _closing(read, last + 1)
    arguments = dict(_argument(one) for one in table.this.expressions) if isinstance(table.this, exp.Anonymous) else {}
    alias = "" if table.alias else f" as {_name(table)}"
    return Reference(_name(table), arguments, start.start, read[last].end + 1, start.line, alias)


def _closing(read: Sequence[Token], place: int) -> int:
    depth = 0
    for number in range(place, len(read)):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(read[number].token_type, 0)
        if depth == 0:
            return number
    return len(read) - 1


def _argument(node: exp.Expr) -> tuple[str, Literal | Variable | None]:
    """Name and value of `days := 30`; the value is None if it is neither a literal nor a parameter."""
    if not isinstance(node, (exp.PropertyEQ, exp.Kwarg)):
        return node.sql("duckdb"), None
    value = node.expression
    if isinstance(value, (exp.Placeholder, exp.Parameter)):
        return node.this.name, Variable(value.name)
    try:
        return node.this.name, sql_literal.read(value.sql("duckdb"))
    except ValueError:
        return node.this.name, None
