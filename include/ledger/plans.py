"""Frozen plans: one row per campaign and occurrence, written once together with its chunks."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, and_, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from include.core.errors import CampaignStopped, StoppedByOperator
from include.core.keys import NAMESPACE, SEPARATOR
from include.ledger import decisions
from include.ledger.chunk import Plan, read_plans
from include.ledger.database import Ledger
from include.ledger.decisions import Decision
from include.ledger.tables import chunks, plans

LIVE, TEST = "live", "test"
UNFINISHED = ("sending", "paused", "stopped")
"""The states of a plan that may still send."""
_BATCH = 5_000
_STATE = (
    select(plans.c.state, plans.c.stop_reason, plans.c.stopped_by)
    .where(plans.c.plan_id == bindparam("of_plan"))
    .with_for_update(read=True)
)


def plan_id_of(campaign: str, occurrence: str, kind: str = LIVE) -> str:
    """The id of a plan: a UUIDv5, the same in every run and installation."""
    return str(uuid.uuid5(NAMESPACE, SEPARATOR.join(("plan", kind, campaign, occurrence))))


def find_plan(ledger: Ledger, plan_id: str) -> Plan | None:
    """The plan; None if it was never frozen."""
    with ledger.read() as connection:
        return next(iter(read_plans(connection, plans.c.plan_id == plan_id)), None)


def all_plans(ledger: Ledger, kind: str = LIVE) -> list[Plan]:
    """All plans of a kind, oldest first."""
    with ledger.read() as connection:
        return read_plans(connection, plans.c.kind == kind)


def of_campaign(ledger: Ledger, campaign: str) -> list[Plan]:
    """The live plans of a campaign, oldest first."""
    with ledger.read() as connection:
        return read_plans(connection, (plans.c.kind == LIVE) & (plans.c.campaign == campaign))


def freeze_plan(
    ledger: Ledger,
    plan: Mapping[str, Any],
    chunk_rows: Iterable[Mapping[str, Any]],
    together: Callable[[Connection], None] = lambda _connection: None,
) -> bool:
    """Write the plan and its chunks in one transaction; False if another process froze it first.

    `together` writes more in the same transaction, so that either all of it is on disk or nothing.
    """
    try:
        with ledger.write() as connection:
            connection.execute(insert(plans), [dict(plan)])
            rows = [dict(row) for row in chunk_rows]
            for start in range(0, len(rows), _BATCH):
                connection.execute(insert(chunks), rows[start : start + _BATCH])
            together(connection)
    except IntegrityError:
        if find_plan(ledger, plan["plan_id"]) is None:
            raise
        return False
    return True


NOTICE_SECONDS = 660.0
"""SendGrid pauses and cancels nothing that is due within 10 minutes; one more minute allows for clock skew.
https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends"""


def set_batch_id(ledger: Ledger, plan_id: str, batch_id: str, instead_of: str | None = None) -> str:
    """Replace the plan's batch id `instead_of`; return the plan's id, which is another if another process was first."""
    with ledger.write() as connection:
        this = and_(plans.c.plan_id == plan_id, plans.c.batch_id.is_not_distinct_from(instead_of))
        connection.execute(update(plans).where(this).values(batch_id=batch_id))
        return str(connection.scalar(select(plans.c.batch_id).where(plans.c.plan_id == plan_id)))


def set_batch_status(connection: Connection, plan_id: str, status: str | None, at: float | None) -> float | None:
    """Record the status that SendGrid confirmed for the plan's batches (None: no hold); return since when they are held.

    The first confirmation counts: messages that were paused in time are still held when they are cancelled later.
    """
    this = plans.c.plan_id == plan_id
    known = connection.scalar(select(plans.c.batch_status_at).where(this).with_for_update())
    since = at if known is None else float(known)
    kept = since if status else None
    connection.execute(update(plans).where(this).values(batch_status=status, batch_status_at=kept))
    return since


def is_cancelled_at_sendgrid(connection: Connection, plan_id: str, send_at: float) -> bool:
    """Whether SendGrid confirmed in time to drop messages due at `send_at`. Locks the plan's row for the transaction."""
    query = select(plans.c.batch_status, plans.c.batch_status_at).where(plans.c.plan_id == plan_id)
    row = connection.execute(query.with_for_update(read=True)).one()
    return bool(row.batch_status == "cancel" and send_at > row.batch_status_at + NOTICE_SECONDS)


def change_state(
    ledger: Ledger,
    plan_id: str,
    state: str,
    *,
    from_states: tuple[str, ...],
    reason: str | None = None,
    decision: Decision | None = None,
) -> bool:
    """Move the plan to `state` if its state is one of `from_states`; return whether it was.

    `decision` is kept with the change, if a person made it.
    """
    with ledger.write() as connection:
        changed = connection.execute(
            update(plans)
            .where(plans.c.plan_id == plan_id, plans.c.state.in_(from_states))
            .values(state=state, stop_reason=reason, stopped_by=decision.by if decision else None)
        )
        if decision and changed.rowcount == 1:
            decisions.keep(connection, plan_id, decision)
        return changed.rowcount == 1


def state_of(connection: Connection, plan_id: str) -> tuple[str, str | None]:
    """State and stop reason, locked until this transaction ends, so that the campaign is not stopped during a claim."""
    row = connection.execute(_STATE, {"of_plan": plan_id}).one()
    return row.state, row.stop_reason


def require_sending(connection: Connection, plan_id: str) -> bool:
    """Raise `CampaignStopped` if the plan is stopped; return False if it is done, since another process finished it.

    Locks the plan's state until the transaction ends.
    """
    row = connection.execute(_STATE, {"of_plan": plan_id}).one()
    if row.state not in ("sending", "done"):
        raise (StoppedByOperator if row.stopped_by else CampaignStopped)(
            f"the campaign is {row.state}{f' ({row.stop_reason})' if row.stop_reason else ''}.",
            where=f"plan {plan_id}",
            remedy="Unsent chunks are pending. Fix the cause and resume the campaign.",
        )
    return bool(row.state == "sending")
