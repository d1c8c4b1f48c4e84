"""A pytest plugin for mutmut's runs, which end at the first failure: tests that killed mutants of the function run first.

`MUTANT_SECONDS` limits the tests of a mutant, by their duration without a mutation.
"""

from __future__ import annotations

import json
import os
import re
import signal
from collections import Counter
from itertools import accumulate
from pathlib import Path

import pytest

KILLERS = Path("killers")
"""In the working folder of the tests: one file per function, with a line for each test failure on one of its mutants."""

SETUP_SECONDS = 0.5
"""What the fixtures of a test take, about; mutmut does not measure it."""


def function() -> str:
    """The function of the mutant under test, by mutmut's name; empty without one."""
    name, mutated, _ = os.environ.get("MUTANT_UNDER_TEST", "").partition("__mutmut_")
    return name if mutated else ""


def pytest_configure() -> None:
    """Undo the signal handlers of mutmut's fork server, which the processes that tests start would inherit."""
    if function():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _module(name: str) -> str:
    """The last part of the module's name, from mutmut's name of a function or a method."""
    return re.split(r"\.x[_ǁ]", name)[0].rpartition(".")[2]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort tests by the number of killed mutants of the function, then by duration, and keep those that fit the time.

    Without a killed mutant, the tests in the file that is named after the function's module come first.
    """
    stats = Path("mutmut-stats.json")
    if not function() or not stats.exists():
        return
    took = json.loads(stats.read_text())["duration_by_test"]
    known = KILLERS / function()
    killed = Counter(known.read_text().splitlines() if known.exists() else ())
    own = f"/test_{_module(function())}.py::"
    items.sort(key=lambda item: (-killed[item.nodeid], own not in item.nodeid, took.get(item.nodeid, 0.0)))
    seconds = accumulate(took.get(item.nodeid, 0.0) + SETUP_SECONDS for item in items)
    most = float(os.environ.get("MUTANT_SECONDS", "inf"))
    items[:] = [item for at, (item, until) in enumerate(zip(items, seconds, strict=True)) if at == 0 or until <= most]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Record a failed test."""
    if report.failed and function():
        KILLERS.mkdir(exist_ok=True)
        with (KILLERS / function()).open("a") as known:
            known.write(f"{report.nodeid}\n")
