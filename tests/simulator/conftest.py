"""Fixtures of the simulator's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running_simulator import RunningSimulator
from tests.simulator.receiver import Receiver

FAST = {"speed": 40, "flush": 0.05, "seed": 7}
"""A life of 45 s in about one."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    """One simulator without lives for the tests of a module; see `clean`."""
    running = RunningSimulator(tmp_path_factory.mktemp("simulator"), no_lives=True, notice=0)
    yield running
    running.stop()


@pytest.fixture
def clean(shared: RunningSimulator) -> RunningSimulator:
    """The shared one, with nothing in it."""
    shared.reset()
    return shared


@pytest.fixture(scope="module")
def heard() -> Iterator[Receiver]:
    """A webhook and edge for the tests of a module; see `receiver`."""
    opened = Receiver()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory, heard: Receiver) -> Iterator[RunningSimulator]:
    """One simulator whose lives are short, for the tests of a module; see `living`."""
    running = RunningSimulator(
        tmp_path_factory.mktemp("lively"), webhook=f"{heard.url}/events", edge=heard.url, notice=0, **FAST
    )
    yield running
    running.stop()


@pytest.fixture
def receiver(heard: Receiver) -> Receiver:
    """The webhook and edge, which have heard nothing yet."""
    heard.requests.clear()
    heard.statuses = [204]
    return heard


@pytest.fixture
def living(lively: RunningSimulator, receiver: Receiver) -> RunningSimulator:
    """A simulator with nothing in it, whose lives are short, and which posts to the receiver."""
    lively.reset()
    return lively
