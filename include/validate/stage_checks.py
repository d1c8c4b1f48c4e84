"""Checks of what the stages leave behind: segments, sends, events and marts, each with its suite (`data_quality.stages`).

SQL reduces the tables to one row per segment, plan or mart, so memory does not grow with the list.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pandas as pd

from data_quality import catalogue, drift, stages
from data_quality.checks import STOP, WARN, Finding, check
from data_quality.stages import StageRule
from include.core import clock
from include.core.alert import NOWHERE, Alert, Route, deliver, resolve
from include.core.errors import QualityStop
from include.core.paths import DataPaths
from include.validate.rule_result import RuleResult, replace_results
from include.warehouse.connection import fetch, open_warehouse, run

SINCE = {"sends": timedelta(days=14), "events": timedelta(days=1)}
"""How far back the tables that grow are read."""
PARTS = {"marts": ("campaign_marts_rows", "engagement_marts_rows", "audience_marts_rows")}
"""SQL files that each fill the temporary table of which the checks of a stage are made; the others read their tables."""
MAX_DETAILS = 20
"""Sentences of a rule that are kept; the counts are of all items."""
SMALLEST_SHARE_CHANGE = 0.05
RUNBOOK = "docs/runbook/quality-stop.md#segments-sends-events-and-marts"
log = logging.getLogger(__name__)
Row = dict[str, Any]


def check_stage(paths: DataPaths, stage: str, *, run: str, dag: str = "", route: Route = NOWHERE) -> dict[str, int]:
    """Evaluate the suite of a stage and record the results under `run`; returns {rule: items that break it}.

    A warning that the previous check of the stage did not have is sent as an alert. Raises `QualityStop` where a critical
    rule is broken. Idempotent: the same run replaces its results.
    """
    now = clock.now()
    with open_warehouse(paths) as connection:
        results = _evaluate(stage, _rows(connection, stage, now))
        replace_results(connection, stage, run, now, results)
        fresh = fetch(connection, "validate", "stage_new_failures", {"relation": stage, "run": run})["rule"].to_pylist()
    broken = [one for one in results if one.unexpected]
    for one in broken:
        log.warning("%s, run %s: %s: %s", stage, run, one.reason, "; ".join(one.details))
        if one.severity == WARN and one.reason in fresh:
            deliver(paths, _alert(stage, one, dag, run), route)
    present = {f"{stage} {one.reason}" for one in broken}
    resolve(paths, lambda known: _is_over(known, stage, present), lambda: route)
    if stops := [one for one in broken if one.severity == STOP]:
        raise _stop(stage, run, stops)
    return {one.reason: one.unexpected for one in results}


def _rows(connection: duckdb.DuckDBPyConnection, stage: str, now: datetime) -> list[Row]:
    params = {
        "since": now - SINCE.get(stage, timedelta()),
        "min_rows": stages.MIN_ROWS,
        "window_runs": drift.WINDOW_RUNS,
    }
    rows: list[Row] = []
    for part in PARTS.get(stage, (None,)):
        if part:
            run(connection, "validate", part)
        rows += fetch(connection, "validate", f"{stage}_checks", params).to_pylist()
    return [row | _share_of_list(row) for row in rows] if stage == "segments" else rows


def _share_of_list(row: Row) -> Row:
    """Whether the segment's share of the list is outside the bounds of the earlier runs; null with too few of them."""
    earlier = [(one["members"], one["list_size"]) for one in row["earlier"]]
    if len(earlier) < drift.MIN_RUNS or row["list_size"] < stages.MIN_ROWS:
        return {"outside": None}
    share = row["members"] / row["list_size"]
    bounds = drift.share_bounds(earlier, row["list_size"], SMALLEST_SHARE_CHANGE)
    is_outside = not 0 <= bounds.position(share) <= 1
    return {"outside": int(is_outside), "share": share, "least": bounds.least, "most": bounds.most}


def _evaluate(stage: str, rows: Sequence[Row]) -> list[RuleResult]:
    rules = stages.STAGES[stage]
    if not rows:
        return [RuleResult(one.name, one.column, catalogue.rules()[one.name].severity, 0, 0) for one in rules]
    columns = list(dict.fromkeys(one.column for one in rules))
    frame = pd.DataFrame([{column: row[column] for column in columns} for row in rows]).astype("Float64")
    findings = check(frame, stages.suite(stage))
    return [_result(rule, finding, rows) for rule, finding in zip(rules, findings, strict=True)]


def _result(rule: StageRule, finding: Finding, rows: Sequence[Mapping[str, Any]]) -> RuleResult:
    values = [float(row[rule.column]) for row in rows if row[rule.column] is not None]
    return RuleResult(
        finding.reason, finding.column, finding.severity, len(values), len(finding.rows), max(values, default=None), 0.0,
        rule.highest, tuple(rule.sentence(rows[number]) for number in finding.rows[:MAX_DETAILS]),
    )  # fmt: skip


def _alert(stage: str, result: RuleResult, dag: str, run: str) -> Alert:
    rule = catalogue.rules()[result.reason]
    return Alert(
        "quality-warning", f"{stage}: the rule '{result.reason}' is broken", f"{rule.meaning} {'; '.join(result.details)}.",
        catalogue.effect(result.reason, WARN, stage), rule.remedy, RUNBOOK, "warning", dag, run,
        about=f"{stage} {result.reason}",
    )  # fmt: skip


def _is_over(alert: Row, stage: str, present: set[str]) -> bool:
    """Whether an open alert is a warning of this stage whose rule is not broken any more."""
    about = alert["about"]
    return alert["kind"] == "quality-warning" and about.startswith(f"{stage} ") and about not in present


def _stop(stage: str, run: str, stops: Sequence[RuleResult]) -> QualityStop:
    first = catalogue.rules()[stops[0].reason]
    found = "; ".join(f"{one.reason} ({'; '.join(one.details)})" for one in stops)
    return QualityStop(
        f"{found}. {first.meaning}", where=f"{stage}, run {run}",
        remedy=f"{catalogue.effect(stops[0].reason, STOP, stage)} {first.remedy}",
    )  # fmt: skip
