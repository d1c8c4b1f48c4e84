"""A separate installation: data folder, free ports, a small shop."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations import launcher
from operations.settings import Installation, read_installation
from tests.ports import free_port


@pytest.fixture
def installation(
    tmp_path: Path, migrated: Path, small_shop: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """The installation; its services are stopped afterwards."""
    data = tmp_path / "data"
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "TRADEWIND"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRADEWIND_DATA", str(data))
    monkeypatch.setenv("TRADEWIND_SIMULATOR_SPEED", "8")
    for part in ("AIRFLOW", "EDGE", "SIMULATOR", "ACTIVITIES"):
        monkeypatch.setenv(f"TRADEWIND_{part}_PORT", str(free_port()))
    made = read_installation()
    shutil.copytree(migrated, made.airflow_home)
    made.paths.demo.mkdir()
    shutil.copy(small_shop, made.paths.demo / "shop.sqlite")
    yield made
    launcher.stop_services(made)
