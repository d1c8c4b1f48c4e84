"""What makes two runs the same message."""

from __future__ import annotations

from datetime import UTC, datetime

from include.core.campaign import Campaign

PER_PERSON = {"signup": "signed_up_at", "each_signup": "signed_up_at", "first_purchase": "first_purchased_at"}
"""Occurrences that an event triggers, and the time that names the event: once a person, whichever run picks it up.

`each_signup` is once for each time that a person signed up: its key holds that time (audience.sql).
"""


def occurrence_of(campaign: Campaign, at: datetime) -> str:
    """The plan's occurrence at a moment: `once`, `2026-W48` (ISO week), `2026-11`, or a day for daily and triggered ones."""
    at = at.astimezone(UTC)
    match campaign.occurrence:
        case "once":
            return "once"
        case "week":
            year, week, _ = at.isocalendar()
            return f"{year}-W{week:02d}"
        case "month":
            return f"{at:%Y-%m}"
        case _:
            return f"{at:%Y-%m-%d}"
