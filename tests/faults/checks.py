"""What must hold after every fault, checked against the ledger's tables, the plan's files and the simulator's record."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import select

from include.ledger.counts import Tally, tally
from include.ledger.tables import chunks, outcomes, plans, suppression_log
from tests.faults.scenario import Scenario

CONNECTIONS = 4
"""The maximum number of concurrent requests per process, and so of chunks that a kill leaves in doubt."""


@dataclass(frozen=True)
class Allowed:
    """The allowed effects of a fault; without any, everybody gets the message exactly once.

    `doubtful`: the maximum number of chunks in doubt at the end. `rejected`, `suppressed`: message keys that may be.
    `cancelled`: people may be skipped. `clock_moved`: timestamps in the ledger cannot be compared.
    """

    doubtful: int = 0
    rejected: frozenset[str] = frozenset()
    suppressed: frozenset[str] = frozenset()
    cancelled: bool = False
    clock_moved: bool = False


@dataclass
class Findings:
    """The result of one play. `problems` is empty if every check passed."""

    duplicates: int = 0
    omissions: int = 0
    in_doubt: int = 0
    problems: list[str] = field(default_factory=list)

    def require(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)


def evaluate(scenario: Scenario, allowed: Allowed) -> Findings:
    """Apply every check of the specification to a finished scenario."""
    found = Findings()
    taken = accepted_at_the_end(scenario)
    states = state_by_key(scenario, found)
    with scenario.ledger.read() as connection:
        people = tally(connection, scenario.plan_id)
    times = Counter(row["tw_key"] for row in taken)
    found.duplicates = sum(count - 1 for count in times.values())
    found.require(not found.duplicates, f"{found.duplicates} messages went twice")
    found.require(people.adds_up, f"the ledger's counts do not add up: {people}")
    found.require(
        not (scenario.monitor and scenario.monitor.broken), f"during the run: {scenario.monitor and scenario.monitor.broken}"
    )
    _check_states(states, set(times), allowed, found)
    left_before = Counter(suppressed=_suppressed_by_the_plan(scenario))
    _check_sums(scenario, people, Counter(states.values()) + left_before, allowed, found)
    if not allowed.clock_moved:
        _check_suppressed(scenario, taken, found)
    return found


def _suppressed_by_the_plan(scenario: Scenario) -> int:
    """How many people were suppressed when the plan was frozen; they are in none of its chunks."""
    with scenario.ledger.read() as connection:
        return connection.scalar(select(plans.c.suppressed).where(_mine(plans, scenario))) or 0


def accepted_at_the_end(scenario: Scenario) -> list[dict[str, Any]]:
    """The personalizations that the simulator accepted, once their number no longer changes."""
    before, now = -1, scenario.simulator.accepted(scenario.campaign.id)
    while before != len(now):
        before = len(now)
        time.sleep(0.06)
        now = scenario.simulator.accepted(scenario.campaign.id)
    return now


def state_by_key(scenario: Scenario, found: Findings) -> dict[str, str]:
    """The ledger's state of each person in the plan's files, by message key, derived from its tables."""
    with scenario.ledger.read() as connection:
        rows = [dict(row) for row in connection.execute(select(chunks).where(_mine(chunks, scenario))).mappings()]
        rows_apart = connection.execute(select(outcomes.c.message_key, outcomes.c.state).where(_mine(outcomes, scenario)))
        apart = {row.message_key: row.state for row in rows_apart}
    parts = {path.name: pq.read_table(path)["message_key"].to_pylist() for path in scenario.folder.glob("part-*.parquet")}
    places: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["state"] != "split":
            for place in _places(row):
                places[parts[row["file"]][row["first_row"] + place]].append(row["state"])
    planned = [key for keys in parts.values() for key in keys]
    found.require(all(len(states) == 1 for states in places.values()), "somebody is in two chunks")
    found.require(not set(apart) - set(planned), "the ledger has an outcome for somebody outside the plan")
    states = {key: apart.get(key) or next(iter(places.get(key, ())), "nowhere") for key in planned}
    return {key: "in_doubt" if state == "sending" else state for key, state in states.items()}


def _places(row: dict[str, Any]) -> Iterator[int]:
    for span in (row["selection"] or f"0:{row['root_size']}").split(","):
        first, stop = span.split(":")
        yield from range(int(first), int(stop))


def _check_states(states: dict[str, str], taken: set[str], allowed: Allowed, found: Findings) -> None:
    """The ledger and the simulator agree about everybody."""
    by_state: dict[str, set[str]] = defaultdict(set)
    for key, state in states.items():
        by_state[state].add(key)
    lost = by_state["accepted"] - taken
    forgotten = by_state["nowhere"] | by_state["pending"]
    unfair = (by_state["rejected"] - allowed.rejected) | (by_state["suppressed"] - allowed.suppressed)
    unfair |= set() if allowed.cancelled else by_state["skipped"]
    found.omissions = len(lost) + len(forgotten) + len(unfair)
    found.in_doubt = len(by_state["in_doubt"])
    found.require(not lost, f"{len(lost)} are accepted in the ledger but not at the simulator")
    found.require(not forgotten, f"{len(forgotten)} were dropped silently")
    found.require(not unfair, f"{len(unfair)} were rejected, suppressed or skipped without cause")
    stray = taken - by_state["accepted"] - by_state["in_doubt"]
    found.require(not stray, f"{len(stray)} got mail but are neither accepted nor in doubt")
    found.require(not taken - states.keys(), "somebody got mail without being planned")
    found.require(not taken & allowed.rejected, "somebody got mail although rejected")


def _check_sums(scenario: Scenario, people: Tally, by_state: Counter[str], allowed: Allowed, found: Findings) -> None:
    planned = people.accepted + people.rejected + people.suppressed + people.in_doubt + people.skipped + people.pending
    found.require(planned == scenario.people == sum(by_state.values()), f"{scenario.people} people, {people}, {by_state}")
    names = ("accepted", "rejected", "suppressed", "in_doubt", "skipped", "pending")
    wrong = [name for name in names if getattr(people, name) != by_state[name]]
    found.require(not wrong, f"the tally counts {people}, counting person by person gives {dict(by_state)}")
    found.require(people.pending == 0, f"{people.pending} are pending")
    most = allowed.doubtful * scenario.chunk_size
    found.require(people.in_doubt <= most, f"{people.in_doubt} are in doubt, more than the allowed {most}")


def _check_suppressed(scenario: Scenario, taken: list[dict[str, Any]], found: Findings) -> None:
    """Nobody got mail whose suppression was logged before the intent for them was written."""
    with scenario.ledger.read() as connection:
        log = connection.execute(select(suppression_log.c.address_key, suppression_log.c.recorded_at)).all()
        intents = {
            f"{scenario.plan_id}.{row.chunk}": row.posted_at
            for row in connection.execute(select(chunks.c.chunk, chunks.c.posted_at).where(_mine(chunks, scenario)))
        }
    left = {row.address_key: row.recorded_at for row in reversed(log)}
    addresses = {row["message_key"]: row["address_key"] for row in scenario.planned_people()}
    late = [
        row for row in taken
        if left.get(addresses.get(row["tw_key"], ""), float("inf")) < (intents.get(row["tw_chunk"]) or 0)
    ]  # fmt: skip
    found.require(not late, f"{len(late)} were suppressed before the intent and got mail")


def _mine(table: Any, scenario: Scenario) -> Any:
    return table.c.plan_id == scenario.plan_id
