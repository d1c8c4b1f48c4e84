"""Holds of the circuit breaker on a campaign or on one of its mailbox providers. A hold pauses; it drops nobody."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from include.core import clock
from include.ledger import plans
from include.ledger.database import Ledger
from include.ledger.tables import holds

WHOLE_CAMPAIGN = ""
_IN_FORCE = (
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
    """A hold on a mailbox provider (or `WHOLE_CAMPAIGN`) of a plan; times are Unix seconds."""

    plan_id: str
    provider: str
    reason: str
    held_at: float
    released_at: float | None


def hold(ledger: Ledger, plan_id: str, provider: str, reason: str) -> bool:
    """Hold all further chunks of the provider (or of the campaign); False if they are held already."""
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
    """Release all holds of the plan, on an operator's decision; return how many were in force."""
    in_force = and_(holds.c.plan_id == plan_id, holds.c.released_at.is_(None))
    with ledger.write() as connection:
        return connection.execute(update(holds).where(in_force).values(released_at=clock.now().timestamp())).rowcount


def is_held(connection: Connection, plan_id: str, provider: str) -> bool:
    """Whether chunks of the provider are held."""
    return connection.scalar(_IN_FORCE, {"of_plan": plan_id, "of_provider": provider}) is not None


def all_holds(ledger: Ledger) -> list[Hold]:
    """All holds, in force or released, oldest first."""
    with ledger.read() as connection:
        columns = (holds.c.plan_id, holds.c.provider, holds.c.reason, holds.c.held_at, holds.c.released_at)
        return [Hold(*row) for row in connection.execute(select(*columns).order_by(holds.c.held_at))]
