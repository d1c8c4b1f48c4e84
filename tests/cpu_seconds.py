"""Where the CPU of the suite goes: `make test ARGS="-p tests.cpu_seconds"` ends with the CPU seconds of folders and files.

They are those of the worker and of the processes that it started and waited for: other load on the machine does not change
them much, as it does durations. Services that a test leaves to the system, as Airflow's, are not among them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator

import pytest

MOST = 40
"""So many files are listed."""
_spent: Counter[str] = Counter()
_before = 0.0


def _now() -> float:
    """CPU seconds of this process so far."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def pytest_collection_finish() -> None:
    """The first test is not charged with the collection."""
    global _before
    _before = _now()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What was spent since the last report belongs to this phase of this test; it travels with the report."""
    global _before
    report = yield
    now = _now()
    vars(report)["cpu_seconds"] = now - _before
    _before = now
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _spent[report.nodeid.partition("::")[0]] += vars(report).get("cpu_seconds", 0.0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The folders, then the most expensive files."""
    folders: Counter[str] = Counter()
    for file, seconds in _spent.items():
        folders["/".join(file.split("/")[:2])] += seconds
    terminalreporter.section(f"{sum(_spent.values()) / 60:.1f} CPU minutes")
    for name, seconds in [*folders.most_common(), *_spent.most_common(MOST)]:
        terminalreporter.write_line(f"{seconds:8.1f} s  {name}")
