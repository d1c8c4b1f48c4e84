"""What must hold after every fault. Reads the ledger's tables, the plan's files and the simulator's record; nothing else."""

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
from tests.faults.world import World

CONNECTIONS = 4
"""A process has at most so many requests under way, so a kill leaves at most so many chunks in doubt."""


@dataclass(frozen=True)
class Allowed:
    """What a fault may lead to, beside everybody getting it once.

    `doubtful`: chunks that may be in doubt at the end. `rejected`, `suppressed`: the people (message keys) who may be.
    `cancelled`: whoever is skipped was cancelled. `clock_moved`: times in the ledger cannot be compared.
    """

    doubtful: int = 0
    rejected: frozenset[str] = frozenset()
    suppressed: frozenset[str] = frozenset()
    cancelled: bool = False
    clock_moved: bool = False


@dataclass
class Findings:
    """Of one play. `problems` is empty where everything held."""

    duplicates: int = 0
    omissions: int = 0
    in_doubt: int = 0
    problems: list[str] = field(default_factory=list)

    def must(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)


def judge(world: World, allowed: Allowed) -> Findings:
    """Apply every check of the specification to a world that has come to rest."""
    found = Findings()
    taken = at_rest(world)
    fates = fate_of_everybody(world, found)
    with world.ledger.read() as connection:
        people = tally(connection, world.plan_id)
    times = Counter(row["tw_key"] for row in taken)
    found.duplicates = sum(count - 1 for count in times.values())
    found.must(not found.duplicates, f"{found.duplicates} messages went twice")
    found.must(people.adds_up, f"the ledger's sum does not hold: {people}")
    found.must(not (world.watch and world.watch.broken), f"while it ran: {world.watch and world.watch.broken}")
    _check_fates(fates, set(times), allowed, found)
    left_before = Counter(suppressed=_suppressed_by_the_plan(world))
    _check_sums(world, people, Counter(fates.values()) + left_before, allowed, found)
    if not allowed.clock_moved:
        _check_suppressed(world, taken, found)
    return found


def _suppressed_by_the_plan(world: World) -> int:
    """Who had said no when the plan was frozen is in none of its chunks."""
    with world.ledger.read() as connection:
        return connection.scalar(select(plans.c.suppressed).where(_mine(plans, world))) or 0


def at_rest(world: World) -> list[dict[str, Any]]:
    """What the simulator took, once it takes no more."""
    before, now = -1, world.simulator.accepted(world.campaign.id)
    while before != len(now):
        before = len(now)
        time.sleep(0.06)
        now = world.simulator.accepted(world.campaign.id)
    return now


def fate_of_everybody(world: World, found: Findings) -> dict[str, str]:
    """The ledger's word on each person in the plan's files, by message key, derived anew from its tables."""
    with world.ledger.read() as connection:
        rows = [dict(row) for row in connection.execute(select(chunks).where(_mine(chunks, world))).mappings()]
        told = connection.execute(select(outcomes.c.message_key, outcomes.c.state).where(_mine(outcomes, world)))
        apart = {row.message_key: row.state for row in told}
    parts = {path.name: pq.read_table(path)["message_key"].to_pylist() for path in world.folder.glob("part-*.parquet")}
    places: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["state"] != "split":
            for place in _places(row):
                places[parts[row["file"]][row["first_row"] + place]].append(row["state"])
    planned = [key for keys in parts.values() for key in keys]
    found.must(all(len(states) == 1 for states in places.values()), "somebody is in two chunks")
    found.must(not set(apart) - set(planned), "the ledger has an outcome for somebody who was not planned")
    fates = {key: apart.get(key) or next(iter(places.get(key, ())), "nowhere") for key in planned}
    return {key: "in_doubt" if fate == "sending" else fate for key, fate in fates.items()}


def _places(row: dict[str, Any]) -> Iterator[int]:
    for span in (row["selection"] or f"0:{row['root_size']}").split(","):
        first, stop = span.split(":")
        yield from range(int(first), int(stop))


def _check_fates(fates: dict[str, str], taken: set[str], allowed: Allowed, found: Findings) -> None:
    """The ledger and the simulator tell the same of everybody."""
    by_fate: dict[str, set[str]] = defaultdict(set)
    for key, fate in fates.items():
        by_fate[fate].add(key)
    lost = by_fate["accepted"] - taken
    forgotten = by_fate["nowhere"] | by_fate["pending"]
    unfair = (by_fate["rejected"] - allowed.rejected) | (by_fate["suppressed"] - allowed.suppressed)
    unfair |= set() if allowed.cancelled else by_fate["skipped"]
    found.omissions = len(lost) + len(forgotten) + len(unfair)
    found.in_doubt = len(by_fate["in_doubt"])
    found.must(not lost, f"{len(lost)} are accepted in the ledger but not at the simulator")
    found.must(not forgotten, f"{len(forgotten)} were left out silently")
    found.must(not unfair, f"{len(unfair)} were rejected, suppressed or skipped without cause")
    stray = taken - by_fate["accepted"] - by_fate["in_doubt"]
    found.must(not stray, f"{len(stray)} got mail and are neither accepted nor in doubt")
    found.must(not taken - fates.keys(), "somebody got mail who was not planned")
    found.must(not taken & allowed.rejected, "somebody got mail who was rejected")


def _check_sums(world: World, people: Tally, by_fate: Counter[str], allowed: Allowed, found: Findings) -> None:
    planned = people.accepted + people.rejected + people.suppressed + people.in_doubt + people.skipped + people.pending
    found.must(planned == world.people == sum(by_fate.values()), f"{world.people} people, {people}, {by_fate}")
    names = ("accepted", "rejected", "suppressed", "in_doubt", "skipped", "pending")
    wrong = [name for name in names if getattr(people, name) != by_fate[name]]
    found.must(not wrong, f"the tally counts {people}, person by person it is {dict(by_fate)}")
    found.must(people.pending == 0, f"{people.pending} are pending")
    most = allowed.doubtful * world.chunk_size
    found.must(people.in_doubt <= most, f"{people.in_doubt} are in doubt where at most {most} can be")


def _check_suppressed(world: World, taken: list[dict[str, Any]], found: Findings) -> None:
    """Nobody whose suppression was in the log before the intent for them was written got it."""
    with world.ledger.read() as connection:
        log = connection.execute(select(suppression_log.c.address_key, suppression_log.c.recorded_at)).all()
        intents = {
            f"{world.plan_id}.{row.chunk}": row.posted_at
            for row in connection.execute(select(chunks.c.chunk, chunks.c.posted_at).where(_mine(chunks, world)))
        }
    left = {row.address_key: row.recorded_at for row in reversed(log)}
    addresses = {row["message_key"]: row["address_key"] for row in world.wire()}
    late = [
        row for row in taken
        if left.get(addresses.get(row["tw_key"], ""), float("inf")) < (intents.get(row["tw_chunk"]) or 0)
    ]  # fmt: skip
    found.must(not late, f"{len(late)} were suppressed before the intent and got mail")


def _mine(table: Any, world: World) -> Any:
    return table.c.plan_id == world.plan_id
