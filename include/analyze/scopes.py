"""The views that statements of kept tables read: their sources, as a whole, or restricted to the keys that changed."""

from __future__ import annotations

import duckdb

from include.core import sqlfile
from include.warehouse.connection import fetch

SOURCES = {
    "sends": "marts.sends",
    "events": "marts.events",
    "recorded_sends": "dispatch.sends",
    "stored_events": "engagement.events",
    "mail_events": "engagement.mail_events",
    "opt_outs": "engagement.opt_outs",
    "purchases": "core.purchases",
    "people": "marts.subscribers",
    "outcomes": "build.message_outcomes",
    "mails": "build.mail_counts",
}
"""Each view `temp.<name>`, and what it holds in a build of the whole."""
_MESSAGE = "{source} semi join (from changed_messages where message_key <> '') as changed using (message_key)"
"""The condition holds for every key. With it DuckDB gives the scan a Bloom filter of the keys, and reads the other columns
only where one matches; without a condition on the joined side it reads all columns of all rows (1.5.5, include/sql/analyze/
changes has the same)."""
_BUYER = "{source} semi join (from changed_buyers where subscriber_id <> '') as changed using (subscriber_id)"
_OCCURRENCE = "{source} semi join changed_{key}s using (campaign, occurrence)"
_DAY = (
    "{source} where occurred_at >= timestamptz '{first_day}' and occurred_at < timestamptz '{last_day}' + interval 1 day"
    " and utc_day(occurred_at) in (select day from changed_{key}s)"
)
SCOPES: dict[str, dict[str, str]] = {
    "message": {
        "sends": _MESSAGE, "recorded_sends": _MESSAGE, "opt_outs": _MESSAGE, "stored_events": "found_events",
        "mail_events": "found_mail_events", "outcomes": _MESSAGE, "mails": _MESSAGE,
    },
    "mail": {"sends": (
        "{source} semi join resent using (subscriber_id)"
        " where coalesce(sent_at, planned_at) >= timestamptz '{mailed_since}'"
    )},
    "plan": {"recorded_sends": "{source} semi join changed_plans using (plan_id)"},
    "event day": {"events": _DAY, "stored_events": _DAY},
    "bounce day": {"events": f"{_DAY} and event = 'bounced'"},
    "engaged occurrence": {"sends": _OCCURRENCE},
    "clicked occurrence": {"events": f"{_OCCURRENCE} where event = 'clicked'"},
    "revenue plan": {"sends": "{source} semi join changed_revenue_plans using (plan_id)"},
    "experiment": {"recorded_sends": _OCCURRENCE},
    "buyer": {
        "events": f"{_BUYER} where event = 'clicked'",
        "purchases": _BUYER,
    },
    "purchase day": {},
    "person month": {"sends": "{source} semi join changed_person_months as months on"
                     " sends.subscriber_id = months.subscriber_id"
                     " and date_trunc('month', utc_day(sends.sent_at))::date = months.month"},
}  # fmt: skip
"""What the views of a key's statements hold in a build of what changed; other views hold everything."""


def show(
    connection: duckdb.DuckDBPyConnection, by: str | None = None, *, people: str = SOURCES["people"], **times: str
) -> None:
    """Point the views to everything, or to what changed of one key. Sources that do not exist yet are left out."""
    restricted = SCOPES[by] if by else {}
    existing = set(fetch(connection, "analyze/changes", "relations")["name"].to_pylist())
    for view, source in (SOURCES | {"people": people}).items():
        if source in existing or "." not in source:
            text = restricted.get(view, "{source}").format(source=source, key=(by or "").replace(" ", "_"), **times)
            connection.execute(f"create or replace temp view {view} as from {text}")
    if {"marts.sends", "marts.subscribers", "build.message_outcomes", "build.mail_counts"} <= existing:
        statement = sqlfile.load("analyze", "messages").statement
        connection.execute(f"create or replace temp view messages as {statement}")
