"""The benchmark of collecting loads each invented event once, on each day."""

from __future__ import annotations

import os

import pytest

from benchmarks import collect
from include.core.paths import DataPaths
from tests.validate.conftest import query


def test_every_event_is_loaded_once(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: a step's own process costs seconds of imports."""
    monkeypatch.setattr(collect, "_in_a_process", lambda _paths: collect.step())
    assert os.environ["TRADEWIND_DATA"] == str(paths.root)
    figures = dict(collect.measured(paths, 200, days=2))
    assert list(figures) == ["read_json and a bare insert", "day 1", "day 2"]
    assert figures["day 1"]["events"] == figures["read_json and a bare insert"]["events"]
    counted = "select count(*), count(distinct dedup_key) from engagement.events"
    assert query(paths, counted) == [(400 + 400 + 134 + 20,) * 2]
