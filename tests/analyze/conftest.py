"""Shared fixtures of the tests of the stage analyze."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def warehouses_stay_open(open_warehouses: None) -> None:
    """The stages open theirs many times in a test."""
