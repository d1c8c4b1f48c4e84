"""Chooses the winner of campaigns that test their variants on a part of the audience, and has it sent to the rest."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from include.analyze.statistics import ALPHA, Sample, compare_rates, rate_sample
from include.core import clock
from include.core.campaign import REST, Campaign
from include.core.campaign_fields import Winner
from include.ledger import decisions, plans
from include.ledger.chunk import DuePlan, Plan
from include.ledger.decisions import Decision
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

REPEAT_AFTER = timedelta(hours=1)
"""A winner whose rest has no plan after so long is sent again: the run that should have planned it failed."""
DECIDED_BY = "tradewind"


@dataclass(frozen=True)
class Choice:
    """The variant that the rest gets. `is_clear`: it is better than all others; else it is the first one of the file."""

    variant: str
    is_clear: bool


def choose(arms: Mapping[str, Sample]) -> Choice:
    """The variant with the best rate, if it is better than each other one at 5 % (Bonferroni); else the first.

    A fixed time and one look, so the usual test holds.
    """
    best = max(arms, key=lambda name: arms[name].mean)
    p_values = [compare_rates(arms[best], other).p_value for name, other in arms.items() if name != best]
    is_clear = all(value is not None and value < ALPHA / len(p_values) for value in p_values)
    return Choice(best if is_clear else next(iter(arms)), is_clear)


def choose_due(stores: Stores) -> list[DuePlan]:
    """Choose the winners of all tests that are over; returns the occurrences that send them to the rest."""
    due = [plan for plan in plans.all_plans(stores.ledger) if _is_over(stores, plan)]
    if not due:
        return []
    with open_warehouse(stores.paths) as warehouse:
        for plan in due:
            _decide(stores, warehouse, plan)
    return [{"campaign": plan.campaign, "occurrence": plan.occurrence + REST} for plan in due]


def _is_over(stores: Stores, plan: Plan) -> bool:
    """Whether the plan tests variants, its time is up, and its rest has no plan."""
    if plan.state != "done" or '"winner":{' not in plan.settings or plan.occurrence.endswith(REST):
        return False
    if plans.find_plan(stores.ledger, plans.plan_id_of(plan.campaign, plan.occurrence + REST)) is not None:
        return False
    if chosen := _chosen(stores, plan):
        return clock.now().timestamp() >= chosen.at + REPEAT_AFTER.total_seconds()
    return clock.now() >= _end(plan, _winner(plan))


def _decide(stores: Stores, warehouse: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Record the choice, unless an earlier run has."""
    if _chosen(stores, plan):
        return
    winner = _winner(plan)
    counts = fetch(warehouse, "analyze", "winner_counts", {"plan_id": plan.plan_id, "until": _end(plan, winner)})
    rows = {row["variant"]: row for row in counts.to_pylist()}
    arms = {variant.id: _sample(rows.get(variant.id), winner) for variant in _campaign(plan).variants}
    choice = choose(arms)
    details = {
        "variant": choice.variant,
        "is_clear": choice.is_clear,
        "metric": winner.metric,
        "people": {name: arm.people for name, arm in arms.items()},
        "rates": {name: arm.mean for name, arm in arms.items()},
    }
    with stores.ledger.write() as connection:
        decisions.keep(connection, plan.plan_id, Decision("choose_winner", DECIDED_BY, details=details))
    found = "wins" if choice.is_clear else "is sent to the rest: no variant is clearly better"
    log.info("%s %s: variant %s %s", plan.campaign, plan.occurrence, choice.variant, found)


def _sample(row: dict[str, Any] | None, winner: Winner) -> Sample:
    if row is None:
        return rate_sample(0, 0)
    if winner.metric == "purchase":
        return rate_sample(row["buyers"], row["people"])
    return rate_sample(row["clickers"], row["reached"])


def _chosen(stores: Stores, plan: Plan) -> Decision | None:
    return next((each for each in decisions.of_plan(stores.ledger, plan.plan_id) if each.action == "choose_winner"), None)


def _campaign(plan: Plan) -> Campaign:
    return Campaign.model_validate_json(plan.settings)


def _winner(plan: Plan) -> Winner:
    winner = _campaign(plan).winner
    assert winner is not None
    return winner


def _end(plan: Plan, winner: Winner) -> datetime:
    return datetime.fromtimestamp(plan.planned_at, UTC) + timedelta(hours=winner.after_hours)
