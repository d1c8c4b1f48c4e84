"""The steps of the DAG `run_journeys`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from include.orchestration import configuration
from include.orchestration.sends import skipped_if_stopped_by_operator

if TYPE_CHECKING:
    from include.dispatch.journey.tick import Tick
    from include.dispatch.send.sender import Range
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


def send_part(stores: Stores, part: Range) -> dict[str, int]:
    """Send the pending chunks of a range; skipped from the moment at which an operator pauses or cancels the journey."""
    from include.dispatch.journey import send

    with skipped_if_stopped_by_operator():
        return send.send_part(stores, configuration.account(), part, configuration.account_pace())


def record(stores: Stores, result: Mapping[str, Any]) -> dict[str, int]:
    """Copy the outcomes to the warehouse and draw the pictures; then raise `JourneysBroken` for what failed in the tick."""
    from include.dispatch.account.record import record_sends
    from include.dispatch.journey import picture, tick

    recorded = record_sends(stores)
    picture.draw_all(stores)
    tick.require_unbroken(result["broken"])
    return recorded
