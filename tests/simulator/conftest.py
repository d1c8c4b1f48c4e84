"""Fixtures of the simulator's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running_simulator import RunningSimulator
from tests.simulator.webhook_receiver import Receiver

FAST = {"speed": 40, "flush": 0.05, "seed": 7}
"""A life of 45 s in about one."""


@pytest.fixture(scope="module")
def module_idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    """One simulator without lives for the tests of a module; see `idle`."""
    running = RunningSimulator(tmp_path_factory.mktemp("simulator"), no_recipients=True, notice=0)
    yield running
    running.stop()


@pytest.fixture
def idle(module_idle: RunningSimulator) -> RunningSimulator:
    """The shared one, with nothing in it."""
    module_idle.reset()
    return module_idle


@pytest.fixture(scope="module")
def module_receiver() -> Iterator[Receiver]:
    """A webhook and edge for the tests of a module; see `receiver`."""
    opened = Receiver()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def module_active(tmp_path_factory: pytest.TempPathFactory, module_receiver: Receiver) -> Iterator[RunningSimulator]:
    """One simulator whose lives are short, for the tests of a module; see `active`."""
    running = RunningSimulator(
        tmp_path_factory.mktemp("lively"),
        webhook=f"{module_receiver.url}/events",
        edge=module_receiver.url,
        notice=0,
        **FAST,
    )
    yield running
    running.stop()


@pytest.fixture
def receiver(module_receiver: Receiver) -> Receiver:
    """The webhook and edge, which have heard nothing yet."""
    module_receiver.requests.clear()
    module_receiver.statuses = [204]
    return module_receiver


@pytest.fixture
def active(module_active: RunningSimulator, receiver: Receiver) -> RunningSimulator:
    """A simulator with nothing in it, whose lives are short, and which posts to the receiver."""
    module_active.reset()
    return module_active
