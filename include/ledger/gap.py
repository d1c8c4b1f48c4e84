"""The gap after a restore: the time from a backup of the whole installation to its restore, of which nothing is known.

What was sent in the gap is in no ledger and no journal. So whatever may have been sent in it is not sent again by itself:
pending messages are in doubt, people inside journeys leave them, an occurrence of the gap without a plan waits for the
decision of a person, and triggered mail goes to people only whose trigger happened after the gap.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select, update

from include.core import clock
from include.ledger.database import Ledger
from include.ledger.journeys import end_all
from include.ledger.plans import UNFINISHED
from include.ledger.tables import chunks, journeys, ledger_metadata, plans

LOST_IN_GAP = "the installation was restored from a backup; whether this was sent since the backup is unknown"
"""Reason of chunks that a restore put in doubt. Missing events prove nothing: the lost installation may have had them."""

LEFT_BY_RESTORE = "restored"
"""Why people left a journey: its next mails may have been sent in the gap."""

_NAME = "gap"


@dataclass(frozen=True)
class Gap:
    """From the backup to the restore, in Unix seconds. Several restores make one gap, from the oldest backup on."""

    since: float
    until: float

    @property
    def ends(self) -> datetime:
        """The end, in UTC."""
        return datetime.fromtimestamp(self.until, UTC)


def find(ledger: Ledger) -> Gap | None:
    """The gap; None if this ledger was never restored with `open_gap`."""
    with ledger.read() as connection:
        return _find(connection)


def open_gap(ledger: Ledger, since: float) -> dict[str, int]:
    """Record that the ledger is that of a backup of `since`, and put in doubt what may have been sent; one transaction.

    Returns the number of chunks in doubt and of people who left journeys. Only for a ledger that was just restored.
    """
    with ledger.write() as connection:
        before, now = _find(connection), clock.now().timestamp()
        gap = Gap(min(since, before.since) if before else since, now)
        connection.execute(delete(ledger_metadata).where(ledger_metadata.c.name == _NAME))
        connection.execute(insert(ledger_metadata).values(name=_NAME, value=json.dumps(asdict(gap))))
        names = connection.scalars(select(journeys.c.journey)).all()
        left = sum(end_all(connection, name, "left", LEFT_BY_RESTORE) for name in names)
        return {"chunks_in_doubt": _put_in_doubt(connection, now), "left_journeys": left}


def _put_in_doubt(connection: Connection, now: float) -> int:
    """Everything unsent of unfinished live plans. Doubt of before the backup too: it may have been resent in the gap.

    The attempt grows as in a claim, so that no event of an earlier attempt is taken for one of a later resend.
    """
    live = chunks.c.plan_id.in_(select(plans.c.plan_id).where(plans.c.kind == "live"))
    unfinished = chunks.c.plan_id.in_(select(plans.c.plan_id).where(plans.c.state.in_(UNFINISHED)))
    doubt: dict[str, Any] = {
        "state": "in_doubt",
        "reason": LOST_IN_GAP,
        "posted_at": now,
        "settled_at": now,
        "lease_until": None,
    }
    unsent = and_(live, unfinished, chunks.c.state.in_(("pending", "sending")))
    count = connection.execute(update(chunks).where(unsent).values(**doubt, attempt=chunks.c.attempt + 1)).rowcount
    connection.execute(update(chunks).where(live, chunks.c.state == "in_doubt").values(reason=LOST_IN_GAP, posted_at=now))
    return count


def _find(connection: Connection) -> Gap | None:
    value = connection.scalar(select(ledger_metadata.c.value).where(ledger_metadata.c.name == _NAME))
    return Gap(**json.loads(value)) if value else None
