"""The catalogue of faults, grouped by the lines of the specification, and how to play one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.faults.checks import Allowed, Findings, evaluate
from tests.faults.resources import Resources
from tests.faults.scenario import Scenario

BOTH = ("sqlite", "postgres")
SQLITE = ("sqlite",)
Play = Callable[[Scenario], Allowed]


@dataclass(frozen=True)
class Fault:
    """A fault: its line in the specification, its name, how to play it, on which ledgers, and the size of the scenario."""

    line: int
    name: str
    play: Play
    ledgers: tuple[str, ...]
    people: int
    chunk_size: int
    planned: bool
    monitored: bool


FAULTS: list[Fault] = []


def fault(
    line: int,
    name: str,
    *,
    ledgers: tuple[str, ...] = BOTH,
    people: int = 120,
    chunk_size: int = 10,
    planned: bool = True,
    monitored: bool = True,
) -> Callable[[Play], Play]:
    """Register a fault. Its function injects it, lets the product finish, and returns the allowed effects."""

    def register(play: Play) -> Play:
        FAULTS.append(Fault(line, name, play, ledgers, people, chunk_size, planned, monitored))
        return play

    return register


def play(resources: Resources, fault: Fault, seed: int, kind: str) -> Findings:
    """Play a fault once and evaluate the result."""
    random = Random(f"{fault.name}/{seed}/{kind}")
    scenario = Scenario(resources, random, kind, fault.people, fault.chunk_size, fault.planned, fault.monitored)
    try:
        return evaluate(scenario, fault.play(scenario))
    finally:
        if scenario.simulator is not resources.simulator:
            scenario.simulator.stop()
        scenario.remove()
