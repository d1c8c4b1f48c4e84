"""The audience of a live run: its segment, less who is claimed by other campaigns of higher rank, up to its budget."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

import duckdb

from include.core.campaign import Campaign
from include.core.campaign_file import campaign_names, load_campaign
from include.core.errors import ConfigurationError, PlanError, SegmentStopped
from include.dispatch.plan import budget, segments
from include.dispatch.plan.audience import (
    DRAWS,
    Audience,
    cap_at_budget,
    cap_since,
    counted,
    judge,
    refresh_suppressions,
    select_members,
)
from include.dispatch.plan.contenders import Rank, RankOf, Run, clash, contenders
from include.dispatch.plan.split import Part, is_freed, losing_plan, part_of
from include.ledger import gap
from include.ledger.database import Ledger
from include.warehouse.connection import fetch, run

log = logging.getLogger(__name__)

IsRunning = Callable[[str], bool]
"""Whether the scheduled runs of a campaign happen, by its id: a campaign that is switched off claims nobody."""


def always(_campaign: str) -> bool:
    """Every campaign counts as running: outside of a scheduler nobody knows better."""
    return True


def select_segment(
    warehouse: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    campaign: Campaign,
    *,
    occurrence: str,
    at: datetime,
    part: Part | None = None,
    is_running: IsRunning = always,
) -> Audience:
    """Evaluate the campaign's segment, or a part of it, in its newest run.

    People whom a due run of a higher rank is going to mail are capped (*outranked*), if the frequency cap allows one of the
    two. Raises `PlanError` if there is no segment run, or if the segment is stopped.
    """
    segments.require_not_stopped(warehouse, campaign, segments.chosen(campaign))
    seen, rank_of = refresh_suppressions(warehouse, ledger), _ranks(warehouse)
    planned = Run(campaign, occurrence, at, rank_of(campaign))
    rivals = contenders(ledger, planned, _higher(planned, rank_of, is_running), rank_of)
    claimed = _claim(warehouse, ledger, rivals)
    segment_run, left = _evaluate(warehouse, ledger, planned, part, rivals, claimed)
    found = counted(warehouse, segment_run, seen)
    if left and found.planned == left.messages:
        budget.warn_of_end(left, campaign, occurrence)
    return found


def freed_people(
    warehouse: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    campaign: Campaign,
    *,
    occurrence: str,
    at: datetime,
    is_running: IsRunning = always,
) -> int:
    """How many people the campaign lost to mail that did not go to them, whom `occurrence` would take back.

    Some of them may be left out again, as in any plan. Raises `PlanError` if there is no segment run.
    """
    rank_of = _ranks(warehouse)
    planned = Run(campaign, occurrence, at, rank_of(campaign))
    rivals = contenders(ledger, planned, _higher(planned, rank_of, is_running), rank_of)
    _select(warehouse, planned, part_of(campaign, occurrence), rivals)
    return int(fetch(warehouse, "dispatch", "selected_count")["people"][0].as_py())


def _ranks(warehouse: duckdb.DuckDBPyConnection) -> RankOf:
    """The rank of a campaign: its value is the one of its file, else the one that was measured, else 0."""
    try:
        rows = fetch(warehouse, "dispatch", "campaign_values").to_pylist()
    except duckdb.CatalogException:  # before the first nightly analytics
        rows = []
    measured = {row["campaign"]: row["value_per_mail"] for row in rows}

    def rank_of(campaign: Campaign) -> Rank:
        declared = campaign.value_per_mail
        return Rank(campaign.priority, measured.get(campaign.id, 0.0) if declared is None else declared)

    return rank_of


def _higher(planned: Run, rank_of: RankOf, is_running: IsRunning) -> list[Campaign]:
    """The other campaigns of higher rank that are running. A file with an error sends nothing, so it claims nobody."""
    found = []
    for name in campaign_names():
        try:
            campaign = load_campaign(name)
        except ConfigurationError as error:
            log.warning("%s has an error and claims nobody: %s", name, error)
            continue
        if campaign.id != planned.campaign.id and rank_of(campaign) > planned.rank and is_running(campaign.id):
            found.append(campaign)
    return found


def _claim(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, rivals: list[Run]) -> list[Run]:
    """Fill temp table `claims` with whom each rival is going to mail, less who is claimed by a higher one.

    Returns the runs by their place in the table. A rival that could not be planned claims nobody.
    """
    run(warehouse, "dispatch", "claims")
    claimed = list[Run]()
    for rival in rivals:
        campaign = rival.campaign
        try:
            segments.require_not_stopped(warehouse, campaign, segments.chosen(campaign))
            _evaluate(warehouse, ledger, rival, part_of(campaign, rival.occurrence), rivals, claimed)
        except (ConfigurationError, PlanError, SegmentStopped) as error:
            log.warning("%s could not be planned and claims nobody: %s", campaign.id, error)
            continue
        name = {"campaign": campaign.id, "occurrence": rival.occurrence}
        run(warehouse, "dispatch", "claims_insert", {"place": len(claimed), **name})
        claimed.append(rival)
    return claimed


def _select(warehouse: duckdb.DuckDBPyConnection, planned: Run, part: Part | None, rivals: list[Run]) -> str:
    """Write temp table `selected` of a run; returns the segment run. Nobody is free whom a rival is going to mail."""
    segment_run = select_members(warehouse, planned.campaign, planned.at)
    if part:
        run(warehouse, "dispatch", "selected_part", part)
    if is_freed(planned.occurrence):
        due = [f"{rival.campaign.id} {rival.occurrence}" for rival in rivals]
        losing = {"campaign": planned.campaign.id, "occurrence": losing_plan(planned.occurrence)}
        run(warehouse, "dispatch", "selected_freed", {**losing, "due": due})
    return segment_run


def _evaluate(
    warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, planned: Run, part: Part | None, rivals: list[Run],
    claimed: list[Run],
) -> tuple[str, budget.Left | None]:  # fmt: skip
    """Write temp table `audience` of a run; returns the segment run, and what the budget pays for."""
    campaign, occurrence, at = planned.campaign, planned.occurrence, planned.at
    segment_run = _select(warehouse, planned, part, rivals)
    share = round(campaign.hold_out_percent / 100 * DRAWS)
    found = gap.find(ledger)
    judge(
        warehouse, campaign, occurrence, at,
        cap_since=cap_since(campaign, at), hold_out_share=share, hold_out_of_all=True,
        restored_at=found.ends if found else None,
    )  # fmt: skip
    name = {"campaign": campaign.id, "occurrence": occurrence}
    if places := [place for place, other in enumerate(claimed) if clash(planned, other)]:
        run(warehouse, "dispatch", "audience_outranked", {**name, "places": places})
    return segment_run, cap_at_budget(warehouse, ledger, campaign, occurrence, at)
