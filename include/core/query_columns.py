"""What is wrong with the columns of a marketer's query.

A column that does not exist and a comparison that can never hold (`lifecycle_stage = 'Loyal'`) are found without data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from include.core.known_columns import tables
from include.core.segment_reference import is_reference
from include.core.suggestion import suggest

Violation = tuple[str, exp.Expr, str]
"""What is wrong, the node of the query, and the remedy."""


def violations(query: exp.Query) -> Iterator[Violation]:
    """Tables with one name, columns that do not exist, and comparisons that never or always hold."""
    twice = [*_named_twice(query)]
    yield from twice
    if twice:
        return
    for scope in traverse_scope(query):
        visible = _Visible(scope)
        for column in scope.find_all(exp.Column):
            yield from _unknown_column(column, visible)
        for one in _comparisons(visible):
            yield from _never(one)


def _named_twice(query: exp.Query) -> Iterator[Violation]:
    """Tables of one FROM that have the same name, so that no column of them can be told apart."""
    for select in query.find_all(exp.Select):
        names: set[str] = set()
        joins = [join for join in select.args.get("joins", []) if join.kind not in ("SEMI", "ANTI")]
        for read in [select.args.get("from_"), *joins]:
            name = read.this.alias_or_name.lower() if read else ""
            if name in names - {""}:
                yield f"reads two tables that are both named {name}.", read.this, "Name each of them: `as <name>`."
            names.add(name)


@dataclass(frozen=True)
class _Visible:
    """What the columns of a scope can refer to: its own sources, and those of the queries around it."""

    scope: Scope

    def sources(self) -> Iterator[tuple[str, exp.Expr | Scope]]:
        current: Scope | None = self.scope
        while current is not None:
            yield from ((alias.lower(), source) for alias, (_, source) in current.selected_sources.items())
            current = current.parent

    def candidates(self, column: exp.Column) -> list[exp.Expr | Scope]:
        """The sources that the column can come from; those of its qualifier if it has one."""
        return [source for alias, source in self.sources() if not column.table or alias == column.table.lower()]

    def aliases(self) -> set[str]:
        """Names that the query gives to its own columns."""
        return {name.lower() for name in _outputs(self.scope)}

    def origin(self, column: exp.Column) -> tuple[str, str] | None:
        """The table and column that a column is, through subqueries that only pass it on; None if it is something else."""
        for source in self.candidates(column):
            if isinstance(source, Scope):
                inner = _output(source, column.name)
                if isinstance(inner, exp.Column):
                    return _Visible(source).origin(inner)
            elif column.name.lower() in _columns(source):
                return _name(source), column.name.lower()
        return None


def _name(source: exp.Expr) -> str:
    return f"{source.args['db'].name}.{source.name}".lower() if source.args.get("db") else source.name.lower()


def _columns(source: exp.Expr | Scope) -> set[str]:
    """The columns of a source in lower case; empty if they are not known."""
    if isinstance(source, exp.Table) and is_reference(source):
        return {"subscriber_id"}
    if not isinstance(source, Scope):
        return set(tables()[_name(source)].columns) if _name(source) in tables() else set()
    named = _outputs(source)
    return set() if not named or "*" in named else {name.lower() for name in named}


def _outputs(scope: Scope) -> list[str]:
    """The names of the columns that a query returns."""
    query = scope.expression
    return query.named_selects if isinstance(query, exp.Query) else []


def _output(scope: Scope, name: str) -> exp.Expr | None:
    """The expression that a query returns under a name, without its alias."""
    query = scope.expression
    selects = query.selects if isinstance(query, exp.Query) else []
    found = next((one for one in selects if one.alias_or_name.lower() == name.lower()), None)
    return found.this if isinstance(found, exp.Alias) else found


def _unknown_column(column: exp.Column, visible: _Visible) -> Iterator[Violation]:
    sources = visible.candidates(column)
    known = [_columns(source) for source in sources]
    if not sources or not all(known) or isinstance(column.this, exp.Star):
        return
    names = set().union(*known)
    if column.name.lower() in names | {"rowid"} or (not column.table and column.name.lower() in visible.aliases()):
        return
    remedy = suggest(column.name, names, kind="columns")
    if isinstance(column.this, exp.Identifier) and column.this.quoted:
        remedy = f"If it is a text, write it in single quotes: '{column.name}'. {remedy}"
    yield f"there is no column {column.name}{_of(sources)}.", column, remedy


def _of(sources: list[exp.Expr | Scope]) -> str:
    named = sorted({_name(source) for source in sources if not isinstance(source, Scope)})
    return f" in {' or '.join(named)}" if named else ""


_COMPARISONS = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE}


def comparisons(query: exp.Query) -> Iterator[tuple[str, str, exp.Literal, exp.Column]]:
    """Every comparison of a known column with a literal: table, column, literal and node of the column."""
    for scope in traverse_scope(query):
        for one in _comparisons(_Visible(scope)):
            yield one.table, one.column, one.literal, one.node


@dataclass(frozen=True)
class _Comparison:
    """`column <kind> literal`, or minus the literal if it `is_negative`."""

    table: str
    column: str
    kind: type[exp.Expr]
    literal: exp.Literal
    node: exp.Column
    is_negative: bool


def _comparisons(visible: _Visible) -> Iterator[_Comparison]:
    for found in visible.scope.find_all(*_COMPARISONS, exp.In):
        kind: type[exp.Expr] = type(found)
        left = found.this
        others = found.expressions if isinstance(found, exp.In) else [found.expression]
        if not isinstance(left, exp.Column) and others and isinstance(others[0], exp.Column):
            left, others, kind = others[0], [left], _MIRRORED.get(kind, kind)
        origin = visible.origin(left) if isinstance(left, exp.Column) else None
        if origin is None or origin[0] not in tables():
            continue
        for other in others:
            literal = other.this if isinstance(other, exp.Neg) else other
            if isinstance(literal, exp.Literal):
                yield _Comparison(*origin, kind, literal, left, isinstance(other, exp.Neg))


def _never(one: _Comparison) -> Iterator[Violation]:
    """A comparison that never or always holds, whatever the data."""
    table, column, value = tables()[one.table], one.column, str(one.literal.this)
    equality = one.kind not in _MIRRORED
    if one.literal.is_string and equality and (never := table.never(column, value)):
        yield never[0], one.node, never[1]
    elif one.literal.is_string and equality and column in table.lower_case and value != value.lower():
        yield f"{column} is never '{value[:60]}': it has no capital letters.", one.node, f"Write '{value.lower()[:60]}'."
    elif not one.literal.is_string and column in table.range:
        number = -float(value) if one.is_negative else float(value)
        yield from _out_of_range(table.range[column], column, one.kind, number, one.node)


def _out_of_range(
    limits: tuple[int, ...], column: str, kind: type[exp.Expr], number: float, node: exp.Column
) -> Iterator[Violation]:
    low, high = float(limits[0]), float(limits[1]) if len(limits) > 1 else float("inf")
    orders: dict[type[exp.Expr], bool] = {
        exp.GT: number >= high, exp.GTE: number > high, exp.LT: number <= low, exp.LTE: number < low,
    }  # fmt: skip
    if orders.get(kind, not low <= number <= high):
        spoken = f"from {limits[0]} to {limits[1]}" if len(limits) > 1 else f"{limits[0]} or more"
        yield f"{column} is always {spoken}, so this comparison decides nothing.", node, "Correct the number."
