"""What a restored installation may not send by itself: occurrences that may have been sent since the backup."""

from __future__ import annotations

from datetime import UTC, datetime

from include.core.campaign import Campaign
from include.core.errors import PlanError
from include.core.occurrence import PER_PERSON, occurrence_of
from include.dispatch.plan.split import first_part, is_rest
from include.ledger import decisions, gap, plans
from include.ledger.database import Ledger
from include.ledger.gap import Gap


def require_unsent(ledger: Ledger, campaign: Campaign, occurrence: str) -> None:
    """Raise `PlanError` if the occurrence may have been sent in the gap after a restore, unless a person confirmed not.

    An occurrence with a plan is known. Mail that is triggered by an event of a person is decided person by person
    (audience.sql).
    """
    found = gap.find(ledger)
    if found is None or campaign.occurrence in PER_PERSON or not _overlaps(campaign, occurrence, found):
        return
    plan_id = plans.plan_id_of(campaign.id, occurrence)
    if plans.find_plan(ledger, plan_id) or _confirmed(ledger, plan_id, found):
        return
    raise PlanError(
        f"may have been sent between the backup of {_moment(found.since)} and its restore at {_moment(found.until)}.",
        where=f"{campaign.id} {occurrence}",
        remedy="Nothing was sent now. Look for its category in SendGrid's statistics or Activity. If it was not sent: "
        f"make campaign DO=confirm-unsent CAMPAIGN={campaign.id} OCCURRENCE={occurrence}, then run it again. "
        "If it was, nothing is to be done (docs/runbook/restored-installation.md).",
    )


def _overlaps(campaign: Campaign, occurrence: str, found: Gap) -> bool:
    """Whether the occurrence may have been planned in the gap: it was the one of a moment in it (their names sort by time).

    The rest of an experiment follows its test by days, so that also that of an earlier one may have been.
    """
    first, last = (occurrence_of(campaign, datetime.fromtimestamp(moment, UTC)) for moment in (found.since, found.until))
    return first_part(occurrence) <= last and (is_rest(occurrence) or first <= occurrence)


def _confirmed(ledger: Ledger, plan_id: str, found: Gap) -> bool:
    """Whether a person confirmed it after this gap ended."""
    return any(one.action == "confirm_unsent" and one.at >= found.until for one in decisions.of_plan(ledger, plan_id))


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
