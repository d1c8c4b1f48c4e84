"""The demo shop as it was at a moment of the past: a copy of its database with what had happened by then."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

SUBSCRIBERS = """
create table subscribers as
select
    subscriber_id, email, first_name, last_name, country, locale, timezone, signed_up_at,
    case when updated_at > :at and status = 'unsubscribed' then 'subscribed' else status end as status,
    lawful_basis, consent_source, consented_at, consent_wording, consent_expires_at, tracking_consent,
    case when updated_at > :at then max(signed_up_at, coalesce(consented_at, '')) else updated_at end as updated_at,
    attributes
from whole.subscribers
where max(signed_up_at, coalesce(consented_at, '')) <= :at
"""
"""Who had signed up and consented. The shop has the present state only: who unsubscribed did so at the last change."""
PURCHASES = "create table purchases as select * from whole.purchases where purchased_at <= :at"
ACTIVITIES = "create table activities as select * from whole.activities where happened_at <= :at"
HAS_ACTIVITIES = "select exists (select 1 from whole.activities where happened_at <= :at)"


def write_shop(whole: Path, to: Path, at: datetime) -> None:
    """Write the shop `whole` as of `at` to the SQLite file `to`, and replace what is there."""
    to.unlink(missing_ok=True)
    connection = sqlite3.connect(to)
    try:
        connection.execute("pragma journal_mode = off")
        connection.execute("attach ? as whole", (str(whole),))
        then = {"at": f"{at:%Y-%m-%d %H:%M:%S}"}
        (has_activities,) = connection.execute(HAS_ACTIVITIES, then).fetchone()
        for statement in (SUBSCRIBERS, PURCHASES, *([ACTIVITIES] if has_activities else [])):
            connection.execute(statement, then)
        connection.commit()
    finally:
        connection.close()
