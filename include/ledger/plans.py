"""Frozen plans: one row for a campaign at an occurrence, written once together with its chunks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from include.core.keys import NAMESPACE, SEPARATOR
from include.ledger.database import Ledger
from include.ledger.tables import chunks, plans

LIVE, TEST = "live", "test"
_BATCH = 5_000
_STATE = select(plans.c.state, plans.c.stop_reason).where(plans.c.plan_id == bindparam("of_plan")).with_for_update(read=True)


def plan_id_of(campaign: str, occurrence: str, kind: str = LIVE) -> str:
    """The id that a plan has wherever and whenever it is made."""
    return str(uuid.uuid5(NAMESPACE, SEPARATOR.join(("plan", kind, campaign, occurrence))))


def find_plan(ledger: Ledger, plan_id: str) -> RowMapping | None:
    """The plan's row; None where it was never frozen."""
    with ledger.read() as connection:
        return connection.execute(select(plans).where(plans.c.plan_id == plan_id)).mappings().first()


def all_plans(ledger: Ledger, kind: str = LIVE) -> list[RowMapping]:
    """Every plan of a kind, oldest first."""
    with ledger.read() as connection:
        query = select(plans).where(plans.c.kind == kind).order_by(plans.c.planned_at)
        return list(connection.execute(query).mappings())


def freeze_plan(ledger: Ledger, plan: Mapping[str, Any], chunk_rows: Iterable[Mapping[str, Any]]) -> bool:
    """Write the plan and its chunks in one transaction; False where another process froze it first."""
    try:
        with ledger.write() as connection:
            connection.execute(insert(plans), [dict(plan)])
            rows = [dict(row) for row in chunk_rows]
            for start in range(0, len(rows), _BATCH):
                connection.execute(insert(chunks), rows[start : start + _BATCH])
    except IntegrityError:
        if find_plan(ledger, plan["plan_id"]) is None:
            raise
        return False
    return True


def keep_batch_id(ledger: Ledger, plan_id: str, batch_id: str) -> str:
    """Give the plan SendGrid's batch id unless it has one; returns the one it has. One a plan: it can be cancelled."""
    with ledger.write() as connection:
        this = and_(plans.c.plan_id == plan_id, plans.c.batch_id.is_(None))
        connection.execute(update(plans).where(this).values(batch_id=batch_id))
        return str(connection.scalar(select(plans.c.batch_id).where(plans.c.plan_id == plan_id)))


def change_state(ledger: Ledger, plan_id: str, state: str, *, among: tuple[str, ...], reason: str | None = None) -> bool:
    """Move the plan to `state` if it is in one of the states `among`; the row count is the answer."""
    with ledger.write() as connection:
        changed = connection.execute(
            update(plans).where(plans.c.plan_id == plan_id, plans.c.state.in_(among)).values(state=state, stop_reason=reason)
        )
        return changed.rowcount == 1


def state_of(connection: Connection, plan_id: str) -> tuple[str, str | None]:
    """State and stop reason, held still until this transaction ends: nobody stops the campaign under an open claim."""
    row = connection.execute(_STATE, {"of_plan": plan_id}).one()
    return row.state, row.stop_reason
