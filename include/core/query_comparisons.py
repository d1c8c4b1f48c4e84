"""Comparisons of a marketer's query that never or always hold, whatever the data, such as `lifecycle_stage = 'Loyal'`.

A parameter counts with its default, or with the value that a campaign or another segment gives it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from include.core import sql_literal
from include.core.known_columns import Table, tables
from include.core.query_columns import Violation, Visible, scopes
from include.core.sql_literal import Literal

_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE}
_EQUALITIES = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)
_COMPARISONS: tuple[type[exp.Expr], ...] = (*_EQUALITIES, *_MIRRORED)
_PATTERNS = (exp.Like, exp.ILike, exp.StartsWith)
_CONDITIONS: tuple[type[exp.Expr], ...] = (*_COMPARISONS, *_PATTERNS, exp.In, exp.Between)
_OF_TEXT: dict[type[exp.Expr], Callable[[str], str]] = {exp.Lower: str.lower, exp.Upper: str.upper, exp.Trim: str.strip}
_CAPITALS, _SMALL = re.compile("[A-Z]"), re.compile("[a-z]")


@dataclass(frozen=True)
class Compared:
    """A column, or a function of one, beside a value: `lower(country) = 'de'`.

    `shown` is the left side in words; `known` are the values that it can have, empty if they are not known. `parameter` is
    the name of the one that holds the value, empty if the query does.
    """

    table: str
    column: str
    shown: str
    known: frozenset[str]
    node: exp.Column
    kind: type[exp.Expr] = exp.EQ
    value: str | float = ""
    parameter: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether the left side is the column itself."""
        return self.shown == self.column


def violations(query: exp.Query, values: Mapping[str, Literal]) -> Iterator[Violation]:
    """Comparisons that never or always hold; `values` are those of the query's parameters."""
    for visible in scopes(query):
        for one in _comparisons(visible, values):
            yield from ((_with(one, what), one.node, remedy) for what, remedy in _never(one))
        for node in visible.scope.find_all(*_CONDITIONS, exp.And):
            yield from _null(node)
            yield from _lost_case(node, visible, values)
            yield from _backwards(node, values)
            yield from _contradiction(node)


def comparisons(query: exp.Query, values: Mapping[str, Literal]) -> Iterator[Compared]:
    """Every comparison of a known column itself with a value."""
    return (one for visible in scopes(query) for one in _comparisons(visible, values) if one.is_plain)


