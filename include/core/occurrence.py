"""Occurrences: runs of a campaign with the same occurrence send the same message."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from include.core.campaign import Campaign

PER_PERSON = {
    "signup": "signed_up_at",
    "each_signup": "signed_up_at",
    "first_purchase": "first_purchased_at",
    "trigger": "trigger_key",
}
"""Occurrences triggered by an event of a person, and the column that tells it. Sent once per person, in any run.

`each_signup` is sent once per sign-up of a person: its message key contains the sign-up time (audience.sql). `trigger` is
sent once per trigger of a journey.
"""


def occurrence_of(campaign: Campaign, at: datetime) -> str:
    """The occurrence at a time: `once`, `2026-W48` (ISO week), `2026-11`, or the day for daily and triggered campaigns.

    Days begin in the campaign's time zone.
    """
    at = at.astimezone(ZoneInfo(campaign.time_zone))
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
