"""Chunks in doubt, and the evidence that resolves them, message by message."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import and_, func, insert, select, update

from include.core import clock
from include.ledger.chunk import Chunk, read_chunks
from include.ledger.database import Ledger
from include.ledger.pending import add_children
from include.ledger.plans import state_of
from include.ledger.tables import chunks, outcomes, plans

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Proof:
    """Evidence that SendGrid queued a message: an event or an Email Activity row with its message key and attempt."""

    plan_id: str
    chunk: int
    attempt: int
    message_key: str
    evidence: str
    happened_at: float


@dataclass(frozen=True, slots=True)
class UnresolvedDoubt:
    """A live plan and how many of its people are in doubt."""

    plan_id: str
    campaign: str
    occurrence: str
    people: int


def in_doubt_chunks(ledger: Ledger) -> list[Chunk]:
    """The chunks in doubt, by plan and number."""
    with ledger.read() as connection:
        return read_chunks(connection, chunks.c.state == "in_doubt")


def unresolved_doubt(ledger: Ledger, posted_before: float) -> list[UnresolvedDoubt]:
    """Live plans with people in doubt whose request was made before `posted_before`."""
    proved = (
        select(outcomes.c.plan_id, outcomes.c.chunk, func.count().label("people"))
        .group_by(outcomes.c.plan_id, outcomes.c.chunk)
        .subquery()
    )
    people = func.sum(chunks.c.recipients - func.coalesce(proved.c.people, 0)).label("people")
    query = (
        select(plans.c.plan_id, plans.c.campaign, plans.c.occurrence, people)
        .join(chunks, chunks.c.plan_id == plans.c.plan_id)
        .outerjoin(proved, and_(proved.c.plan_id == chunks.c.plan_id, proved.c.chunk == chunks.c.chunk))
        .where(plans.c.kind == "live", chunks.c.state == "in_doubt", chunks.c.posted_at < posted_before)
        .group_by(plans.c.plan_id, plans.c.campaign, plans.c.occurrence)
        .order_by(plans.c.plan_id)
    )
    with ledger.read() as connection:
        rows = connection.execute(query)
        return [UnresolvedDoubt(row.plan_id, row.campaign, row.occurrence, int(row.people)) for row in rows]


def newest_due_request(ledger: Ledger, since: float, until: float) -> float | None:
    """When the newest accepted request of a live plan in a time span was due (Unix seconds): events are expected for it."""
    due = func.coalesce(chunks.c.send_at, chunks.c.settled_at)
    live = chunks.c.plan_id.in_(select(plans.c.plan_id).where(plans.c.kind == "live"))
    query = select(func.max(due)).where(live, chunks.c.state == "accepted", due.between(since, until))
    with ledger.read() as connection:
        return connection.scalar(query)


def prove(ledger: Ledger, proofs: Iterable[Proof]) -> int:
    """Record which messages of chunks in doubt were sent; return the number of new proofs.

    Proofs are ignored if the chunk is not in doubt, if they name another attempt than its last, or if they are for more
    people than the chunk has. A chunk is accepted when all of its messages are proved.
    """
    by_chunk: dict[tuple[str, int, int], dict[str, Proof]] = {}
    for proof in proofs:
        by_chunk.setdefault((proof.plan_id, proof.chunk, proof.attempt), {})[proof.message_key] = proof
    return sum(_prove_chunk(ledger, key, list(found.values())) for key, found in by_chunk.items())


def chunk_in_doubt(ledger: Ledger, plan_id: str, chunk: int) -> tuple[Chunk | None, set[str]]:
    """A chunk in doubt, and the message keys of its people with an individual outcome; None if it is no longer in doubt."""
    with ledger.read() as connection:
        in_doubt = and_(chunks.c.plan_id == plan_id, chunks.c.chunk == chunk, chunks.c.state == "in_doubt")
        found = next(iter(read_chunks(connection, in_doubt)), None)
        mine = and_(outcomes.c.plan_id == plan_id, outcomes.c.chunk == chunk)
        return found, set(connection.scalars(select(outcomes.c.message_key).where(mine)))


def reopen_chunk(ledger: Ledger, plan_id: str, chunk: int, parts: list[tuple[str, int]], decision: str) -> bool:
    """Make the people of `parts` (selection, recipients) pending again, as a new attempt; return whether anything changed.

    Nothing changes if the plan was cancelled, if the chunk is no longer in doubt, or if `parts` and the people with an
    individual outcome are not everybody in the chunk.
    """
    in_doubt = and_(chunks.c.plan_id == plan_id, chunks.c.chunk == chunk, chunks.c.state == "in_doubt")
    mine = and_(outcomes.c.plan_id == plan_id, outcomes.c.chunk == chunk)
    with ledger.write() as connection:
        if state_of(connection, plan_id)[0] == "cancelled":
            return False
        held = connection.execute(select(chunks.c.recipients).where(in_doubt).with_for_update()).first()
        resolved = connection.scalar(select(func.count()).where(mine)) or 0
        if held is None or held.recipients != resolved + sum(size for _, size in parts):
            return False
        now = clock.now().timestamp()
        connection.execute(
            update(chunks).where(in_doubt).values(state="split", reason=f"resent: {decision}", settled_at=now)
        )
        add_children(connection, plan_id, chunk, parts)
    return True


def _prove_chunk(ledger: Ledger, key: tuple[str, int, int], proofs: list[Proof]) -> int:
    plan_id, chunk, attempt = key
    this_chunk = and_(chunks.c.plan_id == plan_id, chunks.c.chunk == chunk)
    in_doubt = and_(this_chunk, chunks.c.state == "in_doubt", chunks.c.attempt == attempt)
    mine = and_(outcomes.c.plan_id == plan_id, outcomes.c.chunk == chunk)
    with ledger.write() as connection:
        held = connection.execute(select(chunks.c.recipients).where(in_doubt).with_for_update()).first()
        if held is None:
            return 0
        known = set(connection.scalars(select(outcomes.c.message_key).where(mine)))
        fresh = [proof for proof in proofs if proof.message_key not in known]
        if len(known) + len(fresh) > held.recipients:
            log.error("plan %s: more proofs than people in chunk %d; all are ignored", plan_id, chunk)
            return 0
        rows = [
            {
                "plan_id": plan_id,
                "message_key": proof.message_key,
                "chunk": chunk,
                "row": -1,
                "state": "accepted",
                "reason": f"proved by {proof.evidence}",
                "recorded_at": clock.now().timestamp(),
            }
            for proof in fresh
        ]
        if rows:
            connection.execute(insert(outcomes), rows)
        resolved = connection.scalar(select(func.count()).where(mine)) or 0
        if resolved == held.recipients:
            connection.execute(update(chunks).where(in_doubt).values(state="accepted", settled_at=clock.now().timestamp()))
    return len(fresh)
