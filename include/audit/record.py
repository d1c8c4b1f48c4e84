"""Records an audit: its results in the warehouse, the page, and an alert for each check whose verdict got worse."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from include.audit.checks import CHECKS
from include.audit.page import Row, write_page
from include.audit.result import ORDER, Result, Verdict, rank
from include.core.alert import NOWHERE, Alert, Route, deliver, resolve
from include.core.paths import DataPaths
from include.warehouse.connection import fetch, open_warehouse, run, transaction

KIND = "audit-worse"
NOT_MADE = "The task of this check failed: see its log, and run the audit again."
_SCHEMA = pa.schema([(name, pa.string()) for name in ("check_name", "verdict", "evidence", "advice")])


@dataclass(frozen=True)
class Audit:
    """The DAG run of an audit, and its time."""

    dag: str
    run: str
    at: datetime


@dataclass(frozen=True)
class Earlier:
    """The verdicts of a check before: of the last audit, and of the last that could ask. None without one."""

    previous: Verdict | None = None
    known: Verdict | None = None

    @property
    def baseline(self) -> Verdict:
        """The verdict that a new one is worse than, if it alerts. At first only a failure does."""
        before = [verdict for verdict in (self.previous, self.known) if verdict]
        return max(before, key=rank) if before else "warn"


def record(paths: DataPaths, results: Iterable[Mapping[str, Any]], audit: Audit, route: Route = NOWHERE) -> dict[str, int]:
    """Store the results, write the page, alert on what got worse; returns the number of checks by verdict.

    Open alerts of checks that are better again are resolved.

    A check without a result is unknown. Recording a run again replaces its results.
    """
    made = {one["check"]: Result(**one) for one in results}
    complete = [made.get(name, Result(name, "unknown", {}, NOT_MADE)) for name in CHECKS]
    with open_warehouse(paths) as warehouse:
        earlier = _earlier(warehouse, audit.run)
        _store(warehouse, complete, audit)
        history = fetch(warehouse, "audit", "history").to_pylist()
    write_page(paths, audit.at, [_row(one, earlier, history) for one in complete])
    worse = [one for one in complete if is_worse(one.verdict, earlier.get(one.check, Earlier()))]
    for one in worse:
        deliver(paths, _alert(one, earlier.get(one.check, Earlier()).previous, audit), route)
    verdicts: dict[str, Verdict] = {one.check: one.verdict for one in complete}
    resolve(paths, lambda alert: _is_over(alert, verdicts), lambda: route)
    counts = Counter(one.verdict for one in complete)
    return {verdict: counts[verdict] for verdict in ORDER} | {"worse": len(worse)}


def is_worse(verdict: Verdict, earlier: Earlier) -> bool:
    """Whether a verdict alerts: it is worse than that of the last audit, and than that of the last that could ask."""
    return rank(verdict) > rank(earlier.baseline)


def _earlier(warehouse: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, Earlier]:
    rows = fetch(warehouse, "audit", "earlier_verdicts", {"run_id": run_id}).to_pylist()
    return {row["check_name"]: Earlier(row["previous"], row["known"]) for row in rows}


def _store(warehouse: duckdb.DuckDBPyConnection, results: list[Result], audit: Audit) -> None:
    rows = [
        {"check_name": one.check, "verdict": one.verdict, "evidence": json.dumps(one.evidence), "advice": one.advice}
        for one in results
    ]
    warehouse.register("audit_results", pa.Table.from_pylist(rows, schema=_SCHEMA))
    with transaction(warehouse):
        run(warehouse, "audit", "checks_delete", {"run_id": audit.run})
        run(warehouse, "audit", "checks_insert", {"run_id": audit.run, "at": audit.at})
    warehouse.unregister("audit_results")


def _row(result: Result, earlier: Mapping[str, Earlier], history: list[dict[str, Any]]) -> Row:
    verdicts = [one["verdict"] for one in history if one["check_name"] == result.check]
    before = earlier.get(result.check, Earlier())
    return Row(CHECKS[result.check], result, before.previous, is_worse(result.verdict, before), tuple(verdicts))


def _alert(result: Result, previous: Verdict | None, audit: Audit) -> Alert:
    title = CHECKS[result.check]
    return Alert(
        KIND, f"Audit: {title}: {result.verdict}",
        f"{f'It was {previous} at the last audit. ' if previous else ''}{result.advice}",
        "The audit changes nothing and stops no mail.", "Read the page Audit in Airflow's menu, and follow its advice.",
        "docs/runbook/audit.md#what-to-do", "critical" if result.verdict == "fail" else "warning", audit.dag, audit.run,
        "record", about=result.check,
    )  # fmt: skip


def _is_over(alert: Mapping[str, Any], verdicts: Mapping[str, Verdict]) -> bool:
    """Whether the cause of an open alert is over: the check passes, or no longer fails. What is unknown is not over."""
    verdict = verdicts.get(alert["about"]) if alert["kind"] == KIND else None
    return verdict == "pass" or (verdict == "warn" and alert["severity"] == "critical")
