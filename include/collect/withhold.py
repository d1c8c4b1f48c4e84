"""What SendGrid has scheduled does not go to who may not have it any more by what the source says, or by our own rules.

SendGrid holds mail up to three days ahead, and looks at its unsubscribe lists when it sends. Who left is on them for good
(tell.py); who lost their yes otherwise goes onto them for as long as mail for them is out, and comes off again. What is on a
list by our hand is in the ledger's table `withheld`, and is no unsubscribe of the person when the lists are read back.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
from sqlalchemy import func, select

from include.collect import told_people
from include.collect.tell import add, groups_in_use, remove
from include.core import clock
from include.core.connections import SendGridAccount
from include.core.paths import DataPaths
from include.ledger import withheld
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import chunks, plans
from include.sendgrid.management import NotOffered
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

MAY_STILL_GO = timedelta(hours=72)
"""SendGrid keeps a paused batch for so long after its send_at, and sends it when the pause ends."""
_OUT = ("pending", "sending", "accepted", "in_doubt")
_CHUNKS = pa.schema(
    [
        ("file", pa.string()), ("first_row", pa.int64()), ("size", pa.int64()),
        ("is_due", pa.bool_()), ("is_confirming", pa.bool_()), ("topic", pa.string()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class _Scheduled:
    """Which chunks are needed: those of mail that may still go, and those of who was withheld for mail that has gone.

    `parts` are the files that hold their people. Columns of `chunks`: file, first_row, size (a root chunk's people in it),
    is_due, is_confirming, topic (null where the mail has none, or has gone).
    """

    parts: list[str]
    chunks: pa.Table


@dataclass(frozen=True)
class _Verdicts:
    """Addresses by key; and the keys of who must not have what is scheduled, for whom that is over, and who left."""

    emails: dict[str, str]
    no: frozenset[str]
    over: frozenset[str]
    left: frozenset[str]


def withhold(stores: Stores, account: SendGridAccount) -> dict[str, int | str]:
    """Put who lost their yes on SendGrid's lists while mail is scheduled for them, take off for whom that is over; counts.

    Derived anew each time, so a crash at any point is made good by the next run. Raises `ConfigurationError` for a key that
    may not write suppressions, `EspUnavailable` when SendGrid does not answer. No address is logged or in an error.
    """
    with stores.ledger.read() as connection:
        standing = withheld.in_force(connection)
    scheduled = _scheduled(stores, standing)
    if not scheduled.parts:
        return {"withheld": 0, "released": 0, "left": 0}
    verdicts = _judge(stores, scheduled, frozenset(standing))
    # First remembered, then told: an entry that we forgot would be read back as the person's unsubscribe, for good.
    withheld.record_pending(stores.ledger, sorted(verdicts.no - standing.keys()))
    try:
        counts = {
            "withheld": _tell(stores.ledger, account, verdicts),
            "released": _release(stores.ledger, account, verdicts),
        }
    except NotOffered:
        return {"withheld": "not offered"}
    withheld.record_ended(stores.ledger, verdicts.left)
    log.info("scheduled mail: %s", counts)
    return {**counts, "left": len(verdicts.left)}


def _tell(ledger: Ledger, account: SendGridAccount, verdicts: _Verdicts) -> int:
    with ledger.read() as connection:
        fresh = sorted(withheld.unconfirmed(connection) & verdicts.no)
    add(account, [verdicts.emails[key] for key in fresh], groups_in_use(ledger))
    withheld.record_listed(ledger, fresh)
    return len(fresh)


def _release(ledger: Ledger, account: SendGridAccount, verdicts: _Verdicts) -> int:
    remove(account, [verdicts.emails[key] for key in sorted(verdicts.over)], groups_in_use(ledger))
    withheld.record_ended(ledger, verdicts.over)
    return len(verdicts.over)


def _judge(stores: Stores, scheduled: _Scheduled, standing: frozenset[str]) -> _Verdicts:
    with open_warehouse(stores.paths) as warehouse:
        told_people.refresh(warehouse, stores.ledger)
        warehouse.register("withheld", pa.table({"address_key": pa.array(sorted(standing), pa.string())}))
        warehouse.register("scheduled", scheduled.chunks)
        rows = fetch(warehouse, "collect", "scheduled_addresses", {"parts": scheduled.parts, "at": clock.now()}).to_pylist()
    return _Verdicts(
        {row["address_key"]: row["email"] for row in rows},
        no=frozenset(row["address_key"] for row in rows if row["state"] == "withdrawn" and row["is_due"]),
        over=standing & {row["address_key"] for row in rows if _is_over(row)},
        left=standing & {row["address_key"] for row in rows if row["state"] == "opted_out"},
    )


def _is_over(row: dict[str, Any]) -> bool:
    """They want mail again, or nothing is out for them."""
    return row["state"] == "wants_mail" or (row["state"] != "opted_out" and not row["is_due"])


def _scheduled(stores: Stores, standing: dict[str, float]) -> _Scheduled:
    """Who has mail out, and who had when they were withheld: there is their address."""
    now = clock.now()
    out_from = (now - MAY_STILL_GO).timestamp()
    needed_from = min([out_from, *(since - MAY_STILL_GO.total_seconds() for since in standing.values())])
    query = (
        select(
            plans.c.folder, plans.c.settings, plans.c.batch_status, chunks.c.file, chunks.c.first_row, chunks.c.root_size,
            func.max(chunks.c.send_at).label("last"),
        )
        .join(chunks, chunks.c.plan_id == plans.c.plan_id)
        .where(plans.c.kind == "live", chunks.c.send_at > needed_from, chunks.c.state.in_(_OUT))
        .group_by(plans.c.plan_id, chunks.c.root, chunks.c.file, chunks.c.first_row, chunks.c.root_size)
    )  # fmt: skip
    with stores.ledger.read() as connection:
        rows = [_chunk(stores.paths, row, now) for row in connection.execute(query)]
    files = {row["file"]: Path(row["file"]).is_file() for row in rows}
    if lost := len({row["file"] for row in rows if row["is_due"] and not files[row["file"]]}):
        log.error("%d files of people of plans that have scheduled mail are gone: nobody in them can be withheld", lost)
    there = [row for row in rows if files[row["file"]]]
    return _Scheduled(sorted({row["file"] for row in there}), pa.Table.from_pylist(there, schema=_CHUNKS))


def _chunk(paths: DataPaths, row: Any, now: datetime) -> dict[str, Any]:
    """A row of `_Scheduled.chunks`."""
    settings = orjson.loads(row.settings)
    is_due = row.last > (now - MAY_STILL_GO).timestamp()
    # Mail that is not paused has gone a little after its send_at: who then declines the topic has read it.
    has_yet_to_go = is_due and (row.batch_status == "pause" or row.last > now.timestamp() - withheld.CLOCKS_DIFFER)
    return {
        "file": str(paths.root / row.folder / row.file),
        "first_row": row.first_row,
        "size": row.root_size,
        "is_due": is_due,
        "is_confirming": settings.get("kind") == "confirmation",
        "topic": settings.get("topic") if has_yet_to_go else None,
    }
