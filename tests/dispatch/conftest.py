"""What tests of dispatch share."""

from __future__ import annotations

import pytest

from include.ledger.database import Ledger


@pytest.fixture
def ledger(each_ledger: Ledger) -> Ledger:
    """Every test of dispatch runs on both ledgers."""
    return each_ledger
