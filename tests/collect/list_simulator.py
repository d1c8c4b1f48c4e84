"""SendGrid's lists in the simulator: one process for the tests of a module, which begin with nothing in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running_simulator import RunningSimulator

SWITCHED_OFF = (
    "invalid",
    "spam_content",
    "hard_bounce",
    "blocked",
    "deferred",
    "complaint",
    "one_click",
    "body_unsubscribe",
)
"""Recipient behaviour that prevents a delivery or suppresses an address."""


@pytest.fixture(scope="module")
def module_esp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    """The process; see `esp`."""
    running = RunningSimulator(tmp_path_factory.mktemp("simulator"), speed=1000, flush=0.05, seed=3, notice=0)
    yield running
    running.stop()


@pytest.fixture
def esp(module_esp: RunningSimulator) -> RunningSimulator:
    """The module's simulator, reset, whose recipients get their mail and keep quiet."""
    module_esp.reset()
    module_esp.post("/control/rates", {"all": dict.fromkeys(SWITCHED_OFF, 0)})
    return module_esp
