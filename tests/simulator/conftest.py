"""Fixtures of the simulator's own tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook and edge."""
    opened = Receiver()
    yield opened
    opened.close()


@pytest.fixture
def living(start_simulator: Callable[..., RunningSimulator], receiver: Receiver) -> RunningSimulator:
    """A simulator whose lives are short, and which posts to the receiver."""
    return start_simulator(webhook=f"{receiver.url}/events", edge=receiver.url, **FAST)
