"""What a run of a campaign begins with, by its mode: a preview, a test plan, or the plan."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from include.core import clock
from include.core.campaign import Campaign
from include.core.errors import PlanError
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.dispatch import occurrence, plan, preview, rehearse, send
from include.ledger import plans
from include.ledger.database import Ledger

Mode = Literal["preview", "test", "live"]


def begin(
    paths: DataPaths, ledger: Ledger, secrets: Secrets, campaign: Campaign, *,
    mode: Mode, run: str, at: datetime, edge_url: str, recipients: list[str], resumes: str | None = None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:  # fmt: skip
    """What was found or frozen, with its `mode`, and the ranges of chunks to send: none for a preview.

    `resumes` names the occurrence of an earlier plan that a live run goes on with; it must be there.
    """
    stores = (paths, ledger, secrets, campaign)
    if mode == "preview":
        return {"mode": mode, **preview.preview(*stores, run=run, edge_url=edge_url, at=at)}, []
    if mode == "test":
        frozen = rehearse.freeze_test(*stores, run=run, recipients=recipients, edge_url=edge_url, at=at)
    else:
        period = _period(ledger, campaign, at, resumes)
        frozen = {"occurrence": period, **plan.freeze(*stores, occurrence=period, edge_url=edge_url, at=at)}
    return {"mode": mode, **frozen}, send.ranges(ledger, frozen["plan_id"])


def late_by(ledger: Ledger, campaign: Campaign, at: datetime) -> timedelta | None:
    """How late a run of the tick `at` starts, where that is beyond the campaign's limit and nothing was planned yet."""
    lateness = clock.now() - at
    if lateness <= timedelta(hours=campaign.late_start_limit_hours):
        return None
    planned = plans.find_plan(ledger, plans.plan_id_of(campaign.id, occurrence.occurrence_of(campaign, at)))
    return None if planned else lateness


def _period(ledger: Ledger, campaign: Campaign, at: datetime, resumes: str | None) -> str:
    if not resumes:
        return occurrence.occurrence_of(campaign, at)
    if plans.find_plan(ledger, plans.plan_id_of(campaign.id, resumes)) is None:
        raise PlanError(
            "has no plan.",
            where=f"{campaign.id} {resumes}",
            remedy="Leave the occurrence empty to send the current one, or name one that was planned, such as 2026-W48.",
        )
    return resumes
