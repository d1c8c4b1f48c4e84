"""What a run of a campaign begins with, by its mode: a preview, a test plan, or the plan."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from include.core.campaign import Campaign
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.dispatch import occurrence, plan, preview, rehearse, send
from include.ledger.database import Ledger

Mode = Literal["preview", "test", "live"]


def begin(
    paths: DataPaths, ledger: Ledger, secrets: Secrets, campaign: Campaign, *,
    mode: Mode, run: str, at: datetime, edge_url: str, recipients: list[str],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:  # fmt: skip
    """What was found or frozen, with its `mode`, and the ranges of chunks to send: none for a preview."""
    stores = (paths, ledger, secrets, campaign)
    if mode == "preview":
        return {"mode": mode, **preview.preview(*stores, run=run, edge_url=edge_url, at=at)}, []
    if mode == "test":
        frozen = rehearse.freeze_test(*stores, run=run, recipients=recipients, edge_url=edge_url, at=at)
    else:
        period = occurrence.occurrence_of(campaign, at)
        frozen = {"occurrence": period, **plan.freeze(*stores, occurrence=period, edge_url=edge_url, at=at)}
    return {"mode": mode, **frozen}, send.ranges(ledger, frozen["plan_id"])
