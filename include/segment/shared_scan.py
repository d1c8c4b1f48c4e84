"""Segments that are conditions on a row of `segment.features` share one scan of it: they become bits of one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb
from sqlglot import exp

from include.segment.catalogue import Segment
from include.segment.definition import AS_OF
from include.segment.row_condition import PARAMETER, row_conditions
from include.warehouse.connection import fetch

_SCAN = (
    "insert into temp.selected_members\n"
    "select subscriber_id, $tw_block, bits\n"
    "from (select subscriber_id, {} as bits from segment.features limit 9223372036854775807) as scanned where bits <> 0"
)
"""The limit, which no table reaches, keeps DuckDB from computing the bits twice: for the condition, and for the result."""


def scan(connection: duckdb.DuckDBPyConnection, segments: Sequence[Segment], as_of: datetime) -> set[str]:
    """Add the members of the segments that share a scan to `selected_members`, by their `places`. Returns their names.

    Raises DuckDB's errors: the caller then builds each segment by itself, which finds the one that fails.
    """
    shared = row_conditions(connection, segments)
    if len(shared) < 2:
        return set()
    params: dict[str, Any] = {}
    for number, segment in enumerate(segments):
        values = {**segment.values, AS_OF: as_of}
        params |= {PARAMETER.format(number, name): value for name, value in values.items()}
    for row in fetch(connection, "segment", "places_shared", {"shared": list(shared)}).to_pylist():
        by_bit = {one["place"]: shared[one["segment"]] for one in row["segments"]}
        _scan_block(connection, by_bit, {**params, "tw_block": row["block"]})
    return set(shared)


def _scan_block(connection: duckdb.DuckDBPyConnection, by_bit: Mapping[int, exp.Expr], params: Mapping[str, Any]) -> None:
    """Up to 64 segments: a row per subscriber who is in one of them."""
    bits = [f"if(({condition.sql('duckdb')})::boolean, {bit}::ubigint, 0::ubigint)" for bit, condition in by_bit.items()]
    statement = _SCAN.format(" | ".join(bits))
    used = duckdb.extract_statements(statement)[0].named_parameters
    connection.execute(statement, {name: params[name] for name in used})
