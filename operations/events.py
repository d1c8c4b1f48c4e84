"""Waiting for webhook events to stop coming."""

from __future__ import annotations

import json
import time
import urllib.request

from operations.progress import Progress
from operations.services import own_sendgrid
from operations.settings import Installation

QUIET_SECONDS = 6.0
BOUND_SECONDS = 90.0


def await_events(place: Installation, progress: Progress) -> None:
    """Wait until the simulator says that every life has been lived and told, or, with a SendGrid that cannot be asked, until
    no batch has come for a while; never longer than the bound."""
    begun, quiet_since, batches = time.monotonic(), time.monotonic(), _batches(place)
    progress.say("waiting for events: deliveries, bounces, opens, clicks")
    while time.monotonic() - begun < BOUND_SECONDS:
        if not own_sendgrid() and _idle(place):
            break
        time.sleep(1)
        now = _batches(place)
        if now != batches:
            quiet_since, batches = time.monotonic(), now
        elif own_sendgrid() and now and time.monotonic() - quiet_since > QUIET_SECONDS * 3:
            break
    progress.say(f"{_batches(place)} batches of events received")


def _batches(place: Installation) -> int:
    """How many batches the edge has made durable, loaded or not."""
    return sum(1 for path in place.paths.spool.rglob("*.json"))


def _idle(place: Installation) -> bool:
    with urllib.request.urlopen(f"{place.simulator_url}/control/state", timeout=5) as answer:  # noqa: S310
        return bool(json.load(answer)["idle"])
