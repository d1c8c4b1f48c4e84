"""The preview of a journey's mail: it shows the people who are inside, since nobody has a date for it."""

from __future__ import annotations

import duckdb

from include.core.campaign import Campaign
from include.core.journey_mail import journey_of
from include.dispatch.preview.model import LiveRun
from include.ledger import journeys
from include.ledger.database import Ledger
from include.warehouse.connection import run


def select_inside(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, campaign: Campaign) -> None:
    """Write temp table `selected` of a journey's mail: everybody who is inside, at any step. Nothing for a campaign."""
    journey = journey_of(campaign.id)
    if journey is None:
        return
    from include.dispatch.journey.enter import people_table

    warehouse.register("people_due", people_table(journeys.inside(ledger, journey)))
    run(warehouse, "journey", "selected_by_entry")
    warehouse.unregister("people_due")


def live_in_journey(ledger: Ledger, journey: str, campaign: Campaign) -> LiveRun:
    """Where people are, instead of what a live run would do: `run_journeys` sends to each of them when the step is due."""
    step = campaign.id.removeprefix(f"{journey}__")
    state, counted = journeys.states(ledger).get(journey), journeys.counts(ledger, journey).steps
    if state is None:
        return LiveRun(
            [f"The journey {journey} has never run. The DAG run_journeys sends this mail to each person in turn."], None
        )
    here = sum(each.at for each in counted if each.step == step)
    got = sum(each.passed.get("planned", 0) for each in counted if each.step == step)
    notes = [
        f"The journey is {state.state}. {sum(each.at for each in counted):,} people are inside, of whom {here:,} are at "
        f"this step; {got:,} have had its mail.",
        "The DAG run_journeys sends it to each person in turn, every minute; an edit of the template reaches all who are "
        "still to get it.",
    ]
    return LiveRun(notes, None)
