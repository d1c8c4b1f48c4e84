"""The steps of the DAG `run_journeys`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from include.orchestration import configuration

if TYPE_CHECKING:
    from include.dispatch.journey.tick import Tick
    from include.ledger.stores import Stores


def tick(stores: Stores) -> Tick | dict[str, Any]:
    """One tick of all journeys; an empty result if there was nothing to do."""
    from include.core import clock
    from include.dispatch.journey import changes

    now = clock.now()
    if changes.is_idle(stores, now):
        return {}
    from include.dispatch.journey import tick

    return tick.tick(stores, configuration.account(), edge_url=configuration.edge_url(), now=now)


def record(stores: Stores, result: Mapping[str, Any]) -> dict[str, int]:
    """Copy the outcomes to the warehouse and draw the pictures; then raise `JourneysBroken` for what failed in the tick."""
    from include.dispatch.account.record import record_sends
    from include.dispatch.journey import picture, tick

    recorded = record_sends(stores)
    picture.draw_all(stores)
    tick.require_unbroken(result["broken"])
    return recorded
