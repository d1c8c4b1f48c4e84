"""Bring schema marts, which analysts read, up to date in one transaction."""

from __future__ import annotations

import logging
from datetime import datetime

import duckdb

from include.analyze.day_reconciliation import build_day_reconciliation
from include.analyze.decisions import build_decisions
from include.analyze.dimensions import build_dimensions
from include.analyze.experiments import WINDOWS, experiment_rows
from include.analyze.hold_out import build_hold_out
from include.analyze.journeys import build_journeys
from include.analyze.ledger_facts import copy_ledger, designs, tallies
from include.analyze.rebuild import Builder
from include.analyze.reconcile import build_reconciliation
from include.analyze.service_levels import build_service_levels
from include.core.paths import SQL, DataPaths
from include.core.shop import load_shop
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.warehouse.comments import apply_comments
from include.warehouse.connection import open_warehouse, run, transaction
from include.warehouse.money import replace_rates

log = logging.getLogger(__name__)

COMMENTS = SQL / "analyze" / "comments.yaml"

MARTS = (
    "plan_states",
    "send_keys",
    "plan_counts",
    "event_counts",
    "variant_message_counts",
    "purchase_outcomes",
    "campaign_performance",
    "arbitration",
    "daily_engagement",
    "provider_counts",
    "mailbox_provider_health",
    "campaign_reasons",
    "hour_counts",
    "campaign_hours",
    "segment_sizes",
    "segment_changes",
    "segment_history",
    "segment_condition_changes",
    "segment_overlap",
    "list_health_delete",
    "list_health",
    "lifecycle",
    "lifecycle_history_undo",
    "lifecycle_history_delete",
    "lifecycle_history_close",
    "lifecycle_history",
    "lifecycle_daily_delete",
    "lifecycle_daily",
    "currencies",
    "dates",
    "list_growth",
    "person_months",
    "cohort_retention",
    "campaign_revenue",
    "touches",
    "attribution",
    "link_performance",
    "clock_counts",
    "engagement_by_hour",
    "tenure_counts",
    "engagement_by_tenure",
    "time_to_engage",
    "frequency_counts",
    "frequency_fatigue",
    "delivery_day_counts",
    "deliverability_daily",
    "bounces_daily",
    "quality_runs",
    "quality_results",
    "consent_checks",
    "suppression_reconciliation",
    "verdict_quality",
    "verdict_changes",
    "audit_checks",
    "simulated_past",
)
"""SQL files in the order in which they run, after those of `rebuild.INPUTS` and `rebuild.BASE`."""


DATED = (
    "list_health_delete",
    "list_health",
    "lifecycle_history_undo",
    "lifecycle_history_delete",
    "lifecycle_history_close",
    "lifecycle_history",
    "lifecycle_daily_delete",
    "lifecycle_daily",
)
"""Those of them that keep earlier days, which a later analysis cannot compute."""


def build_day(paths: DataPaths, *, as_of: datetime) -> None:
    """Add the day of `as_of` to the marts that keep earlier days, and leave the others."""
    with open_warehouse(paths) as connection, transaction(connection):
        for name in DATED:
            run(connection, "analyze", name, {"as_of": as_of})


def build_marts(stores: Stores, *, as_of: datetime, whole: bool = False) -> dict[str, int]:
    """Bring schema marts up to date with the current stores; returns {table: rows}.

    `as_of` sets the day of list_health and is the latest time of a purchase that experiments count. Empty stores give empty
    marts. With `whole`, nothing of the last build is used. The results of the sum checks are written to
    marts.reconciliation; `reconcile.check_sums` evaluates them.
    """
    if as_of.tzinfo is None:
        raise ValueError("as_of needs a time zone")
    with open_warehouse(stores.paths) as connection:
        copy_ledger(connection, stores.ledger)
        with transaction(connection):
            replace_rates(connection, load_shop())
            _replace(connection, stores.ledger, as_of, whole=whole)
        return _row_counts(connection)


def _replace(connection: duckdb.DuckDBPyConnection, ledger: Ledger, as_of: datetime, *, whole: bool) -> None:
    builder = Builder(connection, {"as_of": as_of, **WINDOWS}, whole=whole)
    builder.build_base()
    for name in MARTS:
        builder.build(name)
    builder.finish()
    log.info("built %s", "what changed" if builder.is_incremental else "everything anew")
    build_journeys(connection, ledger)
    connection.register("experiment_rows", experiment_rows(connection, designs(ledger)))
    run(connection, "analyze", "experiment_results")
    connection.unregister("experiment_rows")
    build_hold_out(connection, load_shop().global_hold_out, as_of)
    run(connection, "analyze", "incrementality")
    build_dimensions(connection, ledger)
    build_decisions(connection, ledger)
    build_day_reconciliation(connection, ledger, as_of)
    build_reconciliation(connection, tallies(ledger))
    build_service_levels(connection, as_of)
    apply_comments(connection, "marts", COMMENTS)


def _row_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    tables = run(connection, "analyze", "mart_names").fetchall()
    return {name: len(connection.table(f"marts.{name}")) for (name,) in tables}
