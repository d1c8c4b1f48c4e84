"""Which tests run on both ledgers."""

from __future__ import annotations

import importlib

import pytest

from tests.dispatch.conftest import ON_BOTH


@pytest.mark.parametrize("module", ON_BOTH)
def test_tests_that_run_on_both_ledgers_exist(module: str) -> None:
    found = vars(importlib.import_module(module))
    assert [test for test in ON_BOTH[module] if test not in found] == []
