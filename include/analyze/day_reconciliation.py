"""Reconciliation by campaign and day: the ledger against the events, and SendGrid's statistics against the events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import select

from include.core.alert import NOWHERE, Alert, Route, deliver, resolve
from include.core.paths import DataPaths
from include.ledger.database import Ledger
from include.ledger.plans import TEST
from include.ledger.tables import plans
from include.warehouse.connection import fetch, open_warehouse, run

DAYS = 90
"""Days that are compared: half as long as the quarantine keeps the events of test sends, which explain a difference."""
LIMITS = {
    "in_flight_hours": 72,
    "late_hours": 24,
    "lag_minutes": 10,
    "delivery_limit": 0.001,
    "engagement_limit": 0.02,
}
"""SendGrid tries to deliver for 72 hours and retries the webhook for 24 (docs.sendgrid.com). The others are ours."""
ALERT_DAYS = 7
"""Older days are in the marts; SendGrid's totals of them are not fetched again."""
MAX_NAMED = 5
KIND, TASK = "reconciliation-differs", "analyze.reconcile"
_TESTS = pa.schema([("plan_id", pa.string()), ("campaign", pa.string())])


def build_day_reconciliation(connection: duckdb.DuckDBPyConnection, ledger: Ledger, as_of: datetime) -> None:
    """Build marts.delivery_reconciliation and marts.provider_reconciliation; reads build.message_outcomes."""
    with ledger.read() as reading:
        found = reading.execute(select(plans.c.plan_id, plans.c.campaign).where(plans.c.kind == TEST)).mappings()
        connection.register("ledger_tests", pa.Table.from_pylist([dict(row) for row in found], schema=_TESTS))
    params = {**LIMITS, "as_of": as_of, "since": as_of - timedelta(days=DAYS)}
    run(connection, "analyze", "delivery_reconciliation", params)
    run(connection, "analyze", "provider_reconciliation", params)
    connection.unregister("ledger_tests")


def alert_on_differences(
    paths: DataPaths, as_of: datetime, *, route: Route = NOWHERE, dag: str = "", run: str = ""
) -> dict[str, int]:
    """Deliver one alert for the differences of the last days that no class explains and that are over the limit.

    An earlier alert about other differences is resolved. Returns the number of such differences. They do not fail the run:
    the marts show them, and SendGrid may be wrong.
    """
    with open_warehouse(paths) as connection:
        rows = fetch(
            connection, "analyze", "differences_over_limit", {"since": as_of - timedelta(days=ALERT_DAYS)}
        ).to_pylist()
    about = " ".join(sorted(f"{row['campaign']}:{row['day']}:{row['measure']}" for row in rows))
    if rows:
        deliver(paths, _alert(rows, about, dag, run), route)
    resolve(paths, lambda known: known["kind"] == KIND and known["about"] != about, lambda: route)
    return {"over_limit": len(rows)}


def _alert(rows: list[dict[str, Any]], about: str, dag: str, run: str) -> Alert:
    named = [
        f"{row['campaign']} {row['day']:%Y-%m-%d} {row['measure']}: {row['unknown']:,} of {row['total']:,}"
        for row in rows[:MAX_NAMED]
    ]
    more = [f"and {len(rows) - MAX_NAMED} more"] if len(rows) > MAX_NAMED else []
    return Alert(
        KIND, "Ledger, events and SendGrid's statistics differ, and nothing explains it",
        f"{'; '.join([*named, *more])}.",
        "The marts were built and are published with the difference in them. Nothing is sent because of it.",
        "Find out whether events are missing, before you rely on the figures of these campaigns.",
        "docs/runbook/reconciliation-differs.md#what-to-do", "warning", dag, run, TASK,
        about=about,
    )  # fmt: skip
