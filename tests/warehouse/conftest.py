"""The migrations themselves make the warehouses of these tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def new_warehouses_are_copies() -> None:
    """They are not."""
