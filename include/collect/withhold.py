"""Withholds scheduled mail from people who may no longer receive it, by means of SendGrid's unsubscribe lists.

SendGrid schedules mail up to three days ahead and checks its unsubscribe lists when it sends. People who unsubscribed are on
these lists permanently (export_unsubscribes.py). People who may not be mailed for another reason, such as withdrawn consent
at the source, are added for as long as mail is scheduled for them, and removed afterwards. The ledger's table `withheld`
records these entries, so that they are not imported as the person's own unsubscribes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypedDict

import orjson
import pyarrow as pa
from sqlalchemy import Row, func, select

from include.collect.export_unsubscribes import copy_answers
from include.collect.unsubscribe_lists import add_addresses, groups_in_use, remove_addresses
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

PAUSE_LIMIT = timedelta(hours=72)
"""SendGrid keeps a paused batch for this long after its send_at, and sends it when the pause ends."""
_SCHEDULED_STATES = ("pending", "sending", "accepted", "in_doubt")
_CHUNKS = pa.schema(
    [
        ("file", pa.string()), ("first_row", pa.int64()), ("size", pa.int64()),
        ("is_due", pa.bool_()), ("is_confirming", pa.bool_()), ("topic", pa.string()),
    ]
)  # fmt: skip


class _ScheduledChunk(TypedDict):
    """A row of `_CHUNKS`. `size` counts the recipients of the root chunk; `is_due` means that its mail may still be sent.

    `topic` is None if the mail has none or has been sent.
    """

    file: str
    first_row: int
    size: int
    is_due: bool
    is_confirming: bool
    topic: str | None


@dataclass(frozen=True)
class _Scheduled:
    """The chunks to evaluate: of mail that may still be sent, and of mail because of which addresses are withheld.

    `parts` are the files with their recipients; `chunks` has the columns of `_ScheduledChunk`.
    """

    parts: list[str]
    chunks: pa.Table


class _ScheduledAddress(TypedDict):
    """A row of scheduled_addresses.sql."""

    address_key: str
    email: str
    state: str
    is_due: bool


@dataclass(frozen=True)
class _Decisions:
    """Addresses by key, and the keys to withhold, to release, and those of withheld people who unsubscribed themselves."""

    emails: dict[str, str]
    withdrawn: frozenset[str]
    released: frozenset[str]
    opted_out: frozenset[str]


def withhold(stores: Stores, account: SendGridAccount) -> dict[str, int | str]:
    """Add people who may not receive their scheduled mail to SendGrid's lists, and remove those who may; returns counts.

    Everything is derived anew in each run, so the next run completes one that crashed. Raises `ConfigurationError` for a
    key that may not write suppressions, `EspUnavailable` when SendGrid does not answer. Logs and errors contain no address.
    """
    with stores.ledger.read() as connection:
        withheld_since = withheld.in_force(connection)
    scheduled = _scheduled(stores, withheld_since)
    if not scheduled.parts:
        return {"withheld": 0, "released": 0, "opted_out": 0}
    decisions = _decide(stores, scheduled, frozenset(withheld_since))
    # Recorded before SendGrid gets them: an entry without a record would be imported as the person's unsubscribe, for good.
    withheld.record_pending(stores.ledger, sorted(decisions.withdrawn - withheld_since.keys()))
    try:
        counts = {
            "withheld": _add(stores.ledger, account, decisions),
            "released": _release(stores.ledger, account, decisions),
        }
    except NotOffered:
        return {"withheld": "not offered"}
    withheld.record_ended(stores.ledger, decisions.opted_out)
    log.info("scheduled mail: %s", counts)
    return {**counts, "opted_out": len(decisions.opted_out)}


def _add(ledger: Ledger, account: SendGridAccount, decisions: _Decisions) -> int:
    with ledger.read() as connection:
        fresh = sorted(withheld.unconfirmed(connection) & decisions.withdrawn)
    add_addresses(account, [decisions.emails[key] for key in fresh], groups_in_use(ledger))
    withheld.record_listed(ledger, fresh)
    return len(fresh)


def _release(ledger: Ledger, account: SendGridAccount, decisions: _Decisions) -> int:
    remove_addresses(account, [decisions.emails[key] for key in sorted(decisions.released)], groups_in_use(ledger))
    withheld.record_ended(ledger, decisions.released)
    return len(decisions.released)


def _decide(stores: Stores, scheduled: _Scheduled, withheld_keys: frozenset[str]) -> _Decisions:
    with open_warehouse(stores.paths) as warehouse:
        copy_answers(warehouse, stores.ledger)
        warehouse.register("withheld", pa.table({"address_key": pa.array(sorted(withheld_keys), pa.string())}))
        warehouse.register("scheduled", scheduled.chunks)
        params = {"parts": scheduled.parts, "at": clock.now()}
        rows: list[_ScheduledAddress] = fetch(warehouse, "collect", "scheduled_addresses", params).to_pylist()
    return _Decisions(
        {row["address_key"]: row["email"] for row in rows},
        withdrawn=frozenset(row["address_key"] for row in rows if row["state"] == "withdrawn" and row["is_due"]),
        released=withheld_keys & {row["address_key"] for row in rows if _may_release(row)},
        opted_out=withheld_keys & {row["address_key"] for row in rows if row["state"] == "opted_out"},
    )


def _may_release(row: _ScheduledAddress) -> bool:
    """Whether the person wants mail again, or has no mail scheduled any more."""
    return row["state"] == "wants_mail" or (row["state"] != "opted_out" and not row["is_due"])


def _scheduled(stores: Stores, withheld_since: dict[str, float]) -> _Scheduled:
    """The chunks of scheduled mail, and older ones whose files contain the addresses that are withheld."""
    now = clock.now()
    out_from = (now - PAUSE_LIMIT).timestamp()
    needed_from = min([out_from, *(since - PAUSE_LIMIT.total_seconds() for since in withheld_since.values())])
    query = (
        select(
            plans.c.folder, plans.c.settings, plans.c.batch_status, chunks.c.file, chunks.c.first_row, chunks.c.root_size,
            func.max(chunks.c.send_at).label("last"),
        )
        .join(chunks, chunks.c.plan_id == plans.c.plan_id)
        .where(plans.c.kind == "live", chunks.c.send_at > needed_from, chunks.c.state.in_(_SCHEDULED_STATES))
        .group_by(plans.c.plan_id, chunks.c.root, chunks.c.file, chunks.c.first_row, chunks.c.root_size)
    )  # fmt: skip
    with stores.ledger.read() as connection:
        rows = [_chunk(stores.paths, row, now) for row in connection.execute(query)]
    files = {row["file"]: Path(row["file"]).is_file() for row in rows}
    if missing := len({row["file"] for row in rows if row["is_due"] and not files[row["file"]]}):
        log.error("%d recipient files of plans with scheduled mail are missing: nobody in them can be withheld", missing)
    existing = [row for row in rows if files[row["file"]]]
    return _Scheduled(sorted({row["file"] for row in existing}), pa.Table.from_pylist(existing, schema=_CHUNKS))


def _chunk(paths: DataPaths, row: Row[*tuple[Any, ...]], now: datetime) -> _ScheduledChunk:
    settings = orjson.loads(row.settings)
    is_due = row.last > (now - PAUSE_LIMIT).timestamp()
    # Mail that is not paused is sent shortly after its send_at: a topic declined after that does not concern it.
    is_unsent = is_due and (row.batch_status == "pause" or row.last > now.timestamp() - withheld.CLOCK_SKEW_SECONDS)
    return {
        "file": str(paths.root / row.folder / row.file),
        "first_row": row.first_row,
        "size": row.root_size,
        "is_due": is_due,
        "is_confirming": settings.get("kind") == "confirmation",
        "topic": settings.get("topic") if is_unsent else None,
    }
