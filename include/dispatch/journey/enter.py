"""People enter a journey when its trigger happens, and leave it when its goal is reached."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from include.core.journey import Journey
from include.core.journey_fields import AfterDays
from include.core.journey_version import JourneyVersion
from include.dispatch.journey.times import due_at
from include.ledger import gap, journeys
from include.ledger.database import Ledger
from include.ledger.journeys import Entry, Move
from include.warehouse import untrusted
from include.warehouse.connection import fetch

log = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0
BATCH = 10_000
"""People of one ledger transaction: the edge waits for its end with an unsubscribe."""
_IDS = pa.schema([("entry_id", pa.string())])
PEOPLE = pa.schema(
    [
        *((name, pa.string()) for name in ("entry_id", "subscriber_id", "trigger_key")),
        ("triggered_at", pa.float64()),
    ]
)
"""The views people_due and people_inside of the queries in include/sql/journey/."""


def people_table(found: Iterable[Entry]) -> pa.Table:
    """The entries as an Arrow table."""
    rows = [(entry.entry_id, entry.subscriber_id, entry.trigger_key, entry.triggered_at) for entry in found]
    columns = list(zip(*rows, strict=True)) or [()] * len(PEOPLE)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, PEOPLE, strict=True)], schema=PEOPLE)


def run_query(
    warehouse: duckdb.DuckDBPyConnection, version: JourneyVersion, name: str, into: str, *, as_of: datetime, since: datetime
) -> None:
    """Write the result of a query of the version to the temporary table `into`."""
    query = version.queries[name]
    params = {param: value for param, value in (("as_of", as_of), ("since", since)) if param in query.params}
    untrusted.materialize(warehouse, into, query.statement, params, where=query.where)


def enter(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, version: JourneyVersion, now: datetime) -> int:
    """Let everybody enter whom the trigger, the re-entry rule and the cap allow; returns how many did.

    Whose trigger happened before the end of a gap may have had the journey's mail, and does not enter.
    """
    journey = version.journey
    since = now - timedelta(hours=journey.enter_within_hours)
    if found := gap.find(ledger):
        since = max(since, min(found.ends, now))
    run_query(warehouse, version, f"triggers/{journey.trigger}", "triggered", as_of=now, since=since)
    known = journeys.known_since(ledger, journey.id, since.timestamp())
    warehouse.register("known_entries", pa.table([pa.array(known, pa.string())], schema=_IDS))
    params = {"journey": journey.id, "as_of": now, "since": since}
    rows = fetch(warehouse, "journey", "entries_new", params).to_pylist()
    warehouse.unregister("known_entries")
    allowed = list(_allowed(ledger, journey, rows, now.timestamp())) if rows else []
    if journey.entries_per_day is not None:
        entered = journeys.entered_since(ledger, journey.id, now.timestamp() - DAY_SECONDS)
        allowed = allowed[: max(0, journey.entries_per_day - entered)]
    entered = journeys.enter(ledger, (_entry(version, row, now.timestamp()) for row in allowed)) if allowed else 0
    if entered:
        log.info("%s: %d people entered", journey.id, entered)
    return entered


def _allowed(ledger: Ledger, journey: Journey, rows: list[dict[str, Any]], now: float) -> Iterator[dict[str, Any]]:
    """The rows that the re-entry rule allows, the earliest trigger first."""
    if journey.reentry == "each_trigger":
        yield from rows
        return
    pause = journey.reentry.after_days * DAY_SECONDS if isinstance(journey.reentry, AfterDays) else float("inf")
    last: dict[str, float] = {}
    for entry in journeys.of_people(ledger, journey.id, sorted({row["subscriber_id"] for row in rows})):
        last[entry.subscriber_id] = max(entry.entered_at, last.get(entry.subscriber_id, 0.0))
    for row in rows:
        person = row["subscriber_id"]
        if person not in last or now - last[person] >= pause:
            last[person] = now
            yield row


def _entry(version: JourneyVersion, row: dict[str, Any], now: float) -> Entry:
    """The entry at the first step. Its first wait counts from the trigger, however late that is seen."""
    first = version.journey.steps[0]
    due = due_at(version, first, row["timezone"], min(row["triggered_at"], now), now)
    return Entry(
        row["entry_id"], version.journey.id, version.version, row["subscriber_id"], row["trigger_key"],
        row["triggered_at"], now, "inside", None, first.id, due, due, now,
    )  # fmt: skip


def leave_for_goal(
    warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, version: JourneyVersion, people: list[Entry], now: datetime
) -> int:
    """Those who reached the goal of their version leave, whatever step is next for them; returns how many."""
    goal = version.journey.goal
    if goal is None or not people:
        return 0
    since = datetime.fromtimestamp(min(entry.triggered_at for entry in people), UTC)
    run_query(warehouse, version, f"goals/{goal}", "reached", as_of=now, since=since)
    warehouse.register("people_inside", people_table(people))
    reached = set(fetch(warehouse, "journey", "goals_reached", {"as_of": now})["entry_id"].to_pylist())
    warehouse.unregister("people_inside")
    leaving = [entry for entry in people if entry.entry_id in reached]
    _leave(ledger, leaving, "goal")
    return len(leaving)


def leave_if_deleted(ledger: Ledger, version: JourneyVersion, people: list[Entry]) -> bool:
    """For a journey without a file: whether its people leave, as `when_deleted` of their version says."""
    if version.journey.when_deleted == "finish":
        return False
    _leave(ledger, people, "left", "journey_deleted")
    return True


def _leave(ledger: Ledger, people: list[Entry], state: str, reason: str | None = None) -> None:
    moves = [Move(entry.entry_id, None, None, entry.reached_at, state, reason) for entry in people]
    for start in range(0, len(moves), BATCH):
        with ledger.write() as connection:
            journeys.apply(connection, moves[start : start + BATCH])
