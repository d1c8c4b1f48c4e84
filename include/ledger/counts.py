"""Counts people by state. The sums must hold at every instant.

A person has the state of their chunk unless an individual outcome is recorded; an open intent counts as in doubt.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypedDict

from sqlalchemy import Connection, and_, func, select

from include.core.errors import ConservationBroken
from include.ledger import plans as plan_rows
from include.ledger.chunk import read_plans
from include.ledger.tables import chunks, outcomes, plans


class PeopleByState(TypedDict):
    """A tally as a task's result."""

    selected: int
    accepted: int
    rejected: int
    suppressed: int
    capped: int
    held_out: int
    in_doubt: int
    pending: int
    skipped: int


@dataclass(frozen=True)
class Tally:
    """People of a plan by state. `suppressed` includes people who were suppressed after planning."""

    selected: int
    accepted: int = 0
    rejected: int = 0
    suppressed: int = 0
    capped: int = 0
    held_out: int = 0
    in_doubt: int = 0
    pending: int = 0
    skipped: int = 0

    @property
    def adds_up(self) -> bool:
        values = asdict(self)
        return bool(values.pop("selected") == sum(values.values()))

    def by_state(self) -> PeopleByState:
        """The counts, for a task's result."""
        return {
            "selected": self.selected,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "suppressed": self.suppressed,
            "capped": self.capped,
            "held_out": self.held_out,
            "in_doubt": self.in_doubt,
            "pending": self.pending,
            "skipped": self.skipped,
        }


def tally(connection: Connection, plan_id: str) -> Tally:
    """Count a plan's people by state, from one snapshot."""
    (plan,) = read_plans(connection, plans.c.plan_id == plan_id)
    by_state = {"suppressed": plan.suppressed, "capped": plan.capped, "held_out": plan.held_out}
    individual = (
        select(outcomes.c.chunk, func.count().label("people"))
        .where(outcomes.c.plan_id == plan_id)
        .group_by(outcomes.c.chunk)
        .subquery()
    )
    rest = chunks.c.recipients - func.coalesce(individual.c.people, 0)
    by_chunk = (
        select(chunks.c.state, func.sum(rest))
        .outerjoin(individual, individual.c.chunk == chunks.c.chunk)
        .where(chunks.c.plan_id == plan_id, chunks.c.state != "split")
        .group_by(chunks.c.state)
    )
    by_person = select(outcomes.c.state, func.count()).where(outcomes.c.plan_id == plan_id).group_by(outcomes.c.state)
    for query in (by_chunk, by_person):
        for state, people in connection.execute(query):
            name = "in_doubt" if state == "sending" else state
            by_state[name] = by_state.get(name, 0) + int(people)
    return Tally(plan.selected, **by_state)


def scheduled_at_sendgrid(connection: Connection, plan_id: str, now: float) -> int:
    """People whose message SendGrid accepted and still holds according to the ledger: before its send_at, or paused."""
    (plan,) = read_plans(connection, plans.c.plan_id == plan_id)
    later = now if plan.batch_status_at is None else min(now, plan.batch_status_at + plan_rows.NOTICE_SECONDS)
    mine = and_(chunks.c.plan_id == plan_id, chunks.c.state == "accepted", chunks.c.send_at > later)
    individual = (
        select(func.count())
        .select_from(outcomes)
        .join(chunks, and_(chunks.c.plan_id == outcomes.c.plan_id, chunks.c.chunk == outcomes.c.chunk))
        .where(mine)
    )
    people = connection.scalar(select(func.sum(chunks.c.recipients)).where(mine)) or 0
    return int(people) - int(connection.scalar(individual) or 0)


def require_conservation(connection: Connection, plan_id: str) -> Tally:
    """The plan's tally; raises `ConservationBroken` if the states do not add up to the selected people."""
    counted = tally(connection, plan_id)
    if not counted.adds_up:
        raise ConservationBroken(
            f"the plan's people do not add up: {asdict(counted)}.",
            where=f"plan {plan_id}",
            remedy="Do not send further. Compare the ledger's chunks and outcomes with the plan's audience file.",
        )
    return counted
