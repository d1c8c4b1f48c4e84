"""Fixtures of the simulator's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running_simulator import RunningSimulator
from tests.simulator.webhook_receiver import Receiver

FAST = {"speed": 40, "flush": 0.05, "seed": 7}
"""A timeline of 45 s takes about one."""


@pytest.fixture(scope="module")
def module_idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    """A simulator without recipients, shared by the tests of a module; see `idle`."""
    running = RunningSimulator(tmp_path_factory.mktemp("simulator"), no_recipients=True, notice=0)
    yield running
    running.stop()


@pytest.fixture
def idle(module_idle: RunningSimulator) -> RunningSimulator:
    """The module's simulator without recipients, reset."""
    module_idle.reset()
    return module_idle


@pytest.fixture(scope="module")
def module_receiver() -> Iterator[Receiver]:
    """A webhook and edge, shared by the tests of a module; see `receiver`."""
    opened = Receiver()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def module_active(tmp_path_factory: pytest.TempPathFactory, module_receiver: Receiver) -> Iterator[RunningSimulator]:
    """A simulator with fast recipients, shared by the tests of a module; see `active`."""
    running = RunningSimulator(
        tmp_path_factory.mktemp("active"),
        webhook=f"{module_receiver.url}/events",
        edge=module_receiver.url,
        notice=0,
        **FAST,
    )
    yield running
    running.stop()


@pytest.fixture
def receiver(module_receiver: Receiver) -> Receiver:
    """The module's webhook and edge, without requests."""
    module_receiver.requests.clear()
    module_receiver.statuses = [204]
    return module_receiver


@pytest.fixture
def active(module_active: RunningSimulator, receiver: Receiver) -> RunningSimulator:
    """The module's simulator with fast recipients, reset; it posts to the receiver."""
    module_active.reset()
    return module_active
