"""A separate installation: data folder, free ports, a small shop."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.core.paths import PROJECT
from operations import launcher
from operations.settings import Installation, read_installation
from tests.ports import free_port

ONE_CUSTOMER_IN = 60


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sixtieth customer of the demo shop with their purchases and activities, and all pending subscribers."""
    folder = tmp_path_factory.mktemp("shop")
    whole, small = folder / "whole.sqlite", folder / "small.sqlite"
    subprocess.run(
        [sys.executable, "-m", "demo_shop.source", "--to", str(whole)], cwd=PROJECT, check=True, capture_output=True
    )
    with sqlite3.connect(whole) as shop:
        shop.execute("attach ? as small", (str(small),))
        shop.execute(
            f"create table small.subscribers as select * from main.subscribers where rowid % {ONE_CUSTOMER_IN} = 0 "
            "or (status = 'pending' and signed_up_at > datetime('now', '-13 days'))"
        )
        for relation in ("purchases", "activities"):
            shop.execute(
                f"create table small.{relation} as select * from main.{relation} "
                "where subscriber_id in (select subscriber_id from small.subscribers)"
            )
    return small


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
