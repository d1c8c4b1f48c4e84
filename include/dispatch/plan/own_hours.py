"""The own hours of people who get a campaign at their own time."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from include.core.campaign import Campaign
from include.core.send_time import OWN_TIME
from include.warehouse.connection import run

LOOK_BACK = timedelta(days=180)
"""Signs before that say little of the hours that people have now."""
LEAST_PEOPLE = 100
"""With fewer people who opened or clicked, the population's curve is noise: everybody gets the mail at the usual time."""


def choose(warehouse: duckdb.DuckDBPyConnection, campaign: Campaign, at: datetime) -> None:
    """Set `send_hour` in temp table `audience` for the arm that gets the mail at the people's own time, if there is one."""
    if campaign.send_time is None:
        return
    hours = campaign.arm(OWN_TIME).hours
    params = {
        "as_of": at,
        "since": at - LOOK_BACK,
        "own_time": OWN_TIME,
        "allowed_hours": [hour for hour in range(24) if hours is None or hour in hours],
        "least_people": LEAST_PEOPLE,
    }
    run(warehouse, "dispatch", "audience_send_hours", params)
