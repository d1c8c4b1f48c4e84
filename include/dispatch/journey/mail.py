"""The mail steps: an ordinary plan for everybody who is due, frozen in one transaction with where they go from there."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb
from sqlalchemy import Connection

from include.core.campaign import Campaign
from include.core.journey_fields import Step
from include.core.journey_version import JourneyVersion
from include.dispatch.account import record
from include.dispatch.journey.enter import people_table
from include.dispatch.journey.move import after, moved, zones_of
from include.dispatch.plan.audience import Audience, cap_since, select_entries
from include.dispatch.plan.freeze import FrozenPlan, PlanRequest, freeze_together
from include.ledger import journeys, plans
from include.ledger.database import Ledger
from include.ledger.journeys import Entry, Move, Passed
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, run

log = logging.getLogger(__name__)

MOST = 20_000
"""People of one plan."""
BUDGET_SECONDS = 3_600.0
"""How long people beyond the budget wait before the money is counted again; in the end, the step is too late for them."""


def freeze_due(
    warehouse: duckdb.DuckDBPyConnection,
    stores: Stores,
    version: JourneyVersion,
    step: Step,
    *,
    edge_url: str,
    now: datetime,
) -> int:
    """Freeze the mail of a step for everybody of the version who is due at it; returns the number of planned people."""
    planned = 0
    while people := journeys.due(stores.ledger, version.journey.id, version.version, [step.id], now.timestamp(), MOST):
        people, late = _on_time(version, people, now.timestamp())
        if late:
            _pass_late(warehouse, stores.ledger, version, step, late, now.timestamp())
        if not people:
            continue
        frozen = _freeze(warehouse, stores, version, step, people, edge_url=edge_url, now=now)
        if frozen is None:  # Another process took the number of this plan; who is left is due at the next run.
            break
        planned += frozen["planned"]
    return planned


def _freeze(
    warehouse: duckdb.DuckDBPyConnection, stores: Stores, version: JourneyVersion, step: Step, people: list[Entry],
    *, edge_url: str, now: datetime,
) -> FrozenPlan | None:  # fmt: skip
    campaign = version.campaigns[step.id]
    occurrence = journeys.next_occurrence(stores.ledger, campaign.id)
    request = PlanRequest(campaign, occurrence, plans.LIVE, edge_url, now)
    rows: list[dict[str, Any]] = []

    def select_audience(warehouse: duckdb.DuckDBPyConnection) -> Audience:
        warehouse.register("people_due", people_table(people))
        run(warehouse, "journey", "selected_by_entry")
        warehouse.unregister("people_due")
        audience = select_entries(warehouse, stores.ledger, campaign, occurrence=occurrence, at=now)
        rows.extend(fetch(warehouse, "journey", "mail_outcomes", {"cap_since": cap_since(campaign, now)}).to_pylist())
        return audience

    def together(connection: Connection) -> None:
        journeys.require_active(connection, version.journey.id)
        journeys.record_plan(connection, request.plan_id, version.journey.id, version.version, step.id)
        journeys.apply(connection, *_places(version, step, request.plan_id, people, rows, now.timestamp()))

    frozen = freeze_together(warehouse, stores, request, select_audience, together)
    if frozen is not None:
        plan = plans.find_plan(stores.ledger, request.plan_id)
        assert plan is not None
        record.record_plan(warehouse, stores, plan)  # The next step's frequency cap counts these messages.
    return frozen


def _places(
    version: JourneyVersion, step: Step, plan_id: str, people: list[Entry], rows: list[dict[str, Any]], now: float
) -> tuple[list[Move], list[Passed]]:
    """Where the people of a plan go, and the step behind them, unless they wait for the end of their frequency cap."""
    entries, moves, passed = {entry.entry_id: entry for entry in people}, list[Move](), list[Passed]()
    for row in rows:
        entry = entries[row["entry_id"]]
        outcome, place = _outcome(version, step, entry, row, now)
        moves.append(moved(place))
        if outcome:
            is_sent = row["state"] in ("planned", "held_out")
            passed.append(Passed(entry.entry_id, step.id, outcome, now, plan_id, row["message_key"] if is_sent else None))
    return moves, passed


def _outcome(version: JourneyVersion, step: Step, entry: Entry, row: dict[str, Any], now: float) -> tuple[str | None, Entry]:
    """The outcome of the step for a person (None: not yet), and their place after it.

    Who may not be mailed leaves the journey. Who is capped waits for the end of the cap, who is beyond the budget for an
    hour, and who was sent to by an earlier plan goes on.
    """
    if not row["is_known"]:
        return "no_subscriber", replace(entry, state="left", reason="no_subscriber", step=None, due_at=None)
    if row["state"] == "suppressed":
        return row["reason"], replace(entry, state="left", reason=row["reason"], step=None, due_at=None)
    if row["state"] == "capped" and row["reason"] == "budget":
        return None, replace(entry, due_at=now + BUDGET_SECONDS)
    if row["state"] == "capped":
        return None, replace(entry, due_at=_cap_ends(version.campaigns[step.id], row["mailed_at"], now))
    outcome = row["state"] or "sent_before"
    return outcome, after(version, entry, step, outcome, row["timezone"], now)


def _cap_ends(campaign: Campaign, mailed_at: float | None, now: float) -> float:
    return max(now + 60.0, (mailed_at or now) + campaign.frequency_cap_hours * 3600.0 + 1.0)


def _on_time(version: JourneyVersion, people: list[Entry], now: float) -> tuple[list[Entry], list[Entry]]:
    """The people for whom the step is not too late, and the others."""
    earliest = now - version.journey.late_limit_hours * 3600.0
    return [entry for entry in people if entry.reached_at >= earliest], [e for e in people if e.reached_at < earliest]


def _pass_late(
    warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, version: JourneyVersion, step: Step, late: list[Entry], now: float
) -> None:
    """The step is passed without mail."""
    zones = zones_of(warehouse, late)
    log.warning("%s: %d people are too late for %s and go on without it", version.journey.id, len(late), step.id)
    places = [moved(after(version, entry, step, "too_late", zones.get(entry.entry_id), now)) for entry in late]
    with ledger.write() as connection:
        journeys.require_active(connection, version.journey.id)
        journeys.apply(connection, places, [Passed(entry.entry_id, step.id, "too_late", now) for entry in late])
