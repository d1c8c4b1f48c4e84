"""Replays a plan's journal into a ledger that was restored from a backup.

What the journal of a plan knows and the ledger does not may have been sent: it becomes doubt, and only evidence ends that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, insert, select, update

from include.core import clock
from include.core.errors import ConservationBroken
from include.ledger import plans
from include.ledger.database import Ledger
from include.ledger.tables import chunks
from include.ledger.tables import plans as plans_table

LOST_BY_RESTORE = "the ledger was restored from a backup that is older than the request"
"""The reason of chunks that the journal put in doubt. Any event of such a message proves it, whatever chunk it names."""


def replay_journal(ledger: Ledger, plan_id: str, noted: Mapping[int, int]) -> dict[str, int]:
    """Put in doubt what `noted` (chunk → highest fence in the journal) knows and the ledger does not; in one transaction.

    A chunk that the ledger does not know at all came from a split that it forgot, and nobody can tell whose people it
    carried: everything that is pending becomes doubt then, and the number is taken so that it is never given again. Where
    something was forgotten and people are still pending, the plan is paused: a person resumes it. Returns chunks put in
    doubt, by why. Raises `ConservationBroken`, and changes nothing, where the journal contradicts the ledger.
    """
    with ledger.write() as connection:
        query = select(chunks).where(chunks.c.plan_id == plan_id).with_for_update()
        known = {row["chunk"]: dict(row) for row in connection.execute(query).mappings()}
        behind = {number: fence for number, fence in noted.items() if number in known and known[number]["fence"] < fence}
        unknown = {number: fence for number, fence in noted.items() if number not in known}
        for number, fence in behind.items():
            _put_in_doubt(connection, known[number], fence)
        pending = {number for number, row in known.items() if row["state"] == "pending"} - set(behind)
        if unknown:
            for number in pending:
                _put_in_doubt(connection, known[number], known[number]["fence"])
            connection.execute(insert(chunks), [_tombstone(known[0], number, fence) for number, fence in unknown.items()])
    if (behind or unknown) and pending and not unknown:
        plans.change_state(ledger, plan_id, "paused", from_states=("sending", "stopped"), reason=LOST_BY_RESTORE)
    return {"noted": len(behind), "of_a_forgotten_split": len(pending) if unknown else 0}


def record_lost_plan(
    ledger: Ledger, plan: Mapping[str, Any], chunk_rows: list[dict[str, Any]], noted: Mapping[int, int]
) -> dict[str, int]:
    """Write down a plan that the ledger has forgotten whole, as cancelled: what was requested is in doubt, the rest skipped.

    It cannot be gone on with: what each chunk's content was stood in the ledger alone. `chunk_rows` are its chunks from
    its audience file. A journal that names later chunks than those puts all of them in doubt. Returns chunks by state.
    """
    now = clock.now().timestamp()
    unknown = set(noted) - {row["chunk"] for row in chunk_rows}
    rows = []
    for row in chunk_rows:
        doubtful = bool(unknown) or row["chunk"] in noted
        fence = noted.get(row["chunk"], 0)
        rows.append({
            **row, "plan_id": plan["plan_id"], "state": "in_doubt" if doubtful else "skipped", "reason": LOST_BY_RESTORE,
            "fence": fence, "attempt": fence, "posted_at": now if doubtful else None, "settled_at": now,
        })  # fmt: skip
    rows += [_tombstone({**rows[0], "parent": None, "selection": None}, number, noted[number]) for number in sorted(unknown)]
    with ledger.write() as connection:
        connection.execute(insert(plans_table), [{**plan, "state": "cancelled", "stop_reason": LOST_BY_RESTORE}])
        connection.execute(insert(chunks), rows)
    return {state: sum(row["state"] == state for row in rows) for state in ("in_doubt", "skipped")}


def _put_in_doubt(connection: Connection, row: Mapping[str, Any], fence: int) -> None:
    """Its attempts grow with its fence, as claims do. Absence counts from now: the time of the request is not known."""
    if row["state"] not in ("pending", "sending"):
        raise ConservationBroken(
            f"the ledger has chunk {row['chunk']} as {row['state']}, and the journal knows a later request.",
            where=f"plan {row['plan_id']}",
            remedy="Restore a newer backup of the ledger; this one cannot be reconciled.",
        )
    now = clock.now().timestamp()
    this = and_(chunks.c.plan_id == row["plan_id"], chunks.c.chunk == row["chunk"])
    values = {"fence": fence, "attempt": row["attempt"] + max(1, fence - row["fence"]), "reason": LOST_BY_RESTORE}
    times = {"posted_at": now, "settled_at": now, "lease_until": None}
    connection.execute(update(chunks).where(this).values(state="in_doubt", **values, **times))


def _tombstone(like: Mapping[str, Any], number: int, fence: int) -> dict[str, Any]:
    """A chunk without people: its number and fence are taken."""
    return {
        **like, "chunk": number, "parent": None, "selection": "", "recipients": 0, "state": "split", "fence": fence,
        "reason": LOST_BY_RESTORE, "settled_at": clock.now().timestamp(),
    }  # fmt: skip
