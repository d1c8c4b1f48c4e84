"""Service level objectives: counts them by day, and alerts on an error budget that burns too fast."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, NamedTuple

import duckdb
import pyarrow as pa

from include.core import clock, metrics, telemetry
from include.core.alert import NOWHERE, Alert, Route, deliver, resolve
from include.core.paths import DataPaths
from include.core.service_levels import ServiceLevels, load_service_levels
from include.warehouse.connection import fetch, open_warehouse, run

log = logging.getLogger(__name__)

KIND = "error-budget"
STALE = timedelta(days=3)
"""An objective of which nothing was counted for so long says nothing about now."""
Row = dict[str, Any]


class Burn(NamedTuple):
    """A reason to alert: the budget is used up, or will be if it goes on like this."""

    severity: Literal["warning", "critical"]
    reason: str


FAST_BURN, SLOW_BURN = 7.0, 2.0
"""Burn rates of a day and of a week: a quarter, and half, of the budget of 28 days."""


def build_service_levels(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """Count the last days again, and replace marts.service_levels, within the open transaction."""
    levels = load_service_levels()
    since = fetch(connection, "analyze", "service_levels_since", {"as_of": as_of})["since"][0].as_py()
    period = {"as_of": as_of, "since": datetime.combine(since, datetime.min.time(), UTC)}
    run(connection, "analyze", "service_level_days_delete", period)
    run(connection, "analyze", "service_level_days_insert", {**period, **_limits(levels)})
    connection.register("objective_rows", _rows(levels))
    run(connection, "analyze", "service_levels")
    connection.unregister("objective_rows")


def check_service_levels(paths: DataPaths, *, dag: str = "", run: str = "", route: Route = NOWHERE) -> dict[str, float]:
    """Alert on objectives whose error budget burns too fast, and resolve the alerts of the others.

    Returns the share of the budget that is left, by objective.
    """
    with open_warehouse(paths) as connection:
        rows = fetch(connection, "analyze", "service_levels_now").to_pylist()
    burning: set[str] = set()
    for row in rows:
        metrics.GOOD.record(row["good_rate"], objective=row["objective"])
        metrics.BUDGET.record(row["budget_left"], objective=row["objective"])
        if found := burn(row, clock.now().date()):
            burning.add(row["objective"])
            deliver(paths, _alert(row, found, dag, run), route)
    resolve(paths, lambda known: known["kind"] == KIND and known["about"] not in burning, lambda: route)
    telemetry.flush()
    return {row["objective"]: round(row["budget_left"], 3) for row in rows}


def burn(row: Row, today: date) -> Burn | None:
    """Whether to alert on the newest day of an objective."""
    if today - row["day"] > STALE:
        return None
    if row["budget_left"] <= 0:
        return Burn("critical", "the error budget of 28 days is used up")
    if row["burn_rate_1d"] >= FAST_BURN:
        return Burn("critical", "a quarter of the error budget of 28 days, or more, was used in a day")
    if row["burn_rate_7d"] >= SLOW_BURN:
        return Burn("warning", "half of the error budget of 28 days, or more, was used in a week")
    return None


def _alert(row: Row, found: Burn, dag: str, run: str) -> Alert:
    objective = row["objective"]
    bad = row["total"] - row["good"]
    return Alert(
        KIND, f"{objective}: {found.reason}",
        f"{row['title']}: on {row['day']}, {bad:,} of {row['total']:,} were not good. The target is "
        f"{row['target']:.1%}, and {max(row['budget_left'], 0):.0%} of the budget is left.",
        "This is a measurement: nothing was stopped, and no data is lost.", "Find the cause, as the page describes.",
        f"docs/runbook/error-budget.md#{objective.replace('_', '-')}", found.severity, dag, run, "check_service_levels",
        about=objective,
    )  # fmt: skip


def _limits(levels: ServiceLevels) -> dict[str, int]:
    return {
        "accepted_minutes": levels.time_to_accepted.minutes,
        "lag_minutes": levels.event_lag.minutes,
        "publish_minutes": levels.published_in_time.minutes,
    }


def _rows(levels: ServiceLevels) -> pa.Table:
    return pa.Table.from_pylist(
        [{"objective": name, "title": one.title, "target": one.target} for name, one in levels.by_name().items()]
    )
