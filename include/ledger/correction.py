"""Moves the pending chunks of a plan to other files and contents, in one transaction with the decision about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update

from include.core.errors import CampaignRunning
from include.ledger import decisions
from include.ledger.chunks import Outcome, record_outcomes
from include.ledger.database import Ledger
from include.ledger.decisions import Decision
from include.ledger.pending import outcome_rows
from include.ledger.tables import chunks, plans


class Moved(NamedTuple):
    """A pending chunk and the part and content from which it is sent from now on."""

    chunk: int
    file: str
    content: str


_BATCH = 5_000
_LOCKED = select(plans.c.state, plans.c.stop_reason).where(plans.c.plan_id == bindparam("of_plan")).with_for_update()
_UNSETTLED = (
    select(func.count())
    .select_from(chunks)
    .where(chunks.c.plan_id == bindparam("of_plan"), chunks.c.state.in_(("pending", "sending")))
)
_MOVE = (
    update(chunks)
    .where(chunks.c.plan_id == bindparam("of_plan"), chunks.c.chunk == bindparam("of_chunk"), chunks.c.state == "pending")
    .values(file=bindparam("to_file"), content=bindparam("to_content"), fence=chunks.c.fence + 1)
)


def commit(
    ledger: Ledger,
    plan_id: str,
    decision: Decision,
    content_hash: str,
    manifest_sha256: str,
    moved: Sequence[Moved],
    gone: Mapping[int, Iterable[Outcome]],
    *,
    while_paused: str,
) -> None:
    """Move the chunks, skip the people `gone` (by chunk), keep the decision, and let the plan be sent; all or nothing.

    The new fence makes the next claim read the outcomes of `gone`. Raises `CampaignRunning` if the plan is no longer paused
    for the reason `while_paused`, or if other chunks are pending than were moved.
    """
    with ledger.write() as connection:
        row = connection.execute(_LOCKED, {"of_plan": plan_id}).one()
        unsettled = connection.scalar(_UNSETTLED, {"of_plan": plan_id})
        if (row.state, row.stop_reason) != ("paused", while_paused) or unsettled != len(moved):
            raise CampaignRunning("was changed at the same time.", where=f"plan {plan_id}", remedy="Decide again.")
        for start in range(0, len(moved), _BATCH):
            some = moved[start : start + _BATCH]
            connection.execute(_MOVE, [_values(plan_id, one) for one in some])
        for chunk, people in gone.items():
            record_outcomes(connection, plan_id, chunk, _unrecorded(connection, plan_id, chunk, people), decision.at)
        values = {"content_hash": content_hash, "manifest_sha256": manifest_sha256, "stop_reason": None, "stopped_by": None}
        connection.execute(update(plans).where(plans.c.plan_id == plan_id).values(state="sending", **values))
        decisions.keep(connection, plan_id, decision)


def _values(plan_id: str, one: Moved) -> dict[str, object]:
    return {"of_plan": plan_id, "of_chunk": one.chunk, "to_file": one.file, "to_content": one.content}


def _unrecorded(connection: Connection, plan_id: str, chunk: int, people: Iterable[Outcome]) -> list[Outcome]:
    known = outcome_rows(connection, plan_id, chunk)
    return [person for person in people if person.row not in known]
