"""Chunks and their states: the state machine that makes a send happen once.

    pending ── claim ──▶ sending ──▶ accepted │ rejected │ in_doubt │ split (into new pending chunks)
       ▲                    │
       └────── release ─────┘          every step out of `sending` requires the fence that the claim received

Each step is a conditional update. If it changes no row, another process has taken over, and `FenceLost` is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from include.core import clock
from include.core.errors import ContentReplaced, FenceLost
from include.ledger import holds, lease_owner, plans, shared_clock, suppressions
from include.ledger.chunk import Chunk
from include.ledger.database import Ledger
from include.ledger.pending import SAME_CONTENT, add_children, outcome_rows, skip_pending
from include.ledger.tables import chunks, outcomes

_THIS = and_(chunks.c.plan_id == bindparam("of_plan"), chunks.c.chunk == bindparam("of_chunk"))
_CLAIM = (
    update(chunks)
    .where(_THIS, chunks.c.state == "pending", chunks.c.content == bindparam("of_content"))
    .values(state="sending", fence=chunks.c.fence + 1, attempt=chunks.c.attempt + 1)
    .returning(chunks.c.fence, chunks.c.attempt, chunks.c.recipients)
)
_CLOSE_CHUNK = update(chunks).where(_THIS, chunks.c.state == "sending", chunks.c.fence == bindparam("under"))
# The two statements that run for every chunk are built once: building a statement takes SQLAlchemy longer than SQLite takes
# to run it. Parameters beyond the named ones are columns to set.

LEASE_SECONDS = 120.0
"""Longer than connect and read timeout together, so that a running process never loses its lease while it waits for a
response."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one person, where it differs from their chunk's state. `row` is the row in the root chunk."""

    message_key: str
    row: int
    state: str
    reason: str


@dataclass(frozen=True)
class Claim:
    """A committed intent: until the lease ends, this process may make one request for the chunk without `excluded`."""

    plan_id: str
    chunk: int
    root: int
    attempt: int
    fence: int
    send_at: float | None
    selection: str | None
    excluded: frozenset[int]
    batch_id: str | None = None
    claimed_at: float = field(default_factory=clock.elapsed)
    """When the claim began, before it waited for the ledger: the lease is never taken for longer than it is."""

    def lease_left(self) -> float:
        """Seconds left of the lease, on a clock that keeps counting while this process or machine is suspended."""
        return LEASE_SECONDS - (clock.elapsed() - self.claimed_at)


def claim(
    ledger: Ledger,
    chunk: Chunk,
    exclude: Callable[[Connection], list[Outcome]],
    batch_id: str | None = None,
    require_allowed: Callable[[Connection], None] = lambda _connection: None,
) -> Claim | None:
    """Commit the intent for one request, and in the same transaction exclude people who were suppressed since the plan.

    Inside the transaction, `require_allowed` raises if no request may be made now, and `exclude` returns the outcomes of
    people to exclude. A request with a send_at carries `batch_id`. Returns None if the chunk is no longer pending, its
    mailbox provider is held, or nobody is left in it. Raises `CampaignStopped` if the plan is not being sent, and
    `ContentReplaced` if the chunk has another content than `chunk` says: a pause and a correction may both have happened
    while the process waited for its pace, and it would send what it has read before.
    """
    now, begun = clock.now().timestamp(), clock.elapsed()
    carried = batch_id if chunk.send_at is not None else None
    with ledger.write() as connection:
        suppressions.lock(connection)
        if not plans.require_sending(connection, chunk.plan_id):
            return None
        require_allowed(connection)
        if holds.is_held(connection, chunk.plan_id, chunk.provider):
            return None
        this = {"of_plan": chunk.plan_id, "of_chunk": chunk.chunk}
        until = shared_clock.now(connection) + LEASE_SECONDS
        lease = {"lease_owner": lease_owner.this_process(), "lease_until": until, "posted_at": now}
        taken = connection.execute(_CLAIM, {**this, "of_content": chunk.content, **lease, "batch_id": carried}).first()
        if taken is None:
            _require_content(connection, chunk)
            return None
        known = outcome_rows(connection, chunk.plan_id, chunk.chunk) if taken.fence > 1 else frozenset()
        fresh = [outcome for outcome in exclude(connection) if outcome.row not in known]
        record_outcomes(connection, chunk.plan_id, chunk.chunk, fresh, now)
        excluded = known | {outcome.row for outcome in fresh}
        if len(excluded) == taken.recipients:
            _close(connection, chunk.plan_id, chunk.chunk, taken.fence, state="skipped", reason="nobody is left in it")
            return None
    return Claim(
        chunk.plan_id,
        chunk.chunk,
        chunk.root,
        taken.attempt,
        taken.fence,
        chunk.send_at,
        chunk.selection,
        excluded,
        carried,
        begun,
    )


def _require_content(connection: Connection, chunk: Chunk) -> None:
    """Raises `ContentReplaced` if the chunk is pending with another content."""
    this = (chunks.c.plan_id == chunk.plan_id, chunks.c.chunk == chunk.chunk, chunks.c.state == "pending")
    found = connection.scalar(select(chunks.c.content).where(*this))
    if found is not None and found != chunk.content:
        raise ContentReplaced("its content was replaced meanwhile.", where=f"plan {chunk.plan_id}")


def accept(ledger: Ledger, claim: Claim, status: int, x_message_id: str | None) -> str:
    """Record a 202. Returns the chunk's state: accepted, or skipped if its batch was cancelled in the meantime."""
    return _finish(ledger, claim, state="accepted", http_status=status, x_message_id=x_message_id, reason=None)


def reject(ledger: Ledger, claim: Claim, status: int, reason: str) -> None:
    """Record that SendGrid refused the request because of the request itself."""
    _finish(ledger, claim, state="rejected", http_status=status, reason=reason)


