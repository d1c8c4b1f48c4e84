"""Who would get a campaign if it were due, and what a live run now would do; both as a subtraction in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb

from include.core.campaign import Campaign
from include.core.errors import SegmentStopped
from include.core.journey_mail import journey_of
from include.core.occurrence import occurrence_of
from include.dispatch.content import Content
from include.dispatch.plan.audience import Audience
from include.dispatch.plan.contents import content_hash
from include.dispatch.plan.live_audience import IsRunning, always, select_segment
from include.dispatch.plan.split import part_of
from include.dispatch.preview.experiment import experiment_notes, send_time_notes
from include.dispatch.preview.inside import live_in_journey
from include.dispatch.preview.model import LiveRun, Row, Sum
from include.dispatch.send_window import next_window
from include.ledger import counts, plans
from include.ledger.chunk import Plan
from include.ledger.database import Ledger
from include.warehouse.connection import fetch

REASONS = {
    "unsubscribe": "unsubscribed",
    "unsubscribed_at_source": "unsubscribed at the source",
    "spam_complaint": "reported a mail as spam",
    "hard_bounce": "the address bounced",
    "invalid_address": "the address is invalid",
    "manual": "suppressed by hand",
    "erasure": "erased",
    "deleted_at_source": "deleted at the source",
    "unseen_at_source": "missing in the last full pass of the source",
    "row_quarantined": "a row in quarantine",
    "not_confirmed": "no consent: sign-up not confirmed",
    "no_lawful_basis": "no consent: no lawful basis",
    "no_proof_of_consent": "no consent: no proof of it",
    "consent_expired": "no consent: it has expired",
    "paused": "paused their mail",
    "topic_declined": "declined the topic {topic}",
    "before_restore": "may have got it before the restore from a backup",
    "duplicate_address": "share an address with somebody who gets it",
    "not_pending": "have no sign-up to confirm",
    "already_confirmed": "have confirmed already",
    "frequency_cap": "capped: another mail in the last {frequency_cap_hours} hours",
    "outranked": "outranked by mail that is due within the frequency cap",
    "budget": "beyond the budget of {budget[amount]:g} per {budget[per]}",
    "global_hold_out": "held out of all marketing mail",
    "hold_out": "held out ({hold_out_percent:g} %)",
}
"""The reasons of audience.sql in words; the braces are fields of the campaign."""


def as_if_due(warehouse: duckdb.DuckDBPyConnection, campaign: Campaign, audience: Audience) -> Sum:
    """Who would get the mail if it were due, from temp table `audience` as `select_as_if_due` leaves it."""
    return _sum(warehouse, campaign, audience, [], "would get it")


def live_now(
    warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, campaign: Campaign, contents: Mapping[str, Content], at: datetime,
    is_running: IsRunning = always,
) -> LiveRun:  # fmt: skip
    """What a live run at `at` would do; of a journey's mail, where its people are. Raises `PlanError`."""
    if journey := journey_of(campaign.id):
        return live_in_journey(ledger, journey, campaign)
    occurrence = occurrence_of(campaign, at)
    found = plans.find_plan(ledger, plans.plan_id_of(campaign.id, occurrence))
    if found is not None:
        return LiveRun(_of_plan(ledger, found, campaign, contents), None)
    try:
        part = part_of(campaign, occurrence)
        audience = select_segment(
            warehouse, ledger, campaign, occurrence=occurrence, at=at, part=part, is_running=is_running
        )
    except SegmentStopped as error:
        return LiveRun([f"It would be refused: {error.what} {error.remedy}"], None)
    sent = fetch(warehouse, "dispatch", "already_sent", {"campaign": campaign.id}).to_pylist()[0]
    on = f", the last on {_day(sent['last_sent_at'])}; your edit is not in it" if sent["last_sent_at"] else ""
    earlier = [Row(f"already sent{on}", sent["people"])] if sent["people"] else []
    notes = [
        *_approval(campaign),
        *_waiting(warehouse, campaign, at),
        *send_time_notes(warehouse, campaign),
        *experiment_notes(warehouse, campaign, audience.planned),
    ]
    return LiveRun(notes, _sum(warehouse, campaign, audience, earlier, "would be sent to now"))


