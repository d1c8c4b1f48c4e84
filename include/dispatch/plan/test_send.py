"""Test mode: sends to a few named subscribers, under a separate plan that reports ignore."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import duckdb

from include.core.campaign import Campaign
from include.core.errors import PlanError
from include.dispatch.plan.audience import Audience, select_recipients
from include.dispatch.plan.freeze import FrozenPlan, PlanRequest, freeze_request
from include.ledger import plans
from include.ledger.stores import Stores

MAX_RECIPIENTS = 50


def freeze_test(
    stores: Stores,
    campaign: Campaign,
    *,
    run: str,
    recipients: Sequence[str],
    edge_url: str,
    at: datetime,
) -> FrozenPlan:
    """A test plan for subscribers named by id. Suppressed subscribers are excluded.

    The occurrence is derived from `run`, so that a retry of the run finds the same plan. Raises `PlanError` for no
    recipients, too many, or an address instead of an id.
    """
    wanted = [recipient.strip() for recipient in recipients if recipient.strip()]
    if not wanted or len(wanted) > MAX_RECIPIENTS or any("@" in recipient for recipient in wanted):
        raise PlanError(
            f"a test needs 1 to {MAX_RECIPIENTS} subscriber ids, and no addresses.",
            where="test_recipients",
            remedy="Name subscribers of the warehouse by their id.",
        )
    occurrence = f"test-{hashlib.sha256(run.encode()).hexdigest()[:16]}"
    request = PlanRequest(campaign, occurrence, plans.TEST, edge_url, at)

    def select_audience(warehouse: duckdb.DuckDBPyConnection) -> Audience:
        return select_recipients(warehouse, stores.ledger, campaign, wanted, occurrence=occurrence, at=at)

    planned = freeze_request(stores, request, select_audience)
    if not planned["selected"]:
        raise PlanError("none of the ids is a subscriber.", where="test_recipients", remedy="Check the ids.")
    return planned
