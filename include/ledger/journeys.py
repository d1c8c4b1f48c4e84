"""Journeys in the ledger: versions, and where each person is. All changes of one tick for a person are one transaction.

A person and trigger have one entry (`entry_id`). A step that is behind them is a row of `journey_steps`, whose primary key
makes each step happen once: a process that passes it a second time fails, and its transaction with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, insert, select, update

from include.core import clock
from include.core.errors import CampaignStopped
from include.ledger.database import Ledger
from include.ledger.plans import UNFINISHED
from include.ledger.tables import journey_entries as entries
from include.ledger.tables import journey_plans, journey_steps, journey_versions, journeys
from include.ledger.tables import plans as plans_table
from include.ledger.upsert import insert_into

_BATCH = 5_000
_MOVE = (
    update(entries)
    .where(entries.c.entry_id == bindparam("of_entry"), entries.c.state == "inside")
    .values({name: bindparam(f"new_{name}") for name in ("state", "reason", "step", "due_at", "reached_at", "changed_at")})
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One person's way for one trigger; times are Unix seconds."""

    entry_id: str
    journey: str
    version: str
    subscriber_id: str
    trigger_key: str
    triggered_at: float
    entered_at: float
    state: str
    reason: str | None
    step: str | None
    due_at: float | None
    reached_at: float
    changed_at: float


@dataclass(frozen=True, slots=True)
class Passed:
    """A step that is behind a person."""

    entry_id: str
    step: str
    outcome: str
    passed_at: float
    plan_id: str | None = None
    message_key: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """The new place of a person: a step and when it is due, or a state in which they are out."""

    entry_id: str
    step: str | None
    due_at: float | None
    reached_at: float
    state: str = "inside"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class JourneyState:
    """The state of a journey: active, paused or cancelled, since when, and the version in which people enter."""

    journey: str
    version: str
    state: str
    reason: str | None
    changed_at: float


def register(ledger: Ledger, journey: str, version: str, definition: str) -> None:
    """Keep the definition, and let people enter in it from now on."""
    now = clock.now().timestamp()
    row = {"journey": journey, "version": version, "definition": definition, "first_seen_at": now}
    with ledger.write() as connection:
        connection.execute(insert_into(connection, journey_versions).on_conflict_do_nothing(), [row])
        fresh = {"journey": journey, "version": version, "state": "active", "changed_at": now}
        connection.execute(insert_into(connection, journeys).on_conflict_do_nothing(), [fresh])
        connection.execute(update(journeys).where(journeys.c.journey == journey).values(version=version))


def states(ledger: Ledger) -> dict[str, JourneyState]:
    """Every journey that was ever registered."""
    columns = (journeys.c.journey, journeys.c.version, journeys.c.state, journeys.c.reason, journeys.c.changed_at)
    with ledger.read() as connection:
        return {row.journey: JourneyState(*row) for row in connection.execute(select(*columns).order_by(journeys.c.journey))}


def definition_of(ledger: Ledger, journey: str, version: str) -> str:
    """The definition of a version."""
    this = and_(journey_versions.c.journey == journey, journey_versions.c.version == version)
    with ledger.read() as connection:
        return str(connection.scalar(select(journey_versions.c.definition).where(this)))


def set_state(connection: Connection, journey: str, state: str, reason: str | None) -> bool:
    """Set the state of a journey; False if it was never registered, or is cancelled and stays so."""
    this = and_(journeys.c.journey == journey, journeys.c.state != "cancelled")
    values = {"state": state, "reason": reason, "changed_at": clock.now().timestamp()}
    return connection.execute(update(journeys).where(this).values(values)).rowcount == 1


def require_active(connection: Connection, journey: str) -> None:
    """Raise `CampaignStopped` unless the journey is active. Locks its row, so that it stays so for the transaction."""
    query = select(journeys.c.state).where(journeys.c.journey == journey).with_for_update(read=True)
    if (state := connection.scalar(query)) != "active":
        raise CampaignStopped(f"the journey is {state}.", where=journey, remedy="Resume it, or leave it.")


def enter(ledger: Ledger, rows: Iterable[Entry]) -> int:
    """Insert entries; those that exist already are left as they are. Returns how many are new."""
    found = [asdict(row) for row in rows]
    count = 0
    for start in range(0, len(found), _BATCH):
        batch = found[start : start + _BATCH]
        with ledger.write() as connection:
            require_active(connection, batch[0]["journey"])
            ids = [row["entry_id"] for row in batch]
            known = set(connection.scalars(select(entries.c.entry_id).where(entries.c.entry_id.in_(ids))))
            fresh = [row for row in batch if row["entry_id"] not in known]
            if fresh:
                connection.execute(insert_into(connection, entries).on_conflict_do_nothing(), fresh)
            count += len(fresh)
    return count