def wrong_values(query: exp.Query, values: Mapping[str, Literal], given: Collection[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the values of the parameters `given`, and the remedies."""
    for visible in scopes(query):
        for one in _comparisons(visible, values):
            if one.parameter in given:
                yield from ((_with(one, what), remedy) for what, remedy in _never(one))


def _comparisons(visible: Visible, values: Mapping[str, Literal]) -> Iterator[Compared]:
    found = visible.scope.find_all(*_CONDITIONS, exp.ArrayContains, exp.Case)
    for kind, left, right in (side for node in found for side in _sides(node)):
        subject = _subject(left, visible)
        if subject:
            for value, parameter in _values(right, values):
                yield replace(subject, kind=kind, value=value, parameter=parameter)


def _sides(node: exp.Expr) -> Iterator[tuple[type[exp.Expr], exp.Expr, exp.Expr]]:
    """What is compared: the kind of comparison, the side that may be a column, and the one that may be a value."""
    if isinstance(node, exp.Case):
        yield from ((exp.EQ, node.this, branch.this) for branch in node.args["ifs"] if node.this)
    elif isinstance(node, exp.Between):
        yield exp.GTE, node.this, node.args["low"]
        yield exp.LTE, node.this, node.args["high"]
    elif isinstance(node, exp.ArrayContains):
        yield exp.EQ, node.expression, node.this
    elif isinstance(node, exp.In):
        others = [*node.expressions, node.args.get("field")]
        for other in (one for one in others if one):
            yield exp.EQ, node.this, other
            yield exp.EQ, other, node.this
    elif not isinstance(node.parent, exp.Escape):
        kind = type(node)
        yield kind, node.this, node.expression
        if kind in _COMPARISONS:
            yield _MIRRORED.get(kind, kind), node.expression, node.this


def _subject(node: exp.Expr, visible: Visible) -> Compared | None:
    """The left side of a comparison, if it is a known column or a function of one whose results are known."""
    node = _bare(node)
    if isinstance(node, exp.Column):
        origin = visible.origin(node)
        if origin is None or origin[0] not in tables():
            return None
        return Compared(*origin, origin[1], tables()[origin[0]].known_values(origin[1]), node)
    inner = _subject(node.this, visible) if isinstance(node, (*_OF_TEXT, exp.Coalesce)) else None
    if inner is None or not inner.known:
        return None
    shown = f"{node.key}({inner.shown})"
    if isinstance(node, exp.Coalesce):
        others = [_bare(other) for other in node.expressions]
        texts = {other.this for other in others if isinstance(other, exp.Literal) and other.is_string}
        return replace(inner, shown=shown, known=inner.known | texts) if len(texts) == len(others) else None
    if len([part for part in node.args.values() if part]) > 1:
        return None
    function = next(function for kind, function in _OF_TEXT.items() if isinstance(node, kind))
    return replace(inner, shown=shown, known=frozenset(map(function, inner.known)))


def _bare(node: exp.Expr) -> exp.Expr:
    """The expression without brackets around it, and without a cast to text."""
    while isinstance(node, exp.Paren) or (isinstance(node, exp.Cast) and node.to.is_type(*exp.DataType.TEXT_TYPES)):
        node = node.this
    return node


def _values(node: exp.Expr, values: Mapping[str, Literal]) -> Iterator[tuple[str | float, str]]:
    """The texts and numbers that an expression stands for, each with the parameter that holds it, if one does."""
    node = _bare(node)
    if isinstance(node, exp.Literal):
        yield (str(node.this) if node.is_string else float(node.this)), ""
    elif isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
        yield -float(node.this.this), ""
    elif isinstance(node, (exp.Array, exp.Tuple)):
        yield from (one for part in node.expressions for one in _values(part, values))
    elif isinstance(node, exp.Any):
        yield from _values(node.this, values)
    elif isinstance(node, (exp.Placeholder, exp.Parameter)) and node.name in values:
        given = values[node.name]
        for value in given if isinstance(given, list) else [given]:
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                yield (value if isinstance(value, str) else float(value)), node.name


def _with(one: Compared, what: str) -> str:
    if not one.parameter:
        return what
    value = one.value if isinstance(one.value, str) or not one.value.is_integer() else int(one.value)
    return f"with {one.parameter} = {sql_literal.write(value)[:60]}, {what}"


def _never(one: Compared) -> Iterator[tuple[str, str]]:
    """What is wrong with a comparison that never or always holds, and the remedy."""
    table = tables()[one.table]
    if isinstance(one.value, float):
        if one.is_plain and one.column in table.range:
            yield from _out_of_range(table.range[one.column], one.column, one.kind, one.value)
    elif one.kind in _PATTERNS:
        yield from _no_match(one, one.value, table)
    elif one.kind in _EQUALITIES:
        if found := table.never(one.column, one.value, shown=one.shown, known=one.known):
            yield found
        elif one.is_plain and one.column in table.lower_case and one.value != one.value.lower():
            yield _in_small_letters(one.column, one.value)


def _in_small_letters(shown: str, value: str) -> tuple[str, str]:
    return f"{shown} is never '{value[:60]}': it has no capital letters.", f"Write '{value.lower()[:60]}'."


def _no_match(one: Compared, text: str, table: Table) -> Iterator[tuple[str, str]]:
    """A pattern that none of the known values has."""
    text = f"{text}%" if one.kind is exp.StartsWith else text
    pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in text)
    if one.known and not any(
        re.fullmatch(pattern, value, re.IGNORECASE if one.kind is exp.ILike else 0) for value in one.known
    ):
        yield f"{one.shown} never looks like '{text[:60]}'.", table.listed(one.column, one.known)
    elif one.is_plain and one.column in table.lower_case and one.kind is not exp.ILike and text != text.lower():
        yield _in_small_letters(one.column, text)


def _out_of_range(limits: tuple[int, ...], column: str, kind: type[exp.Expr], number: float) -> Iterator[tuple[str, str]]:
    low, high = float(limits[0]), float(limits[1]) if len(limits) > 1 else float("inf")
    orders: dict[type[exp.Expr], bool] = {
        exp.GT: number >= high, exp.GTE: number > high, exp.LT: number <= low, exp.LTE: number < low,
    }  # fmt: skip
    if orders.get(kind, not low <= number <= high):
        spoken = f"from {limits[0]} to {limits[1]}" if len(limits) > 1 else f"{limits[0]} or more"
        yield f"{column} is always {spoken}, so this comparison decides nothing.", "Correct the number."


def _null(node: exp.Expr) -> Iterator[Violation]:
    """A comparison with null, which is neither true nor false: no row is selected by it, nor by its opposite."""
    sides = [node.this, *node.expressions] if isinstance(node, exp.In) else [node.this, node.args.get("expression")]
    if isinstance(node, (exp.EQ, exp.NEQ, exp.In, *_MIRRORED)) and any(isinstance(side, exp.Null) for side in sides):
        what = "compares with null, which no value is equal to or different from."
        yield what, node, "Write is null, or is not null."


def _lost_case(node: exp.Expr, visible: Visible, values: Mapping[str, Literal]) -> Iterator[Violation]:
    """`lower(…) = 'Jazz'` of a text whose values are not known: lower leaves no capital letters."""
    if not isinstance(node, (*_EQUALITIES, exp.In, exp.Like)):
        return
    for _, left, right in _sides(node):
        left = _bare(left)
        if not isinstance(left, (exp.Lower, exp.Upper)) or _subject(left, visible):
            continue
        lost, letters, meant = (_CAPITALS, "capital", str.lower) if left.key == "lower" else (_SMALL, "small", str.upper)
        for value, _ in _values(right, values):
            if isinstance(value, str) and lost.search(value):
                what = f"{left.key}(…) is never '{value[:60]}': it has no {letters} letters."
                yield what, node, f"Write '{meant(value)[:60]}'."


def _backwards(node: exp.Expr, values: Mapping[str, Literal]) -> Iterator[Violation]:
    """`between 5 and 3`, which nothing is."""
    if not isinstance(node, exp.Between):
        return
    low, high = ([value for value, _ in _values(node.args[end], values)] for end in ("low", "high"))
    if len(low) == len(high) == 1 and type(low[0]) is type(high[0]) and low[0] > high[0]:  # type: ignore[operator]
        yield "nothing is between a value and a smaller one.", node, "Write the smaller one first."


def _contradiction(node: exp.Expr) -> Iterator[Violation]:
    """`a = 'x' and a = 'y'`, of one row."""
    if not isinstance(node, exp.And) or isinstance(node.parent, exp.And):
        return
    seen: dict[str, str] = {}
    for part in node.flatten():
        if isinstance(part, exp.EQ) and isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Literal):
            column, value = part.this.sql("duckdb").lower(), part.expression.sql("duckdb")
            if seen.setdefault(column, value) != value:
                what = f"{part.this.name} cannot be {seen[column][:60]} and {value[:60]} at once."
                yield what, part, f"Write {part.this.name} in ({seen[column][:60]}, {value[:60]}) for either."
