"""Distribution of the suite over workers (`make test`): one worker per file, and one for all tests that start Airflow.

pytest-xdist's `loadgroup` depends on a suffix of the test's name that pytest 9 no longer passes to it: several workers
would start an installation for the same file.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler.loadscope import LoadScopeScheduling

STACKS = ("tests/e2e", "tests/operators", "tests/plugins")
"""Folders whose tests start Airflow, each from a copy of one migrated database: the migration takes twenty seconds."""

LONG = (
    "tests/validate/test_newest_answer.py",
    "tests/publish/test_file.py",
    "tests/leak/test_leak.py",
    "tests/faults/test_faults.py",
    "tests/warehouse/test_ducklake.py",
    "tests/dispatch/test_given_up_addresses.py",
    "tests/dispatch/test_withdrawals.py",
)
"""The files that take longest otherwise: the last one to begin must not be one of them, while two workers are idle."""


def share_of(nodeid: str) -> str:
    """The scope of a test: `airflow`, or its file."""
    file = nodeid.partition("::")[0]
    return "airflow" if str(PurePosixPath(file).parent) in STACKS else file


def turn_of(nodeid: str) -> int:
    """When a test is started: first those with Airflow, which wait most, then the long files, then all others."""
    share = share_of(nodeid)
    return 0 if share == "airflow" else 1 if share in LONG else 2


class Shares(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's scheduler that keeps the tests of a scope on one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)
