"""When `make run` plays a past: once, and only in a new installation of the demo."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from include.core.paths import DataPaths
from operations import demo_shop, launcher, past
from operations.settings import read_installation

PLAYS = (
    "import os, pathlib; folder = pathlib.Path(os.environ['TRADEWIND_DATA']); "
    "(folder / 'secrets.json').touch(); (folder / 'played').open('a').write('once ')"
)
"""Stands for `demo_past`: it leaves a store."""


@pytest.fixture(autouse=True)
def demo(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new installation whose shop is built, and whose past takes no time."""
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    monkeypatch.setattr(demo_shop, "built", lambda *_arguments: nullcontext())
    monkeypatch.setattr(launcher, "migrate", lambda *_arguments: None)
    monkeypatch.setattr(past, "_command", lambda *_arguments: [sys.executable, "-c", PLAYS])


def played(paths: DataPaths) -> str:
    file = paths.root / "played"
    return file.read_text() if file.exists() else ""


def test_a_new_installation_gets_one_past(paths: DataPaths) -> None:
    said: list[str] = []
    past.play_once(read_installation(), said.append)
    past.play_once(read_installation(), said.append)
    assert played(paths) == "once "
    assert len([line for line in said if "these weeks are simulated" in line]) == 1


@pytest.mark.parametrize("store", ["warehouse/tradewind.duckdb", "ledger/ledger.sqlite", "simulator/lock", "secrets.json"])
def test_a_data_folder_that_was_used_gets_none(paths: DataPaths, store: str) -> None:
    file = paths.root / store
    file.parent.mkdir(exist_ok=True)
    file.touch()
    past.play_once(read_installation(), lambda _line: None)
    assert played(paths) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AIRFLOW_CONN_SUBSCRIBERS_SOURCE", "postgresql://reader@db.example/shop"),
        ("AIRFLOW_CONN_SENDGRID_DEFAULT", '{"conn_type": "http", "host": "https://api.sendgrid.com", "password": "SG.x"}'),
        ("AIRFLOW_CONN_LEDGER_DEFAULT", "postgresql://tradewind@db.example/ledger"),
        ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://airflow@db.example/airflow"),
        ("TRADEWIND_SOURCES", "/etc/sources.yaml"),
        ("TRADEWIND_CAMPAIGNS", "/etc/campaigns"),
        ("TRADEWIND_SHOP", "/etc/shop.yaml"),
    ],
)
def test_an_installation_of_ones_own_gets_none(
    paths: DataPaths, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    past.play_once(read_installation(), lambda _line: None)
    assert played(paths) == ""


def test_a_past_that_fails_is_reported_and_the_demo_goes_on(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(past, "_command", lambda *_arguments: [sys.executable, "-c", "raise SystemExit('a reason')"])
    past.play_once(read_installation(), said.append)
    log = paths.services / "past.log"
    assert said[-1].endswith(f"The reason is in {log}")
    assert "a reason" in Path(log).read_text()
