"""A pytest plugin for mutmut's runs, which end at the first failure: tests that killed mutants of the function run first."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

KILLERS = Path("killers")
"""In the working folder of the tests: one file per function, with a line for each test failure on one of its mutants."""


def function() -> str:
    """The function of the mutant under test, by mutmut's name; empty without one."""
    name, mutated, _ = os.environ.get("MUTANT_UNDER_TEST", "").partition("__mutmut_")
    return name if mutated else ""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort tests by the number of killed mutants of the function, then by duration."""
    stats = Path("mutmut-stats.json")
    if not function() or not stats.exists():
        return
    took = json.loads(stats.read_text())["duration_by_test"]
    known = KILLERS / function()
    killed = Counter(known.read_text().splitlines() if known.exists() else ())
    items.sort(key=lambda item: (-killed[item.nodeid], took.get(item.nodeid, 0.0)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Record a failed test."""
    if report.failed and function():
        KILLERS.mkdir(exist_ok=True)
        with (KILLERS / function()).open("a") as known:
            known.write(f"{report.nodeid}\n")
