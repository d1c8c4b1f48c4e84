"""A new installation of the profile `cluster`, on free ports, in a folder that PostgreSQL and Redis can enter."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from operations import cluster, launcher
from operations.settings import Installation, read_installation
from tests import postgres
from tests.ports import free_port

needs_servers = pytest.mark.skipif(
    not postgres.installed() or not shutil.which("redis-server"), reason="PostgreSQL or Redis is not on this machine"
)


@contextmanager
def cluster_installation(patch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """The installation; its services are stopped, and its data deleted, afterwards."""
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "TRADEWIND"))]:
        patch.delenv(name)
    root = Path(tempfile.mkdtemp(prefix="tradewind-cluster-"))
    root.chmod(0o755)
    patch.setenv("TRADEWIND_PROFILE", "cluster")
    patch.setenv("TRADEWIND_DATA", str(root))
    for part in ("AIRFLOW", "EDGE", "SIMULATOR", "ACTIVITIES", "POSTGRESQL", "REDIS"):
        patch.setenv(f"TRADEWIND_{part}_PORT", str(free_port()))
    made = read_installation()
    try:
        yield made
    finally:
        launcher.stop_services(made, lambda said: None)
        shutil.rmtree(root, ignore_errors=True)


def adopt(patch: pytest.MonkeyPatch, installation: Installation) -> None:
    """As every command does: the ledger that a test reads is that of the services."""
    for name, value in cluster.connections(installation).items():
        patch.setenv(name, value)
