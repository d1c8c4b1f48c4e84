"""People who lost to mail that then did not go to them: their own mail takes them back, in a plan of their own.

A plan is frozen, so nobody can be added to it. As long as it is being sent, the people whom it lost to a mail that was
cancelled or withheld are planned as `2026-W48-freed1`, by the same rules as everybody else.
"""

from __future__ import annotations

from include.core.campaign import Campaign
from include.core.errors import ContentChanged
from include.core.occurrence import PER_PERSON
from include.dispatch.plan.contents import compile_contents, content_hash
from include.dispatch.plan.split import is_rest, losing_plan
from include.ledger import plans
from include.ledger.chunk import Plan
from include.ledger.database import Ledger


def open_occurrences(ledger: Ledger, campaign: Campaign) -> list[str]:
    """The next occurrence that takes people back, for each of the campaign's plans that is being sent and lost some."""
    found: dict[str, list[Plan]] = {}
    for plan in plans.of_campaign(ledger, campaign.id):
        found.setdefault(losing_plan(plan.occurrence), []).append(plan)
    is_open = (
        any(plan.state == "sending" for plan in group) and any(plan.capped for plan in group) for group in found.values()
    )
    names = [next_occurrence(ledger, campaign, name) for name, sending in zip(found, is_open, strict=True) if sending]
    return [name for name in names if name]


def next_occurrence(ledger: Ledger, campaign: Campaign, occurrence: str) -> str | None:
    """The occurrence that takes back people of a plan; None if it may not: it is paused, stopped, cancelled or no plan.

    Mail that an event triggers needs none, since its next run has these people. The test of an experiment takes nobody
    back: its arms were drawn at one moment.
    """
    if campaign.occurrence in PER_PERSON or (campaign.winner and not is_rest(occurrence)):
        return None
    losing = losing_plan(occurrence)
    group = [plan for plan in plans.of_campaign(ledger, campaign.id) if losing_plan(plan.occurrence) == losing]
    if any(plan.state not in ("sending", "done") for plan in group) or losing not in {plan.occurrence for plan in group}:
        return None
    return f"{losing}-freed{len(group)}"


def require_same_content(ledger: Ledger, campaign: Campaign, occurrence: str) -> None:
    """Raise `ContentChanged` unless people who are taken back get the mail that the others of the occurrence got."""
    others = plans.find_plan(ledger, plans.plan_id_of(campaign.id, losing_plan(occurrence)))
    is_planned = plans.find_plan(ledger, plans.plan_id_of(campaign.id, occurrence)) is not None
    if is_planned or (others and content_hash(campaign, compile_contents(campaign)) == others.content_hash):
        return
    raise ContentChanged(
        "the template or campaign was edited after the others were planned; nobody who is taken back was sent anything.",
        where=f"{campaign.id} {occurrence}",
        remedy="Restore the content as it was, then clear this task.",
    )
