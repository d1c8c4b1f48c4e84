"""Segments that are a plain WHERE on `segment.features` share one scan of it.

Their conditions become bits of one statement. A condition is shared only where DuckDB's own parser reads the
generated text as the same query as that of the file, and it has no subquery, aggregate or window, so that it depends on
nothing but the row: the members are then the same as those of a scan of their own.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb
from sqlglot import exp

from include.segment.catalogue import Segment
from include.segment.definition import AS_OF
from include.warehouse.connection import fetch

logger = logging.getLogger(__name__)

_OTHER_PARTS = ("joins", "with_", "group", "having", "qualify", "distinct", "order", "limit", "offset", "windows")
_SCAN = (
    "insert into temp.selected_members\n"
    "select subscriber_id, $tw_block, bits from (select subscriber_id, {} as bits from segment.features) as scanned\n"
    "where bits <> 0"
)
_OF_MORE_THAN_THE_ROW = (exp.Query, exp.AggFunc, exp.Window)


def scan(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment], as_of: datetime) -> set[str]:
    """Add the members of the segments that share a scan to `selected_members`, by their `places`. Returns their names.

    Raises DuckDB's errors: the caller then builds each segment by itself, which finds the one that fails.
    """
    shared = {str(segment.name): segment for segment in segments if is_plain(connection, segment)}
    if len(shared) < 2:
        return set()
    for row in fetch(connection, "segment", "places_shared", {"shared": list(shared)}).to_pylist():
        _scan_block(connection, row["block"], {one["place"]: shared[one["segment"]] for one in row["segments"]}, as_of)
    return set(shared)


def _scan_block(connection: duckdb.DuckDBPyConnection, block: int, by_bit: Mapping[int, Segment], as_of: datetime) -> None:
    """Up to 64 segments: a row per subscriber who is in one of them."""
    bits = [f"if(({_condition(one, bit)})::boolean, {bit}::ubigint, 0::ubigint)" for bit, one in by_bit.items()]
    params: dict[str, Any] = {"tw_block": block}
    for bit, one in by_bit.items():
        params |= {f"tw_{bit}_{name}": value for name, value in {**one.values, AS_OF: as_of}.items()}
    statement = _SCAN.format(" | ".join(bits))
    used = duckdb.extract_statements(statement)[0].named_parameters
    connection.execute(statement, {name: params[name] for name in used})


def is_plain(connection: duckdb.DuckDBPyConnection, segment: Segment) -> bool:
    """Whether the query is `select subscriber_id from segment.features where …` with conditions on the row alone."""
    tree = segment.definition.query.tree
    if not isinstance(tree, exp.Select) or segment.reads or any(tree.args.get(part) for part in _OTHER_PARTS):
        return False
    source, column = tree.args["from_"].this, tree.expressions[0]
    where = tree.args.get("where")
    return (
        isinstance(source, exp.Table)
        and (source.db.lower(), source.name.lower()) == ("segment", "features")
        and isinstance(column, exp.Column)
        and (where is None or next(where.find_all(*_OF_MORE_THAN_THE_ROW), None) is None)
        and _is_same(connection, segment.definition.statement, tree.sql("duckdb"))
    )


def _condition(segment: Segment, bit: int) -> str:
    """The WHERE, without the alias of the table, and with parameters named after the bit."""
    where = segment.definition.query.tree.args.get("where")
    if where is None:
        return "true"
    condition = where.this.copy()
    for one in condition.find_all(exp.Column):
        one.set("table", None)
    for parameter in condition.find_all(exp.Placeholder):
        parameter.set("this", f"tw_{bit}_{parameter.name}")
    return str(condition.sql("duckdb"))


def _is_same(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> bool:
    """Whether DuckDB parses both texts into the same tree."""
    query = "select json_serialize_sql($one), json_serialize_sql($other)"
    first, second = connection.execute(query, {"one": one, "other": other}).fetchall()[0]
    return bool(_without_places(json.loads(first)) == _without_places(json.loads(second)))


def _without_places(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_places(value) for key, value in node.items() if key != "query_location"}
    return [_without_places(one) for one in node] if isinstance(node, list) else node
