"""Holds of the circuit breaker: on a campaign, or on one mailbox provider of it. A hold pauses and never drops."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from include.core import clock
from include.ledger import plans
from include.ledger.database import Ledger
from include.ledger.tables import holds

WHOLE_CAMPAIGN = ""
_STANDING = (
    select(holds.c.plan_id)
    .where(
        holds.c.plan_id == bindparam("of_plan"),
        or_(holds.c.provider == bindparam("of_provider"), holds.c.provider == WHOLE_CAMPAIGN),
        holds.c.released_at.is_(None),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Hold:
    """A mailbox provider (or `WHOLE_CAMPAIGN`) of a plan that the circuit breaker holds back; times are Unix seconds."""

    plan_id: str
    provider: str
    reason: str
    held_at: float
    released_at: float | None


def hold(ledger: Ledger, plan_id: str, provider: str, reason: str) -> bool:
    """Take no further chunk of the provider (or of all); False where it is held already."""
    this = and_(holds.c.plan_id == plan_id, holds.c.provider == provider)
    with ledger.write() as connection:
        if connection.scalar(select(holds.c.plan_id).where(this, holds.c.released_at.is_(None))):
            return False
        connection.execute(delete(holds).where(this))
        row = {"plan_id": plan_id, "provider": provider, "reason": reason, "held_at": clock.now().timestamp()}
        connection.execute(insert(holds), [row])
    if provider == WHOLE_CAMPAIGN:
        plans.change_state(ledger, plan_id, "paused", from_states=("sending",), reason=reason)
    return True


def release(ledger: Ledger, plan_id: str) -> int:
    """Release every hold of the plan, on an operator's decision; returns how many were in force."""
    standing = and_(holds.c.plan_id == plan_id, holds.c.released_at.is_(None))
    with ledger.write() as connection:
        return connection.execute(update(holds).where(standing).values(released_at=clock.now().timestamp())).rowcount


def is_held(connection: Connection, plan_id: str, provider: str) -> bool:
    """Whether a chunk of the provider may not go now."""
    return connection.scalar(_STANDING, {"of_plan": plan_id, "of_provider": provider}) is not None


def all_holds(ledger: Ledger) -> list[Hold]:
    """Every hold, in force or released, the oldest first."""
    with ledger.read() as connection:
        columns = (holds.c.plan_id, holds.c.provider, holds.c.reason, holds.c.held_at, holds.c.released_at)
        return [Hold(*row) for row in connection.execute(select(*columns).order_by(holds.c.held_at))]
