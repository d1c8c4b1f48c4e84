"""The environment of a past: its data folder, and the clocks of the stages, the edge and the simulator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from include.core.paths import DataPaths, data_paths
from include.core.settings import variable
from simulator import clock as simulator_clock


@contextmanager
def playing_into(folder: Path) -> Iterator[DataPaths]:
    """Make `folder` the data folder of this process. Afterwards the environment and the clocks are as they were."""
    before = dict(os.environ)
    os.environ[variable("data")] = str(folder)
    try:
        yield data_paths()
    finally:
        simulator_clock.set_offset(0)
        os.environ.clear()
        os.environ.update(before)


def set_clocks(at: datetime) -> None:
    """It is `at`, and time goes on from there."""
    offset = (at - datetime.now(UTC)).total_seconds()
    os.environ[variable("clock_offset_seconds")] = str(offset)
    simulator_clock.set_offset(offset)
