"""Shared fixtures of the tests of dispatch."""

from __future__ import annotations

import pytest

from include.ledger import outages
from include.ledger.database import Ledger

POLICY = (
    "test_given_up_addresses", "test_consent_changes_during_send", "test_public_edge", "test_confirmation", "test_printable",
    "test_arbitration", "test_send_time", "test_preview",
)  # fmt: skip
"""Modules about who gets what mail. `make test` runs them on SQLite only: the statements of the ledger that they use are
those of the other modules, which run on both. `make operators` runs them on PostgreSQL."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        values = getattr(item, "callspec", None)
        if values and values.params.get("each_ledger") == "postgresql" and item.path.stem in POLICY:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def ledger(each_ledger: Ledger) -> Ledger:
    """Every test of dispatch runs on both ledgers."""
    return each_ledger


@pytest.fixture(autouse=True)
def quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes are sent milliseconds after a request in doubt, not seconds."""
    monkeypatch.setattr(outages, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(outages, "POLL_SECONDS", 0.01)