def _sum(
    warehouse: duckdb.DuckDBPyConnection, campaign: Campaign, audience: Audience, earlier: list[Row], outcome: str
) -> Sum:
    fields = campaign.model_dump()
    rows = fetch(warehouse, "dispatch", "audience_reasons").to_pylist()
    less = [Row(_words(row["reason"]).format(**fields) + _lost_to(row), row["people"]) for row in rows]
    selected = audience.selected + sum(row.people for row in earlier)
    return Sum(Row(_start(campaign), selected), [*earlier, *less], Row(outcome, audience.planned))


def _words(reason: str) -> str:
    return REASONS.get(reason, reason.replace("_", " ").replace("{", "").replace("}", ""))


def _lost_to(row: Mapping[str, Any]) -> str:
    """The mail that people get instead, as in ` (winback 2026-12)`."""
    return f" ({row['lost_to_campaign']} {row['lost_to_occurrence']})" if row["lost_to_campaign"] else ""


def _start(campaign: Campaign) -> str:
    if journey := journey_of(campaign.id):
        return f"inside the journey {journey}"
    one = campaign.segments.single()
    return f"in the segment {campaign.segments}" if one else f"in the segments {campaign.segments}"


def _of_plan(ledger: Ledger, plan: Plan, campaign: Campaign, contents: Mapping[str, Content]) -> list[str]:
    """A live run finds the plan of its occurrence, and sends to those who are pending."""
    with ledger.read() as connection:
        people = counts.tally(connection, plan.plan_id)
    planned = datetime.fromtimestamp(plan.planned_at, UTC)
    edited = _is_edited(campaign, contents, plan)
    first = f"Already sent: “{campaign.name}”, {plan.occurrence}, was planned on {_day(planned)} and accepted for "
    notes = [f"{first}{people.accepted:,} people{'; your edit is not in it' if edited else ''}."]
    if not people.pending:
        return [*notes, "A live run now would send nothing: nobody is pending."]
    if plan.state in ("paused", "cancelled"):
        return [*notes, f"{people.pending:,} people are pending, and the plan is {plan.state}."]
    refusal = "is refused until the content is as it was" if edited else "sends it to them"
    return [*notes, f"{people.pending:,} people are pending; a live run now {refusal}."]


def _is_edited(campaign: Campaign, contents: Mapping[str, Content], plan: Plan) -> bool:
    """Whether the content differs from the plan's. What is invalid differs too; of a choice of contents, it is unknown."""
    return len(contents) == len(campaign.variants) * len(campaign.locales) and (
        content_hash(campaign, contents) != plan.content_hash
    )


def _approval(campaign: Campaign) -> list[str]:
    """Who must approve before anything is sent."""
    rule = campaign.approval_rule
    if rule is None:
        return []
    return [f"It is sent when {'somebody approves' if rule.people == 1 else f'{rule.people} people approve'} it in Airflow."]


def _waiting(warehouse: duckdb.DuckDBPyConnection, campaign: Campaign, at: datetime) -> list[str]:
    """How many people are outside their hours of arrival now: the send window, or in quiet hours."""
    if not campaign.waits_for_hours:
        return []
    zones = fetch(warehouse, "dispatch", "audience_zones").to_pylist()
    windows = {variant.id: campaign.arm(variant.id).hours for variant in campaign.variants}
    known = [(windows[row["variant"]], row) for row in zones]
    opens = [(next_window(window, row["zone"], at)[0], row["people"]) for window, row in known if window is not None]
    waiting = [(moment, people) for moment, people in opens if moment is not None]
    where = "outside the send window" if campaign.send_window else "outside their hours for mail"
    if not waiting:
        return [f"Nobody is {where} now."]
    last = max(moment for moment, _ in waiting)
    people = sum(number for _, number in waiting)
    return [f"{people:,} of them are {where} now; the last gets it on {_day(last)} at {last:%H:%M} UTC."]


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%-d %B %Y}"
