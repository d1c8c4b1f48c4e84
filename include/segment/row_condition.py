"""Segments that are a condition on a row of `segment.features`, as they must be to share a scan of it.

A segment is one if it reads nothing but `segment.features`, and segments that are themselves conditions on the row, joined
by `subscriber_id`, and if its WHERE has no subquery, aggregate or window. Each of these has at most one row per subscriber,
so the people whom an inner join of them selects are those who meet the conditions of all. DuckDB's own parser must read the
generated text as the same query as that of the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from include.segment.catalogue import Segment

PARAMETER = "tw_{}_{}"
"""The bound name, in a condition, of a parameter of the segment with the number `{}`."""

_BASE = "tw_base_{}"
"""The table in the place of each segment that is read."""
_FEATURES = "features"
_KEY = "subscriber_id"
_OTHER_PARTS = (
    "with_",
    "group",
    "having",
    "qualify",
    "distinct",
    "order",
    "limit",
    "offset",
    "windows",
    "sample",
    "laterals",
)
_OF_MORE_THAN_THE_ROW = (exp.Query, exp.AggFunc, exp.Window)
_MOST_NODES = 1000
"""Segments that read each other again and again are not written out as one condition."""


def row_conditions(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment]) -> dict[str, exp.Expr]:
    """The condition of each segment that is one on the row, by name: its parameters have the names of `PARAMETER`.

    The numbers are places in `segments`, which hold each segment after those that it reads.
    """
    found: dict[str, exp.Expr] = {}
    for number, segment in enumerate(segments):
        condition = _condition(connection, segment, number, found)
        if condition is not None and sum(1 for _ in condition.walk()) <= _MOST_NODES:
            found[str(segment.name)] = condition
    return found


def _condition(
    connection: duckdb.DuckDBPyConnection, segment: Segment, number: int, found: Mapping[str, exp.Expr]
) -> exp.Expr | None:
    """The condition of one segment, None if it is not one on the row; `found` has those of the segments before it."""
    statement = segment.statement(_BASE)
    tree = sqlglot.parse_one(statement, dialect="duckdb")
    bases = [found.get(str(base)) for base in segment.reads]
    if not isinstance(tree, exp.Select) or None in bases or not _is_same(connection, statement, tree.sql("duckdb")):
        return None
    sources = _sources(tree)
    where = tree.args.get("where")
    if not sources or not _is_of_the_row(tree, sources):
        return None
    conditions = [base for base in bases if base is not None] + ([_renamed(where.this, number)] if where else [])
    return exp.and_(*conditions) if conditions else exp.true()


def _sources(tree: exp.Select) -> dict[str, str]:
    """What is read, by alias: the features or a segment. Empty if it is anything else or joined by anything else."""
    if any(tree.args.get(part) for part in _OTHER_PARTS) or "from_" not in tree.args:
        return {}
    found: dict[str, str] = {}
    for join in [None, *tree.args.get("joins", [])]:
        table = join.this if join else tree.args["from_"].this
        source = _source(table)
        alias = table.alias_or_name.lower()
        if not source or (join and not _is_by_key(join, alias, found)):
            return {}
        found[alias] = source
    return found


def _source(table: exp.Expr) -> str:
    """The name of the features or of a segment; empty for anything else, and for a sample or with names for columns."""
    if not isinstance(table, exp.Table) or any(
        value for part, value in table.args.items() if part not in ("this", "db", "alias")
    ):
        return ""
    name = table.name.lower()
    is_read = (table.db.lower(), name) == ("segment", _FEATURES) or (not table.db and name.startswith(_BASE.format("")))
    return name if is_read and not table.alias_column_names else ""


def _is_by_key(join: exp.Join, alias: str, earlier: Mapping[str, str]) -> bool:
    """Whether it is an inner join on the subscriber's id with one of the `earlier` aliases."""
    if any(value for part, value in join.args.items() if part not in ("this", "on", "kind")) or join.kind not in (
        "",
        "INNER",
    ):
        return False
    on = join.args.get("on")
    sides = [side for side in (on.left, on.right) if isinstance(side, exp.Column)] if isinstance(on, exp.EQ) else []
    joined = {side.table.lower() for side in sides if side.name.lower() == _KEY and not side.db}
    return len(joined) == 2 and alias in joined and joined <= {alias, *earlier}


def _is_of_the_row(tree: exp.Select, sources: Mapping[str, str]) -> bool:
    """Whether the query selects the id, and its WHERE depends on nothing but columns of the row."""
    selected, where = tree.expressions, tree.args.get("where")
    columns = list(where.find_all(exp.Column)) if where else []
    return (
        len(selected) == 1
        and isinstance(selected[0], exp.Column)
        and (where is None or next(where.find_all(*_OF_MORE_THAN_THE_ROW), None) is None)
        and all(_is_column(one, sources) for one in [*selected, *columns])
    )


def _is_column(column: exp.Column, sources: Mapping[str, str]) -> bool:
    """Whether a name, of a column that exists, means one of the row. Among several sources the id needs its table."""
    return not column.db and bool(column.table or len(sources) == 1 or column.name.lower() != _KEY)


def _renamed(condition: exp.Expr, number: int) -> exp.Expr:
    """The condition without the aliases of tables, and with parameters of its own."""
    condition = condition.copy()
    for one in condition.find_all(exp.Column):
        one.set("table", None)
    for parameter in condition.find_all(exp.Placeholder):
        parameter.set("this", PARAMETER.format(number, parameter.name))
    return condition


def _is_same(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> bool:
    """Whether DuckDB parses both texts into the same tree."""
    query = "select json_serialize_sql($one), json_serialize_sql($other)"
    first, second = connection.execute(query, {"one": one, "other": other}).fetchall()[0]
    return bool(_without_places(json.loads(first)) == _without_places(json.loads(second)))


def _without_places(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_places(value) for key, value in node.items() if key != "query_location"}
    return [_without_places(one) for one in node] if isinstance(node, list) else node
