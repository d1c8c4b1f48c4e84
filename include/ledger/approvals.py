"""Who approved what: answers to the question whether an occurrence may be sent, kept as decisions about its plan.

The plan need not exist yet: its id is that of campaign and occurrence. A rejection, or a question that nobody answered in
time, takes back what was approved before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from include.ledger import decisions
from include.ledger.database import Ledger
from include.ledger.decisions import Action, Decision
from include.ledger.tables import decisions as table

ANONYMOUS = "Anonymous"
"""Airflow's user where everybody is an administrator without logging in. It stands for any number of people."""
NOBODY = "nobody"
_ENDS = ("reject", "expire")


@dataclass(frozen=True)
class Answer:
    """Answer of a person, or of nobody in time. `user` is Airflow's id of them, `parts` are the hashes of what it covers."""

    action: Action
    user: str
    name: str
    parts: Mapping[str, str]
    hash: str


def keep(ledger: Ledger, plan_id: str, answer: Answer) -> None:
    """Append an answer."""
    details = {"user": answer.user, "hash": answer.hash, "parts": dict(answer.parts)}
    with ledger.write() as connection:
        decisions.keep(connection, plan_id, Decision(answer.action, answer.name, details=details))


def in_force(connection: Connection, plan_id: str) -> list[Decision]:
    """The approvals since the last rejection or expired question, oldest first."""
    kept: list[Decision] = []
    for one in decisions.read(connection, table.c.plan_id == plan_id, table.c.action.in_(("approve", *_ENDS))):
        kept = [] if one.action in _ENDS else [*kept, one]
    return kept


def people(approvals: list[Decision], *, distinct: bool) -> set[str]:
    """The ids of those who approved. If they must be distinct people, the anonymous user is none of them."""
    return {str(one.details["user"]) for one in approvals} - ({ANONYMOUS} if distinct else set())
