"""Draws the picture of each journey, with the numbers of people as of now, into `journeys/` of the data folder."""

from __future__ import annotations

from include.core.durable import write_durably
from include.core.journey_picture import Numbers, draw
from include.core.journey_version import pinned
from include.ledger import journeys
from include.ledger.database import Ledger
from include.ledger.journeys import JourneyState, StepCounts
from include.ledger.stores import Stores


def draw_all(stores: Stores) -> list[str]:
    """Write `<journey>.svg` for every journey; returns their names."""
    drawn = []
    for name, state in journeys.states(stores.ledger).items():
        stores.paths.journeys.mkdir(parents=True, exist_ok=True)
        pictures = draw_versions(stores.ledger, state)
        write_durably(stores.paths.journeys / f"{name}.svg", pictures[0][1].encode())
        drawn.append(name)
    return drawn


def draw_versions(ledger: Ledger, state: JourneyState) -> list[tuple[str, str]]:
    """(version, SVG) of the version in which people enter, then of every other that has people inside."""
    counted = journeys.counts(ledger, state.journey)
    inside = {counts.version for counts in counted.steps if counts.at} | {state.version}
    order = sorted(inside, key=lambda version: (version != state.version, version))
    return [(version, _draw(ledger, state, version, counted)) for version in order]


def _draw(ledger: Ledger, state: JourneyState, version: str, counted: journeys.Counts) -> str:
    journey = pinned(journeys.definition_of(ledger, state.journey, version)).journey
    mine: list[StepCounts] = [counts for counts in counted.steps if counts.version == version]
    numbers = Numbers(
        {counts.step: counts.at for counts in mine}, {counts.step: counts.passed for counts in mine},
        counted.out.get(version, {}),
    )  # fmt: skip
    return draw(journey, version, state.state, numbers)