def apply(connection: Connection, moves: Sequence[Move], passed: Sequence[Passed] = ()) -> None:
    """Write steps that are behind people, and their new places, in the caller's transaction."""
    now = clock.now().timestamp()
    if passed:
        connection.execute(insert(journey_steps), [asdict(row) for row in passed])
    if moves:
        connection.execute(_MOVE, [_move_values(move, now) for move in moves])


def record_plan(connection: Connection, plan_id: str, journey: str, version: str, step: str) -> None:
    """Record which step a plan sends, in the plan's transaction."""
    row = {"plan_id": plan_id, "journey": journey, "version": version, "step": step}
    connection.execute(insert(journey_plans), [row])


def due_steps(ledger: Ledger, now: float) -> list[tuple[str, str, str]]:
    """(journey, version, step) at which somebody is due."""
    columns = (entries.c.journey, entries.c.version, entries.c.step)
    query = select(*columns).where(entries.c.state == "inside", entries.c.due_at <= now).distinct().order_by(*columns)
    with ledger.read() as connection:
        return [(row.journey, row.version, row.step) for row in connection.execute(query)]


def due(ledger: Ledger, journey: str, version: str, steps: Sequence[str], now: float, limit: int) -> list[Entry]:
    """Up to `limit` people of a version who are due at one of the steps, those who are due longest first."""
    where = and_(entries.c.journey == journey, entries.c.version == version, entries.c.step.in_(steps))
    return _entries(ledger, entries.c.state == "inside", entries.c.due_at <= now, where, limit=limit)


def inside(ledger: Ledger, journey: str, due_by: float | None = None) -> list[Entry]:
    """Everybody who is inside the journey, or those of them who are due."""
    where = [entries.c.state == "inside", *([] if due_by is None else [entries.c.due_at <= due_by])]
    return _entries(ledger, entries.c.journey == journey, *where)


def of_people(ledger: Ledger, journey: str, subscriber_ids: Sequence[str]) -> list[Entry]:
    """All entries of these people into the journey."""
    found: list[Entry] = []
    for start in range(0, len(subscriber_ids), 500):
        ids = subscriber_ids[start : start + 500]
        found += _entries(ledger, entries.c.journey == journey, entries.c.subscriber_id.in_(ids))
    return found


def known_since(ledger: Ledger, journey: str, since: float) -> list[str]:
    """The entries whose trigger happened after `since`."""
    query = select(entries.c.entry_id).where(entries.c.journey == journey, entries.c.triggered_at >= since)
    with ledger.read() as connection:
        return list(connection.scalars(query))


def entered_since(ledger: Ledger, journey: str, since: float) -> int:
    """How many people entered after `since`."""
    query = select(func.count()).where(entries.c.journey == journey, entries.c.entered_at > since)
    with ledger.read() as connection:
        return int(connection.scalar(query) or 0)


def steps_of(ledger: Ledger, entry_id: str) -> list[Passed]:
    """The steps that are behind a person, in their order."""
    columns = tuple(journey_steps.c[name] for name in ("entry_id", "step", "outcome", "passed_at", "plan_id", "message_key"))
    query = select(*columns).where(journey_steps.c.entry_id == entry_id).order_by(journey_steps.c.passed_at)
    with ledger.read() as connection:
        return [Passed(*row) for row in connection.execute(query)]


def plan_ids(ledger: Ledger, journey: str | None = None, states: Sequence[str] = UNFINISHED) -> list[str]:
    """The plans of a journey, or of all, in one of the states, oldest first."""
    query = select(journey_plans.c.plan_id).join(plans_table, plans_table.c.plan_id == journey_plans.c.plan_id)
    query = query.where(plans_table.c.state.in_(states)).order_by(plans_table.c.planned_at, plans_table.c.plan_id)
    if journey is not None:
        query = query.where(journey_plans.c.journey == journey)
    with ledger.read() as connection:
        return list(connection.scalars(query))


@dataclass(frozen=True, slots=True)
class PlannedMail:
    """The mail of one step that was planned in a period: its people, and the settings of its newest plan."""

    people: int
    settings: str


def planned_mail(ledger: Ledger, journey: str, begins: float, ends: float, without: str) -> list[PlannedMail]:
    """The mail of a journey, by step, that was planned between two times (Unix seconds), apart from one plan."""
    of_step = journey_plans.join(plans_table, plans_table.c.plan_id == journey_plans.c.plan_id)
    this = plans_table.c
    newest = func.max(this.occurrence).label("occurrence")
    sums = select(this.campaign, newest, func.sum(this.planned).label("people")).select_from(of_step)
    sums = sums.where(journey_plans.c.journey == journey, this.planned_at.between(begins, ends), this.plan_id != without)
    by_step = sums.group_by(this.campaign).subquery()
    query = select(by_step.c.people, this.settings).join(
        plans_table,
        and_(this.campaign == by_step.c.campaign, this.occurrence == by_step.c.occurrence, this.kind == "live"),
    )
    with ledger.read() as connection:
        return [PlannedMail(int(row.people), row.settings) for row in connection.execute(query)]


