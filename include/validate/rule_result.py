"""The result of a rule, as it is recorded in quality.results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from data_quality.checks import Finding
from include.warehouse.connection import run


@dataclass(frozen=True)
class RuleResult:
    """The result of one rule as counts: ten million rows may break it.

    A rule about a whole batch also has the `observed` value with its bounds, and `details`: sentences with counts that say
    what was found where it is broken.
    """

    reason: str
    column: str
    severity: str
    checked: int
    unexpected: int
    observed: float | None = None
    low: float | None = None
    high: float | None = None
    details: tuple[str, ...] = ()


def rule_results(findings: Sequence[Finding]) -> list[RuleResult]:
    """Findings as counts, without their row numbers."""
    return [RuleResult(one.reason, one.column, one.severity, one.checked, len(one.rows)) for one in findings]


def replace_results(
    connection: duckdb.DuckDBPyConnection, relation: str, landed_run: str, at: datetime, results: Sequence[RuleResult]
) -> None:
    """Replace the results of a run in quality.results."""
    params = {"relation": relation, "run": landed_run, "at": at}
    connection.register("findings", _table(results))
    run(connection, "validate", "results_delete", params)
    run(connection, "validate", "results_insert", params)
    connection.unregister("findings")


def _table(results: Sequence[RuleResult]) -> pa.Table:
    columns: dict[str, tuple[list[Any], pa.DataType]] = {
        "expectation": ([one.reason for one in results], pa.string()),
        "column_name": ([one.column for one in results], pa.string()),
        "severity": ([one.severity for one in results], pa.string()),
        "checked_rows": ([one.checked for one in results], pa.int64()),
        "unexpected_rows": ([one.unexpected for one in results], pa.int64()),
        "observed": ([one.observed for one in results], pa.float64()),
        "lower_bound": ([one.low for one in results], pa.float64()),
        "upper_bound": ([one.high for one in results], pa.float64()),
        "details": ([list(one.details) for one in results], pa.list_(pa.string())),
    }
    return pa.table({name: pa.array(values, kind) for name, (values, kind) in columns.items()})
