"""What people decided about plans and journeys: who, when, why, and what it changed. Written with the change itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, insert, select

from include.core import clock
from include.ledger.database import Ledger
from include.ledger.tables import decisions

SOMEBODY = "an operator"
"""Who decided, where nobody is known."""
OF_JOURNEY = "journey "
Action = Literal[
    "pause", "resume", "cancel", "replace_content", "choose_winner", "approve", "reject", "expire", "confirm_unsent"
]


@dataclass(frozen=True)
class Decision:
    """A decision of the person `by`: a user name, which stays in the ledger and is in no log. `details` is JSON."""

    action: Action
    by: str
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    at: float = field(default_factory=lambda: clock.now().timestamp())


def keep(connection: Connection, plan_id: str, decision: Decision) -> None:
    """Append a decision, in the transaction of its change."""
    row = {
        "plan_id": plan_id,
        "action": decision.action,
        "decided_by": decision.by[:200],
        "decided_at": decision.at,
        "note": decision.note,
        "details": json.dumps(decision.details),
    }
    connection.execute(insert(decisions), [row])


def of_journey(journey: str) -> str:
    """What stands for a plan's id in a decision about a whole journey."""
    return f"{OF_JOURNEY}{journey}"


def of_plan(ledger: Ledger, plan_id: str) -> list[Decision]:
    """The decisions about a plan, oldest first."""
    with ledger.read() as connection:
        return read(connection, decisions.c.plan_id == plan_id)


def read(connection: Connection, *conditions: ColumnElement[bool]) -> list[Decision]:
    """The decisions that meet all conditions, oldest first."""
    this = decisions.c
    query = select(this.action, this.decided_by, this.note, this.details, this.decided_at).where(*conditions)
    rows = connection.execute(query.order_by(this.seq)).all()
    return [Decision(row.action, row.decided_by, row.note, json.loads(row.details), row.decided_at) for row in rows]
