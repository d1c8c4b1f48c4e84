"""Pending chunks of a plan, and changes to them without a request: divide, move to another window, hold, skip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from include.core import clock
from include.ledger.chunk import Chunk, read_chunks
from include.ledger.database import Ledger
from include.ledger.tables import chunks, outcomes
from include.ledger.tables import plans as plans_table

_INHERITED = (
    "plan_id",
    "root",
    "file",
    "first_row",
    "root_size",
    "content",
    "attempt",
    "send_at",
    "not_after",
    "zone",
    "provider",
)
SAME_CONTENT: Mapping[str, str] = MappingProxyType({})


def pending_chunks(ledger: Ledger, plan_id: str, first: int, last: int) -> list[Chunk]:
    """The pending descendants of the plan's chunks `first` to `last`, in order."""
    with ledger.read() as connection:
        pending = and_(chunks.c.plan_id == plan_id, chunks.c.state == "pending")
        return read_chunks(connection, pending, chunks.c.root.between(first, last))


def pending_descendants(ledger: Ledger, plan_id: str, chunk: int) -> list[Chunk]:
    """The pending chunks with people of a chunk: the chunk itself, or the children it was split into."""
    with ledger.read() as connection:
        mine = or_(chunks.c.chunk == chunk, chunks.c.parent == chunk)
        return read_chunks(connection, chunks.c.plan_id == plan_id, chunks.c.state == "pending", mine)


def add_children(
    connection: Connection,
    plan_id: str,
    parent: int,
    parts: Iterable[tuple[str, int]],
    contents: Mapping[str, str] = SAME_CONTENT,
) -> None:
    """Insert pending chunks with people of `parent`, numbered after the plan's last chunk.

    They inherit the parent's content, except those whose selection is in `contents`.
    """
    connection.execute(select(plans_table.c.plan_id).where(plans_table.c.plan_id == plan_id).with_for_update())
    last = connection.scalar(select(func.max(chunks.c.chunk)).where(chunks.c.plan_id == plan_id)) or 0
    origin = connection.execute(select(chunks).where(_is(plan_id, parent))).mappings().one()
    inherited = {name: origin[name] for name in _INHERITED}
    rows = [
        {**inherited, "chunk": number, "parent": parent, "selection": selection, "recipients": size, "state": "pending"}
        | {"content": contents.get(selection, origin["content"])}
        for number, (selection, size) in enumerate(parts, last + 1)
    ]
    if rows:
        connection.execute(insert(chunks), rows)


def divide(ledger: Ledger, chunk: Chunk, cut: Callable[[frozenset[int]], Iterable[tuple[str, int]]], reason: str) -> bool:
    """Replace a pending chunk by smaller ones, because only a part of it may be sent now; False if no longer pending.

    `cut` returns the parts without the given rows: their people have an outcome already, which stays with the chunk.
    """
    with ledger.write() as connection:
        changed = connection.execute(
            update(chunks)
            .where(_is(chunk.plan_id, chunk.chunk), chunks.c.state == "pending")
            .values(state="split", reason=reason, settled_at=clock.now().timestamp())
        )
        if changed.rowcount == 1:
            add_children(connection, chunk.plan_id, chunk.chunk, cut(outcome_rows(connection, chunk.plan_id, chunk.chunk)))
    return changed.rowcount == 1


def outcome_rows(connection: Connection, plan_id: str, chunk: int) -> frozenset[int]:
    """The rows of a chunk's people who have an outcome of their own."""
    query = select(outcomes.c.row).where(outcomes.c.plan_id == plan_id, outcomes.c.chunk == chunk)
    return frozenset(connection.scalars(query))


def move_window(ledger: Ledger, chunk: Chunk, send_at: float | None, not_after: float) -> None:
    """Move a pending chunk to another send window."""
    _change_pending(ledger, chunk, send_at=send_at, not_after=not_after, reason="moved to the next send window")


def skip(ledger: Ledger, chunk: Chunk, reason: str) -> None:
    """Skip a pending chunk: it will not be sent."""
    _change_pending(ledger, chunk, state="skipped", reason=reason, settled_at=clock.now().timestamp())


def record_hold_reason(ledger: Ledger, plan_id: str, reason: str) -> None:
    """Write the reason for a hold on all pending chunks of a plan."""
    pending = and_(chunks.c.plan_id == plan_id, chunks.c.state == "pending")
    with ledger.write() as connection:
        connection.execute(update(chunks).where(pending).values(reason=reason))


def skip_pending(connection: Connection, plan_id: str, reason: str) -> int:
    """Skip all pending chunks of a plan; return their number."""
    changed = connection.execute(
        update(chunks)
        .where(chunks.c.plan_id == plan_id, chunks.c.state == "pending")
        .values(state="skipped", reason=reason, settled_at=clock.now().timestamp())
    )
    return changed.rowcount


def skip_scheduled(
    connection: Connection, plan_id: str, reason: str, *, later_than: float, until: float | None = None
) -> int:
    """Skip chunks that SendGrid holds by their batch and will drop or has dropped; return their number.

    Only chunks that carried a batch and are due after `later_than` (and by `until`). Includes chunks in doubt: even if they
    were queued, SendGrid does not send them.
    """
    held = and_(_by_batch(plan_id), chunks.c.state.in_(("accepted", "in_doubt")), chunks.c.send_at > later_than)
    if until is not None:
        held = and_(held, chunks.c.send_at <= until)
    values = {"state": "skipped", "reason": reason, "settled_at": clock.now().timestamp()}
    return connection.execute(update(chunks).where(held).values(**values)).rowcount


def batches(connection: Connection, plan_id: str, *, due_after: float) -> list[str]:
    """The batch ids under which SendGrid may hold messages of the plan that are due after `due_after`."""
    carried = and_(_by_batch(plan_id), chunks.c.send_at > due_after)
    return list(connection.scalars(select(chunks.c.batch_id).where(carried).distinct().order_by(chunks.c.batch_id)))


def _by_batch(plan_id: str) -> ColumnElement[bool]:
    """Chunks whose last request carried a batch id; requests of older versions carry none and cannot be cancelled."""
    return and_(chunks.c.plan_id == plan_id, chunks.c.batch_id.is_not(None))


def _change_pending(ledger: Ledger, chunk: Chunk, **values: Any) -> None:
    pending = and_(_is(chunk.plan_id, chunk.chunk), chunks.c.state == "pending")
    with ledger.write() as connection:
        connection.execute(update(chunks).where(pending).values(**values))


def _is(plan_id: str, chunk: int) -> ColumnElement[bool]:
    return and_(chunks.c.plan_id == plan_id, chunks.c.chunk == chunk)