def stopped(ledger: Ledger) -> dict[str, str]:
    """The journeys with a plan that SendGrid or the circuit breaker stopped: {journey: reason}."""
    query = select(journey_plans.c.journey, plans_table.c.stop_reason).join(
        plans_table, plans_table.c.plan_id == journey_plans.c.plan_id
    )
    with ledger.read() as connection:
        rows = connection.execute(query.where(plans_table.c.state.in_(("stopped", "paused"))))
        return {row.journey: str(row.stop_reason or "stopped") for row in rows}


def next_occurrence(ledger: Ledger, campaign: str) -> str:
    """The occurrence of the next plan of a step: numbers in sequence, whatever the clock says."""
    query = select(func.max(plans_table.c.occurrence)).where(
        plans_table.c.campaign == campaign, plans_table.c.kind == "live"
    )
    with ledger.read() as connection:
        last = connection.scalar(query)
    return f"{int(last or 0) + 1:08d}"


@dataclass(frozen=True, slots=True)
class StepCounts:
    """People of a version for whom a step is next (`at`), and those who passed it by outcome."""

    version: str
    step: str
    at: int
    passed: dict[str, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """The people of a journey: by step, and of those who are out by version and state."""

    steps: list[StepCounts]
    out: dict[str, dict[str, int]]


def counts(ledger: Ledger, journey: str) -> Counts:
    """The numbers of people at each step of each version, and of those who are out, from one snapshot."""
    mine = entries.c.journey == journey
    by_place = select(entries.c.version, entries.c.step, entries.c.state, func.count()).where(mine)
    by_place = by_place.group_by(entries.c.version, entries.c.step, entries.c.state)
    by_outcome = select(entries.c.version, journey_steps.c.step, journey_steps.c.outcome, func.count())
    by_outcome = by_outcome.join(entries, entries.c.entry_id == journey_steps.c.entry_id).where(mine)
    at, out, passed = dict[tuple[str, str], int](), dict[str, dict[str, int]](), dict[tuple[str, str], dict[str, int]]()
    with ledger.read() as connection:
        for version, step, state, people in connection.execute(by_place):
            if step is None:
                out.setdefault(version, {})[state] = int(people)
            else:
                at[version, step] = int(people)
        group = (entries.c.version, journey_steps.c.step, journey_steps.c.outcome)
        for version, step, outcome, people in connection.execute(by_outcome.group_by(*group)):
            passed.setdefault((version, step), {})[outcome] = int(people)
    return Counts([StepCounts(*key, at.get(key, 0), passed.get(key, {})) for key in sorted({*at, *passed})], out)


def end_all(connection: Connection, journey: str, state: str, reason: str) -> int:
    """Everybody inside is out; returns how many there were."""
    mine = and_(entries.c.journey == journey, entries.c.state == "inside")
    values = {"state": state, "reason": reason, "step": None, "due_at": None, "changed_at": clock.now().timestamp()}
    return connection.execute(update(entries).where(mine).values(values)).rowcount


def erase(ledger: Ledger, subscriber_ids: Sequence[str], pseudonym: str) -> int:
    """Erase people: they are out, and their rows stay under a pseudonym for the sums. Returns the number of entries."""
    theirs = entries.c.subscriber_id.in_(subscriber_ids)
    out = {"state": "left", "reason": "erasure", "step": None, "due_at": None, "changed_at": clock.now().timestamp()}
    with ledger.write() as connection:
        connection.execute(update(entries).where(theirs, entries.c.state == "inside").values(out))
        unnamed = update(entries).where(theirs).values(subscriber_id=pseudonym, trigger_key="")
        return connection.execute(unnamed).rowcount


def _entries(ledger: Ledger, *where: ColumnElement[bool], limit: int | None = None) -> list[Entry]:
    columns = tuple(entries.c[name] for name in Entry.__slots__)
    query = select(*columns).where(*where).order_by(entries.c.due_at, entries.c.entry_id).limit(limit)
    with ledger.read() as connection:
        return [Entry(*row) for row in connection.execute(query)]


def _move_values(move: Move, now: float) -> dict[str, Any]:
    values = {f"new_{name}": value for name, value in asdict(move).items() if name != "entry_id"}
    return {"of_entry": move.entry_id, **values, "new_changed_at": now}
