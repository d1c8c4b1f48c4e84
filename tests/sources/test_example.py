"""The mapping of the source example: every row of its sample is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.core.paths import DataPaths
from tests.sources.mapping import folder, land_sample


def test_the_sample_is_accepted(paths: DataPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = Path(__file__).with_name("example.sql").read_text(encoding="utf-8")
    landed = land_sample(paths, monkeypatch, folder("example"), sample)
    assert landed.bad_rows == []
    assert landed.counts["subscribers"] > 0
