"""A campaign's budget: for how many messages of a plan the money of the period is left."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import NamedTuple

from include.core.campaign import Campaign
from include.ledger import counts, plans
from include.ledger.database import Ledger

log = logging.getLogger(__name__)


class Left(NamedTuple):
    """What is left of a budget: `messages` that it pays for; `spent` in the budget's currency."""

    messages: int
    spent: float


def left(ledger: Ledger, campaign: Campaign, occurrence: str, at: datetime) -> Left | None:
    """What other plans of the period leave of the campaign's budget; None without a budget.

    A message costs what its plan says from the moment it is planned: accepted, in doubt and pending ones count.
    """
    budget = campaign.budget
    if budget is None:
        return None
    begins = _begin(budget.per, at)
    others = [
        plan for plan in plans.all_plans(ledger)
        if plan.campaign == campaign.id and plan.occurrence != occurrence and begins is not None
        and begins <= plan.planned_at <= at.timestamp()
    ]  # fmt: skip
    spent = 0.0
    with ledger.read() as connection:
        for plan in others:
            tally = counts.tally(connection, plan.plan_id)
            price = Campaign.model_validate_json(plan.settings).cost_per_thousand
            spent += (tally.accepted + tally.in_doubt + tally.pending) * price / 1_000
    messages = int(max(0.0, budget.amount - spent) / campaign.cost_per_thousand * 1_000 + 1e-6)
    return Left(messages, spent)


def _begin(per: str, at: datetime) -> float | None:
    """When the period of `at` began, in Unix seconds; None: each occurrence has its own budget."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0, day=1)
    first = {"occurrence": None, "month": day, "year": day.replace(month=1)}[per]
    return first.timestamp() if first else None
