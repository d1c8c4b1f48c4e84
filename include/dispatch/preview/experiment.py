"""What an experiment can find with the people it has, before it starts."""

from __future__ import annotations

import duckdb

from include.core.campaign import Campaign
from include.core.sample_size import people_needed, smallest_lift
from include.core.send_time import USUAL_TIME
from include.dispatch.plan.own_hours import LEAST_PEOPLE
from include.warehouse.connection import fetch

GUESSED_RATE = 0.03
"""The click rate before any mail was sent."""
SMALL_LIFT = 0.05


def experiment_notes(warehouse: duckdb.DuckDBPyConnection, campaign: Campaign, people: int) -> list[str]:
    """In words: how the winner is found, and which difference in clicks `people` in the variants can show."""
    if len(campaign.variants) < 2 or not people:
        return []
    weights = sorted(variant.weight for variant in campaign.variants)
    smallest, second = (people * weight // sum(weights) for weight in weights[:2])
    rate, source = _usual_rate(warehouse, campaign.id)
    lift = smallest_lift(rate, smallest, second)
    found = f"a lift of {lift:.0%} or more is found in four of five experiments" if lift else "no lift can be found"
    needed = f"for a lift of {SMALL_LIFT:.0%} you need {people_needed(rate, SMALL_LIFT):,} people a variant"
    notes = [
        f"Experiment: {smallest:,} people in the smallest variant. At a click rate of {rate:.1%} ({source}), {found}; "
        f"{needed}."
    ]
    if campaign.winner:
        notes.append(
            f"These people are the {campaign.winner.test_percent} % who test the variants; the rest gets the winner "
            f"{campaign.winner.after_hours} hours later."
        )
    return notes


def send_time_notes(warehouse: duckdb.DuckDBPyConnection, campaign: Campaign) -> list[str]:
    """In words: how many people of temp table `audience` get the mail at their own hour."""
    if campaign.send_time is None:
        return []
    rows = fetch(warehouse, "dispatch", "audience_zones").to_pylist()
    own = sum(row["people"] for row in rows if row["send_hour"] is not None)
    control = sum(row["people"] for row in rows if row["variant"] == USUAL_TIME)
    if not own:
        return [f"Nobody has an hour of their own yet: fewer than {LEAST_PEOPLE} people have opened or clicked."]
    return [f"{own:,} people get it at their own hour, within a day; {control:,} are the control group."]


def _usual_rate(warehouse: duckdb.DuckDBPyConnection, campaign: str) -> tuple[float, str]:
    """The click rate of earlier mail and where it is from; a guess before the first nightly analytics."""
    try:
        (row,) = fetch(warehouse, "dispatch", "usual_click_rate", {"campaign": campaign}).to_pylist()
    except duckdb.CatalogException:
        return GUESSED_RATE, "a guess: there is no earlier mail"
    if not row["rate"] or row["rate"] >= 1:
        return GUESSED_RATE, "a guess: nobody has clicked yet"
    return row["rate"], f"as in {'its' if row['is_own'] else 'all'} earlier mail"
