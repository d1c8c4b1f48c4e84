"""Selects the audience from a frozen segment run and assigns each person a state, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TypedDict

import duckdb

from include.core.campaign import Campaign
from include.core.campaign_file import source_location
from include.core.journey_mail import journey_of
from include.core.occurrence import PER_PERSON
from include.core.shop import load_shop
from include.dispatch.plan import budget, own_hours, segments
from include.ledger import consent, suppression_tables
from include.ledger.database import Ledger
from include.warehouse.connection import fetch, run
from include.warehouse.consent import replace_consent
from include.warehouse.suppressions import replace_suppressions

DRAWS = 10_000
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


class AudienceCounts(TypedDict):
    """People of an audience by state; part of a task's result."""

    selected: int
    planned: int
    suppressed: int
    capped: int
    held_out: int


@dataclass(frozen=True)
class Audience:
    """Counts of temp table `audience`. `suppressions_seen` is the last seq of the suppression log that it includes."""

    segment_run: str
    suppressions_seen: int
    selected: int
    planned: int
    suppressed: int
    capped: int
    held_out: int

    def counts(self) -> AudienceCounts:
        """The counts, for a task's result."""
        return {
            "selected": self.selected,
            "planned": self.planned,
            "suppressed": self.suppressed,
            "capped": self.capped,
            "held_out": self.held_out,
        }


def select_entries(
    warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, campaign: Campaign, *, occurrence: str, at: datetime
) -> Audience:
    """Evaluate the people in temp table `selected` (subscriber_id, trigger_key), who are due at the mail of a journey."""
    seen = refresh_suppressions(warehouse, ledger)
    judge(warehouse, campaign, occurrence, at, cap_since=cap_since(campaign, at), hold_out_share=0, hold_out_of_all=True)
    left = cap_at_budget(warehouse, ledger, campaign, occurrence, at)
    found = counted(warehouse, "journey", seen)
    if left and found.planned == left.messages:
        budget.warn_of_end(left, campaign, occurrence)
    return found


def cap_at_budget(
    warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, campaign: Campaign, occurrence: str, at: datetime
) -> budget.Left | None:
    """Cap the people of temp table `audience` for whom no money is left; returns what the budget pays for, if any."""
    left = budget.left(ledger, campaign, occurrence, at)
    if left:
        params = {"campaign": campaign.id, "occurrence": occurrence, "most": left.messages}
        run(warehouse, "dispatch", "audience_budget", params)
    return left


def cap_since(campaign: Campaign, at: datetime) -> datetime:
    """People with a message after this time are capped."""
    return at - timedelta(hours=campaign.frequency_cap_hours) if campaign.frequency_cap_hours else FOREVER


def select_as_if_due(
    warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, campaign: Campaign, *, occurrence: str, at: datetime
) -> Audience:
    """Evaluate the segment as for a message that is due and that nobody has had: for previews.

    For the mail of a journey, temp table `selected` has the people already. Suppressions apply; frequency cap, hold-out,
    earlier messages and the days that a reminder waits do not.
    """
    segment_run = "journey" if journey_of(campaign.id) else select_members(warehouse, campaign, FOREVER)
    due = campaign.model_copy(update={"occurrence": "once"})
    seen = refresh_suppressions(warehouse, ledger)
    judge(warehouse, due, occurrence, at, cap_since=FOREVER, hold_out_share=0)
    return counted(warehouse, segment_run, seen)


def select_recipients(
    warehouse: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    campaign: Campaign,
    recipients: Sequence[str],
    *,
    occurrence: str,
    at: datetime,
) -> Audience:
    """Evaluate the recipients of a test send: suppressions apply, frequency cap and hold-out do not."""
    run(warehouse, "dispatch", "selected_by_id", {"recipients": list(recipients)})
    test = campaign.model_copy(update={"occurrence": "once"})
    seen = refresh_suppressions(warehouse, ledger)
    judge(warehouse, test, occurrence, at, cap_since=FOREVER, hold_out_share=0)
    return counted(warehouse, "test", seen)


def select_members(warehouse: duckdb.DuckDBPyConnection, campaign: Campaign, at: datetime) -> str:
    """Write temp table `selected`: the segment's members, for a reminder those who are due at a time; return the run."""
    chosen = segments.chosen(campaign)
    segment_run = segments.newest_run(warehouse, campaign, chosen)
    segments.select(warehouse, chosen, segment_run)
    if campaign.follows:
        due = at - timedelta(days=campaign.follows.after_days)
        run(warehouse, "dispatch", "selected_followers", {"followed": campaign.follows.campaign, "sent_by": due})
    return segment_run


def judge(
    warehouse: duckdb.DuckDBPyConnection,
    campaign: Campaign,
    occurrence: str,
    at: datetime,
    *,
    cap_since: datetime,
    hold_out_share: int,
    hold_out_of_all: bool = False,
    restored_at: datetime | None = None,
) -> None:
    """Write temp table `audience`: each person of temp table `selected` with a state, as a plan at `at` would have it.

    Of `DRAWS`, `hold_out_share` are held out. Triggered mail of before `restored_at`, the end of a gap, may have been sent.
    Needs the suppressions of `refresh_suppressions`.
    """
    if campaign.topic is not None:
        load_shop().require_topics([campaign.topic], where=source_location(campaign.id, "topic"))
    weights = [variant.weight for variant in campaign.variants]
    bounds = [round(DRAWS * total / sum(weights)) for total in accumulate(weights)][:-1]
    params = {
        "campaign": campaign.id,
        "topic": campaign.topic,
        "confirming": campaign.kind == "confirmation",
        "occurrence": occurrence,
        "event": campaign.occurrence if campaign.occurrence in PER_PERSON else None,
        "as_of": at,
        "cap_since": cap_since,
        "hold_out_share": hold_out_share,
        "variants": [variant.id for variant in campaign.variants],
        "variant_bounds": bounds,
        "locales": list(campaign.locales),
        "restored_at": restored_at,
    }
    run(warehouse, "dispatch", "audience", params)
    run(warehouse, "dispatch", "audience_duplicates", params)
    if hold_out_of_all and campaign.kind == "marketing":
        _hold_out_of_all(warehouse, at)
    own_hours.choose(warehouse, campaign, at)


def counted(warehouse: duckdb.DuckDBPyConnection, segment_run: str, suppressions_seen: int) -> Audience:
    """The counts of temp table `audience`."""
    counts = fetch(warehouse, "dispatch", "audience_counts").to_pylist()[0]
    return Audience(segment_run, suppressions_seen, **counts)


def _hold_out_of_all(warehouse: duckdb.DuckDBPyConnection, at: datetime) -> None:
    """Hold out the people of the shop's global hold-out, if it is in force."""
    found = load_shop().global_hold_out
    if found and found.is_in_force(at.astimezone(UTC).date()):
        share = round(found.percent / 100 * DRAWS)
        run(warehouse, "dispatch", "audience_hold_out", {"salt": found.name, "share": share})


def refresh_suppressions(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger) -> int:
    """Copy the suppressions and consent answers in force; return the last seq of the suppression log in the copy."""
    with ledger.read() as connection:
        table, seq = suppression_tables.in_force(connection)
        answers = consent.in_force(connection)
    replace_suppressions(warehouse, table)
    replace_consent(warehouse, answers)
    return seq
