"""A copy of the warehouse's file as of one moment."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.core.errors import ConfigurationError
from include.core.paths import DataPaths
from include.warehouse.connection import open_warehouse

WAIT_SECONDS = 900
"""How long a copy waits for a task: the longest, of a large list, takes minutes."""


@contextmanager
def copied(paths: DataPaths, to: Path) -> Iterator[None]:
    """Copy the warehouse to the file `to`; until the block ends, no task writes it, nor what goes with it.

    Raises `WarehouseBusy` (retryable) if a task keeps it for too long, and `ConfigurationError` if there is no space.
    """
    with open_warehouse(paths, wait_seconds=WAIT_SECONDS) as warehouse:
        warehouse.execute("checkpoint")
        to.parent.mkdir(parents=True, exist_ok=True)
        # By `cp`: closing the file in this process would release the lock that DuckDB has on it (fcntl(2)).
        command = ["cp", "--reflink=auto", str(paths.warehouse), str(to)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            what = f"could not be copied: {done.stderr.strip()}"
            raise ConfigurationError(what, where=str(paths.warehouse), remedy="Free some space.")
        yield
