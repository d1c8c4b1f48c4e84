"""Starts a run of a campaign by its mode: renders a preview, freezes a test plan, or finds or freezes the plan."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Literal

from include.core import clock, occurrence
from include.core.campaign import Campaign
from include.core.connections import SendGridAccount
from include.core.errors import ConfigurationError, PlanError
from include.core.journey_mail import journey_of
from include.core.pace import AccountPace
from include.dispatch import public_edge
from include.dispatch.plan import freed, freeze, restored, split
from include.dispatch.plan.contents import compile_contents, content_hash
from include.dispatch.plan.live_audience import IsRunning, always
from include.dispatch.plan_files import PlanReader
from include.dispatch.preview.preview import Previewed, preview_run
from include.dispatch.preview.test_send import NOBODY, SeedChoice, freeze_test
from include.dispatch.send import sender
from include.ledger import plans
from include.ledger.database import Ledger
from include.ledger.stores import Stores

log = logging.getLogger(__name__)

Mode = Literal["preview", "test", "live"]


class StartedPreview(Previewed):
    """The result of the task `dispatch.plan` for a preview."""

    mode: Literal["preview"]


class StartedPlan(freeze.FrozenPlan):
    """The result of the task `dispatch.plan` for a test or live run."""

    mode: Literal["test", "live"]


class StartedLivePlan(StartedPlan):
    """The result of the task `dispatch.plan` for a live run."""

    occurrence: str


def start_run(
    stores: Stores, campaign: Campaign, *,
    account: SendGridAccount, mode: Mode, run: str, at: datetime, edge_url: str,
    test: SeedChoice = NOBODY, resumes: str | None = None, account_pace: AccountPace = sender.UNLIMITED,
    with_pictures: bool = False, is_running: IsRunning = always,
) -> tuple[StartedPreview | StartedPlan, list[sender.Range]]:  # fmt: skip
    """Render the preview, or find or freeze the plan; return the result and the ranges of chunks to send.

    `resumes` is the occurrence of an existing plan that a live run resumes; a preview shows what `account_pace` means.
    `is_running`: which other campaigns have scheduled runs, which may claim people.
    Before anything is frozen or sent, the edge must respond at `edge_url` (see `public_edge`); raises `ConfigurationError`
    or `EdgeUnavailable` otherwise.
    """
    if mode == "live" and (journey := journey_of(campaign.id)):
        raise PlanError(
            "is sent by the DAG run_journeys only.", where=f"journey {journey}", remedy="Choose preview or test."
        )
    if mode == "preview":
        _warn_of_links(account, edge_url)
        previewed = preview_run(
            stores, campaign, run=run, edge_url=edge_url, account=account_pace, at=at, with_pictures=with_pictures,
            is_running=is_running,
        )  # fmt: skip
        return StartedPreview(mode=mode, **previewed), []
    public_edge.require_answer(account, edge_url, stores.secrets)
    started: StartedPlan
    if mode == "test":
        tested = freeze_test(stores, campaign, test, run=run, edge_url=edge_url, at=at)
        started = StartedPlan(mode=mode, **tested)
    else:
        period = period_of(stores.ledger, campaign, at, resumes)
        restored.require_unsent(stores.ledger, campaign, period)
        part, approved_as = split.part_of(campaign, period), None
        if part and part["is_rest"]:
            content = content_hash(campaign, compile_contents(campaign))
            approved_as, campaign = campaign, split.for_rest(stores.ledger, campaign, period, content)
        if split.is_freed(period):
            freed.require_same_content(stores.ledger, campaign, period)
        frozen = freeze.freeze(
            stores,
            campaign,
            occurrence=period,
            edge_url=edge_url,
            at=at,
            part=part,
            approved_as=approved_as,
            is_running=is_running,
        )
        started = StartedLivePlan(mode=mode, occurrence=period, **frozen)
    ranges = sender.ranges(stores.ledger, started["plan_id"])
    if ranges:
        _require_frozen_links(stores, account, started["plan_id"], edge_url)
    return started, ranges


def late_by(ledger: Ledger, campaign: Campaign, at: datetime) -> timedelta | None:
    """How late a run scheduled for `at` starts, if that exceeds the campaign's limit and there is no plan yet; else None."""
    lateness = clock.now() - at
    if lateness <= timedelta(hours=campaign.late_start_limit_hours):
        return None
    planned = plans.find_plan(ledger, plans.plan_id_of(campaign.id, occurrence.occurrence_of(campaign, at)))
    return None if planned else lateness


def _warn_of_links(account: SendGridAccount, edge_url: str) -> None:
    """Log why a send would be refused; a preview sends nothing."""
    try:
        public_edge.require_public(account, edge_url)
    except ConfigurationError as error:
        log.warning("a send would be refused: %s", error)


def _require_frozen_links(stores: Stores, account: SendGridAccount, plan_id: str, edge_url: str) -> None:
    """Check the edge at the addresses in the plan's links; an earlier plan may have been frozen with another `edge_url`."""
    found = plans.find_plan(stores.ledger, plan_id)
    assert found is not None
    contents = PlanReader(stores.paths.root / found.folder, found.manifest_sha256).contents.values()
    for frozen_url in {content["edge_url"] for content in contents} - {edge_url.rstrip("/")}:
        public_edge.require_answer(account, frozen_url, stores.secrets, where=f"plan {plan_id}, links of its messages")


def period_of(ledger: Ledger, campaign: Campaign, at: datetime, resumes: str | None) -> str:
    """The occurrence of a live run at a time, or the one that it resumes. Raises `PlanError` if that was never planned.

    The rest of an experiment is planned by name, and so is the next plan that takes people back.
    """
    if not resumes:
        return occurrence.occurrence_of(campaign, at)
    is_planned = plans.find_plan(ledger, plans.plan_id_of(campaign.id, resumes)) is not None
    is_next = (campaign.winner and split.is_rest(resumes) and not split.is_freed(resumes)) or (
        split.is_freed(resumes) and resumes == freed.next_occurrence(ledger, campaign, resumes)
    )
    if not is_planned and not is_next:
        raise PlanError(
            "has no plan.",
            where=f"{campaign.id} {resumes}",
            remedy="Leave the occurrence empty to send the current one, or name one that was planned, such as 2026-W48.",
        )
    return resumes
