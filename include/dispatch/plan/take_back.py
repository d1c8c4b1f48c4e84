"""Finds the campaigns that may take back people who lost to mail that then did not go to them."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from include.core import clock
from include.core.campaign import JOURNEY_SEPARATOR, Campaign
from include.core.campaign_file import load_campaign
from include.core.errors import ConfigurationError, PlanError
from include.dispatch.account import record
from include.dispatch.plan import freed
from include.dispatch.plan.live_audience import IsRunning, always, freed_people
from include.ledger import plans
from include.ledger.chunk import DuePlan
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse

log = logging.getLogger(__name__)


def due(stores: Stores, is_running: IsRunning = always) -> list[DuePlan]:
    """The occurrences that have somebody to take back now, of campaigns that are being sent."""
    may = list(_open(stores.ledger))
    if not may:
        return []
    found: list[DuePlan] = []
    with open_warehouse(stores.paths) as warehouse:
        record.record_into(warehouse, stores)
        for campaign, occurrence in may:
            try:
                people = freed_people(
                    warehouse, stores.ledger, campaign, occurrence=occurrence, at=clock.now(), is_running=is_running
                )
            except PlanError as error:
                log.warning("%s %s takes nobody back: %s", campaign.id, occurrence, error)
                continue
            log.info("%s %s: %d people lost to mail that did not go to them", campaign.id, occurrence, people)
            if people:
                found.append({"campaign": campaign.id, "occurrence": occurrence})
    return found


def _open(ledger: Ledger) -> Iterator[tuple[Campaign, str]]:
    """The campaigns that are being sent and lost people, with the occurrence that would take them back."""
    for name in sorted({plan.campaign for plan in plans.all_plans(ledger) if plan.state == "sending"}):
        if JOURNEY_SEPARATOR in name:
            continue
        try:
            campaign = load_campaign(name)
        except ConfigurationError as error:
            log.warning("%s has an error and takes nobody back: %s", name, error)
            continue
        yield from ((campaign, occurrence) for occurrence in freed.open_occurrences(ledger, campaign))
