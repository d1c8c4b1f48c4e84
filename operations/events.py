"""Waits until no more webhook events arrive."""

from __future__ import annotations

import time

from include.core.http_client import client
from operations.progress import Progress
from operations.services import uses_external_sendgrid
from operations.settings import Installation

QUIET_SECONDS = 6.0
BOUND_SECONDS = 90.0
FIRST_BATCH_SECONDS = 20.0
"""If a real SendGrid account has sent no batch by then, none is expected: its webhook may point elsewhere."""


def wait_for_events(installation: Installation, progress: Progress) -> None:
    """Wait until the simulator has no event left to send or no batch has arrived for a while; at most `BOUND_SECONDS`.

    The second condition is for an external SendGrid, which does not say what it still has to send.
    """
    started, quiet_since = time.monotonic(), time.monotonic()
    batches = first = _batches(installation)
    progress.report("waiting for events: deliveries, bounces, opens, clicks")
    while time.monotonic() - started < BOUND_SECONDS:
        if not uses_external_sendgrid(installation) and _idle(installation):
            break
        time.sleep(1)
        now = _batches(installation)
        if now != batches:
            quiet_since, batches = time.monotonic(), now
        elif uses_external_sendgrid(installation) and time.monotonic() - quiet_since > (
            QUIET_SECONDS * 3 if now > first else FIRST_BATCH_SECONDS
        ):
            break
    progress.report(f"{_batches(installation)} batches of events received")


def _batches(installation: Installation) -> int:
    """The number of batches that the edge has stored, loaded or not."""
    return sum(1 for path in installation.paths.spool.rglob("*.json"))


def _idle(installation: Installation) -> bool:
    """Whether the simulator has nothing left to do, except messages scheduled for later."""
    with client(5) as http:
        state = http.get(f"{installation.simulator_url}/control/status").raise_for_status().json()
    return not (state["events_pending"] or state["posts_pending"] or state["link_visits_pending"])
