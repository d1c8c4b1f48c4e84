"""`make journey NAME=welcome_series`: the people at each step, one person's way, and pause, resume, cancel.

Works on the ledger without Airflow, so a journey can be stopped while the UI is down.
"""

from __future__ import annotations

import getpass

from include.dispatch.journey import control
from operations.ledger import existing_ledger
from operations.progress import Progress
from operations.settings import Installation


def control_journey(installation: Installation, action: str, journey: str, person: str) -> int:
    """Apply the action and print the journey's status, or the way of `person`; returns 0.

    Raises `TradewindError` if the journey never ran, or was cancelled before.
    """
    by = f"{getpass.getuser()}, make journey"
    with existing_ledger(installation) as ledger:
        if action == "pause":
            control.pause(ledger, journey, by)
        elif action == "resume":
            control.resume(ledger, journey, by)
        elif action == "cancel":
            control.cancel(ledger, journey, by)
        lines = control.way_lines(ledger, journey, person) if person else control.status_lines(ledger, journey)
        for line in lines:
            Progress().print(line)
    return 0
