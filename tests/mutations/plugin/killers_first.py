"""A plugin of pytest for mutmut's runs, which end at the first test that fails: who killed a neighbour goes first."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

KILLERS = Path("killers")
"""In the working folder of the tests: a file a function, with a line a test that failed on one of its mutants."""


def function() -> str:
    """Of the mutant that is tried, by mutmut's name; empty where none is."""
    name, mutated, _ = os.environ.get("MUTANT_UNDER_TEST", "").partition("__mutmut_")
    return name if mutated else ""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First those that killed most mutants of the function, then the quick ones."""
    stats = Path("mutmut-stats.json")
    if not function() or not stats.exists():
        return
    took = json.loads(stats.read_text())["duration_by_test"]
    known = KILLERS / function()
    killed = Counter(known.read_text().splitlines() if known.exists() else ())
    items.sort(key=lambda item: (-killed[item.nodeid], took.get(item.nodeid, 0.0)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember who failed."""
    if report.failed and function():
        KILLERS.mkdir(exist_ok=True)
        with (KILLERS / function()).open("a") as known:
            known.write(f"{report.nodeid}\n")
