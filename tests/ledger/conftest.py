"""Shared fixtures of the tests of the ledger."""

from __future__ import annotations

import pytest

from include.ledger.database import Ledger


@pytest.fixture
def ledger(each_ledger: Ledger) -> Ledger:
    """Every test runs on both ledgers."""
    return each_ledger
