"""Ingests rows through the real stages, and returns the audience of a plan that is frozen now."""

from __future__ import annotations

from datetime import datetime

from include.core import clock
from include.core.errors import QualityStop
from include.core.paths import DataPaths
from include.dispatch.plan.audience import select_recipients
from include.ledger.stores import Stores
from include.validate.batch import validate_batch
from include.validate.merge import MergeSummary, merge_batch
from include.warehouse.connection import open_warehouse
from tests.campaign import CAMPAIGN
from tests.rows import Row
from tests.validate.conftest import land_rows


def ingest(paths: DataPaths, *rows: Row, since: datetime | None = None) -> MergeSummary | None:
    """Land, validate and merge these rows; None where the batch was stopped."""
    manifest = land_rows(paths, "subscribers", list(rows), since=since)
    try:
        validate_batch(paths, manifest)
    except QualityStop:
        return None
    return merge_batch(paths, manifest)


def audience(stores: Stores) -> dict[str, tuple[str, str | None, bool]]:
    """The audience of a plan frozen now, by subscriber id: state, reason, and whether tracking is allowed."""
    with open_warehouse(stores.paths) as warehouse:
        ids = [row[0] for row in warehouse.execute("select subscriber_id from core.subscribers").fetchall()]
        select_recipients(warehouse, stores.ledger, CAMPAIGN, ids, occurrence="once", at=clock.now())
        rows = warehouse.execute("select subscriber_id, state::varchar, reason, tracking_consent from audience").fetchall()
    return {row[0]: row[1:] for row in rows}


def mailed(stores: Stores) -> set[str]:
    """The ids of subscribers who would get mail."""
    return {person for person, (state, *_) in audience(stores).items() if state == "planned"}


def tracked(stores: Stores) -> set[str]:
    """The ids of subscribers who would get mail with tracking."""
    return {person for person, (state, _, is_tracked) in audience(stores).items() if state == "planned" and is_tracked}
