"""The faults by the lines of the specification's list, and how one is played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.faults.bench import Bench
from tests.faults.checks import Allowed, Findings, judge
from tests.faults.world import World

BOTH = ("sqlite", "postgres")
SQLITE = ("sqlite",)
Play = Callable[[World], Allowed]


@dataclass(frozen=True)
class Fault:
    """`line` of the list of faults, what happens, on which ledgers, in a world of which measures."""

    line: int
    name: str
    play: Play
    ledgers: tuple[str, ...]
    people: int
    chunk_size: int
    planned: bool
    watched: bool


FAULTS: list[Fault] = []


def fault(
    line: int,
    name: str,
    *,
    ledgers: tuple[str, ...] = BOTH,
    people: int = 120,
    chunk_size: int = 10,
    planned: bool = True,
    watched: bool = True,
) -> Callable[[Play], Play]:
    """Enter a play into the catalogue. It does its harm, lets the product finish, and says what that may have led to."""

    def enter(play: Play) -> Play:
        FAULTS.append(Fault(line, name, play, ledgers, people, chunk_size, planned, watched))
        return play

    return enter


def play(bench: Bench, fault: Fault, seed: int, kind: str) -> Findings:
    """Play a fault once and judge what is left."""
    dice = Random(f"{fault.name}/{seed}/{kind}")
    world = World(bench, dice, kind, fault.people, fault.chunk_size, fault.planned, fault.watched)
    try:
        return judge(world, fault.play(world))
    finally:
        if world.simulator is not bench.simulator:
            world.simulator.stop()
        world.remove()
