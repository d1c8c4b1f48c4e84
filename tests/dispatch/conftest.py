"""Shared fixtures of the tests of dispatch."""

from __future__ import annotations

import pytest

from include.ledger import outages
from include.ledger.database import Ledger


@pytest.fixture
def ledger(each_ledger: Ledger) -> Ledger:
    """Every test of dispatch runs on both ledgers."""
    return each_ledger


@pytest.fixture(autouse=True)
def quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes are sent milliseconds after a request in doubt, not seconds."""
    monkeypatch.setattr(outages, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(outages, "POLL_SECONDS", 0.01)
