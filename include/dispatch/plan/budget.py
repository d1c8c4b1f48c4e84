"""The budget of a campaign or a journey: for how many messages of a plan the money of the period is left."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import NamedTuple

from include.core.campaign import Campaign
from include.core.journey_mail import journey_of
from include.dispatch.plan.split import first_part
from include.ledger import counts, journeys, plans
from include.ledger.database import Ledger

log = logging.getLogger(__name__)


class Left(NamedTuple):
    """What is left of a budget: `messages` that it pays for; `spent` in the budget's currency."""

    messages: int
    spent: float


def left(ledger: Ledger, campaign: Campaign, occurrence: str, at: datetime) -> Left | None:
    """What other plans of the period leave of the campaign's budget; None without a budget.

    An occurrence has one budget, with the rest of its experiment and whom it takes back. A message costs what its plan says
    from the moment it is planned: accepted, in doubt and pending ones count. The mails of a journey share its budget; they
    have a plan every few minutes, so that all who were planned count, at today's price.
    """
    budget = campaign.budget
    if budget is None:
        return None
    begins, journey = _begin(budget.per, at), journey_of(campaign.id)
    if journey:
        spent = _spent_by_journey(ledger, journey, plans.plan_id_of(campaign.id, occurrence), begins, at)
    else:
        spent = _spent_by_campaign(ledger, campaign.id, occurrence, begins, at)
    messages = int(max(0.0, budget.amount - spent) / campaign.cost_per_thousand * 1_000 + 1e-6)
    return Left(messages, spent)


def warn_of_end(found: Left, campaign: Campaign, occurrence: str) -> None:
    """Log that a plan ended where the money ends."""
    assert campaign.budget is not None
    log.warning(
        "%s %s: the budget of %g per %s, of which %.2f are spent or planned, pays for %d messages; "
        "people beyond that are capped",
        campaign.id, occurrence, campaign.budget.amount, campaign.budget.per, found.spent, found.messages,
    )  # fmt: skip


def _spent_by_journey(ledger: Ledger, journey: str, without: str, begins: float | None, at: datetime) -> float:
    planned = journeys.planned_mail(ledger, journey, begins or 0.0, at.timestamp(), without)
    return sum(mail.people * _price(mail.settings) / 1_000 for mail in planned)


def _spent_by_campaign(ledger: Ledger, campaign: str, occurrence: str, begins: float | None, at: datetime) -> float:
    others = [
        plan for plan in plans.of_campaign(ledger, campaign)
        if plan.occurrence != occurrence and plan.planned_at <= at.timestamp()
        and (first_part(plan.occurrence) == first_part(occurrence) if begins is None else begins <= plan.planned_at)
    ]  # fmt: skip
    spent = 0.0
    with ledger.read() as connection:
        for plan in others:
            tally = counts.tally(connection, plan.plan_id)
            spent += (tally.accepted + tally.in_doubt + tally.pending) * _price(plan.settings) / 1_000
    return spent


def _price(settings: str) -> float:
    return Campaign.model_validate_json(settings).cost_per_thousand


def _begin(per: str, at: datetime) -> float | None:
    """When the period of `at` began, in Unix seconds; None: each occurrence has its own budget."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0, day=1)
    first = {"occurrence": None, "month": day, "year": day.replace(month=1)}[per]
    return first.timestamp() if first else None
