"""Replays a plan's journal into a ledger that was restored from a backup.

A request that is in the journal and not in the ledger may have been sent: its chunk is put in doubt, which only evidence
resolves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, insert, select, update

from include.core import clock
from include.core.errors import ConservationBroken
from include.ledger import plans
from include.ledger.database import Ledger
from include.ledger.tables import chunks
from include.ledger.tables import plans as plans_table

LOST_BY_RESTORE = "the ledger was restored from a backup that is older than the request"
"""Reason of chunks that the replay put in doubt. Any event of such a message proves it, whichever chunk the event names."""


class Replayed(NamedTuple):
    """Chunks put in doubt: `requested` by their own lost request, `of_lost_split` because a lost split may contain them."""

    requested: int
    of_lost_split: int


def replay_journal(ledger: Ledger, plan_id: str, journaled: Mapping[int, int]) -> Replayed:
    """Put in doubt the chunks with requests in `journaled` (chunk → highest fence) that the ledger lacks; one transaction.

    A chunk that is not in the ledger at all comes from a lost split, and its people are unknown: then all pending chunks are
    put in doubt, and the number is reserved so that it is not used again. If requests were lost and people are still
    pending, the plan is paused until an operator resumes it. Raises `ConservationBroken`, and changes nothing, if the
    journal contradicts the ledger.
    """
    with ledger.write() as connection:
        query = select(chunks).where(chunks.c.plan_id == plan_id).with_for_update()
        known = {row["chunk"]: dict(row) for row in connection.execute(query).mappings()}
        behind = {number: fence for number, fence in journaled.items() if number in known and known[number]["fence"] < fence}
        unknown = {number: fence for number, fence in journaled.items() if number not in known}
        for number, fence in behind.items():
            _put_in_doubt(connection, known[number], fence)
        pending = {number for number, row in known.items() if row["state"] == "pending"} - set(behind)
        if unknown:
            for number in pending:
                _put_in_doubt(connection, known[number], known[number]["fence"])
            connection.execute(insert(chunks), [_tombstone(known[0], number, fence) for number, fence in unknown.items()])
    if (behind or unknown) and pending and not unknown:
        plans.change_state(ledger, plan_id, "paused", from_states=("sending", "stopped"), reason=LOST_BY_RESTORE)
    return Replayed(len(behind), len(pending) if unknown else 0)


def record_lost_plan(
    ledger: Ledger, plan: Mapping[str, Any], chunk_rows: list[dict[str, Any]], journaled: Mapping[int, int]
) -> dict[str, int]:
    """Record a plan that is not in the ledger, as cancelled: requested chunks are in doubt, the others skipped.

    The plan cannot be resumed, since splits and outcomes were stored in the ledger only. `chunk_rows` are its chunks from
    `chunks.json`. If the journal names chunks beyond those, all of them are put in doubt. Returns chunks by state.
    """
    now = clock.now().timestamp()
    unknown = set(journaled) - {row["chunk"] for row in chunk_rows}
    rows = []
    for row in chunk_rows:
        doubtful = bool(unknown) or row["chunk"] in journaled
        fence = journaled.get(row["chunk"], 0)
        rows.append({
            **row, "plan_id": plan["plan_id"], "state": "in_doubt" if doubtful else "skipped", "reason": LOST_BY_RESTORE,
            "fence": fence, "attempt": fence, "posted_at": now if doubtful else None, "settled_at": now,
        })  # fmt: skip
    rows += [_tombstone(rows[0], number, journaled[number]) for number in sorted(unknown)]
    with ledger.write() as connection:
        connection.execute(insert(plans_table), [{**plan, "state": "cancelled", "stop_reason": LOST_BY_RESTORE}])
        connection.execute(insert(chunks), rows)
    return {state: sum(row["state"] == state for row in rows) for state in ("in_doubt", "skipped")}


def _put_in_doubt(connection: Connection, row: Mapping[str, Any], fence: int) -> None:
    """Put a chunk in doubt. Its attempt grows with its fence, as in a claim; `posted_at` is now, since the time is lost."""
    if row["state"] not in ("pending", "sending"):
        raise ConservationBroken(
            f"chunk {row['chunk']} is {row['state']} in the ledger, and the journal has a later request for it.",
            where=f"plan {row['plan_id']}",
            remedy="Restore a newer backup of the ledger; the journal cannot be replayed into this one.",
        )
    now = clock.now().timestamp()
    this = and_(chunks.c.plan_id == row["plan_id"], chunks.c.chunk == row["chunk"])
    values = {"fence": fence, "attempt": row["attempt"] + max(1, fence - row["fence"]), "reason": LOST_BY_RESTORE}
    times = {"posted_at": now, "settled_at": now, "lease_until": None}
    connection.execute(update(chunks).where(this).values(state="in_doubt", **values, **times))


def _tombstone(like: Mapping[str, Any], number: int, fence: int) -> dict[str, Any]:
    """A chunk without people, which reserves its number and fence. `like` is the plan's first chunk, which has no parent."""
    return {
        **like, "chunk": number, "selection": "", "recipients": 0, "state": "split", "fence": fence,
        "reason": LOST_BY_RESTORE, "settled_at": clock.now().timestamp(),
    }  # fmt: skip