def put_in_doubt(ledger: Ledger, claim: Claim, status: int | None, reason: str) -> str:
    """Record that the request may or may not have been queued. It is never resent automatically.

    Returns the chunk's state: in_doubt, or skipped if its batch was cancelled in the meantime, since then SendGrid drops it
    even if it was queued.
    """
    return _finish(ledger, claim, state="in_doubt", http_status=status, reason=reason)


def release(ledger: Ledger, claim: Claim, status: int | None, reason: str, *, wait_seconds: float = 0.0) -> str:
    """Return the chunk to pending for at least `wait_seconds`: nothing was queued. Skipped if the plan was cancelled."""
    values = {"not_before": clock.now().timestamp() + wait_seconds, "settled_at": None}
    return _finish(ledger, claim, state="pending", http_status=status, reason=reason, **values)


def split(
    ledger: Ledger,
    claim: Claim,
    status: int | None,
    reason: str,
    parts: Iterable[tuple[str, int]],
    outcomes_of_people: Iterable[Outcome] = (),
    contents: Mapping[str, str] = SAME_CONTENT,
) -> None:
    """Replace the chunk by pending children: `parts` are (selection, recipients) and cover everybody still in it.

    `outcomes_of_people` records people who are in no child. `contents` maps a child's selection to its content if that
    differs from the parent's.
    """
    with ledger.write() as connection:
        _close(connection, claim.plan_id, claim.chunk, claim.fence, state="split", http_status=status, reason=reason)
        record_outcomes(connection, claim.plan_id, claim.chunk, list(outcomes_of_people), clock.now().timestamp())
        add_children(connection, claim.plan_id, claim.chunk, parts, contents)
        _skip_pending_if_cancelled(connection, claim.plan_id)


def recover(ledger: Ledger, plan_id: str) -> int:
    """Put chunks in doubt whose process died or whose lease expired after the intent; return the number of chunks."""
    with ledger.write() as connection:
        now, this = shared_clock.now(connection), chunks.c
        query = select(this.chunk, this.fence, this.lease_owner, this.lease_until, this.batch_id, this.send_at)
        open_intents = connection.execute(query.where(this.plan_id == plan_id, this.state == "sending")).all()
        lost = [row for row in open_intents if lease_owner.is_gone(row.lease_owner) or row.lease_until < now]
        for row in lost:
            values = {"state": "in_doubt", "reason": "the process ended between intent and outcome"}
            values = _unless_cancelled(connection, plan_id, row.batch_id, row.send_at, values)
            _close(connection, plan_id, row.chunk, row.fence, **values)
    return len(lost)


def open_intents(ledger: Ledger, plan_id: str) -> int:
    """The number of chunks that have an intent and no outcome now."""
    with ledger.read() as connection:
        query = select(func.count()).where(chunks.c.plan_id == plan_id, chunks.c.state == "sending")
        return connection.scalar(query) or 0


def _finish(ledger: Ledger, claim: Claim, **values: Any) -> str:
    """Write an outcome without waiting for the disk; return the chunk's state.

    If a power failure loses it, the open intent remains and the chunk is put in doubt.
    """
    with ledger.write(wait_for_disk=False) as connection:
        if values["state"] != "pending":
            values = _unless_cancelled(connection, claim.plan_id, claim.batch_id, claim.send_at, values)
        _close(connection, claim.plan_id, claim.chunk, claim.fence, **values)
        if values["state"] == "pending" and _skip_pending_if_cancelled(connection, claim.plan_id):
            return "skipped"
    return str(values["state"])


def _unless_cancelled(
    connection: Connection, plan_id: str, batch_id: str | None, send_at: float | None, values: dict[str, Any]
) -> dict[str, Any]:
    """`values` of an outcome, or skipped if SendGrid has confirmed in time that it cancels the request's batch.

    Runs in the outcome's transaction: a request that was under way while the plan was cancelled is recorded as skipped
    either here or by the cancellation, whichever commits last.
    """
    if batch_id is None or send_at is None or values["state"] not in ("accepted", "in_doubt"):
        return values
    if not plans.is_cancelled_at_sendgrid(connection, plan_id, send_at):
        return values
    return {**values, "state": "skipped", "reason": "cancelled at SendGrid before its send_at"}


def _skip_pending_if_cancelled(connection: Connection, plan_id: str) -> bool:
    """Skip chunks that became pending by a request that was under way while its plan was cancelled."""
    state, reason = plans.state_of(connection, plan_id)
    if state != "cancelled":
        return False
    return skip_pending(connection, plan_id, reason or "cancelled") > 0


def _close(connection: Connection, plan_id: str, chunk: int, fence: int, **values: Any) -> None:
    """Move a chunk out of `sending`, under the fence."""
    given = {"settled_at": clock.now().timestamp(), "lease_until": None, **values}
    changed = connection.execute(_CLOSE_CHUNK, {"of_plan": plan_id, "of_chunk": chunk, "under": fence, **given})
    if changed.rowcount != 1:
        raise FenceLost(
            "the lease on the chunk was taken over; its outcome is in doubt and this process stops.",
            where=f"plan {plan_id}, chunk {chunk}",
            remedy="Run the task again; it sends only what is pending.",
        )


def record_outcomes(connection: Connection, plan_id: str, chunk: int, entries: list[Outcome], now: float) -> None:
    """Record the outcomes of people of a chunk who have none yet."""
    if entries:
        rows = [
            {
                "plan_id": plan_id,
                "message_key": entry.message_key,
                "chunk": chunk,
                "row": entry.row,
                "state": entry.state,
                "reason": entry.reason,
                "recorded_at": now,
            }
            for entry in entries
        ]
        connection.execute(insert(outcomes), rows)
