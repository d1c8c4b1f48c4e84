"""Distribution of the suite over workers (`make test`): one worker per file, and one for all tests that start Airflow.

pytest-xdist's `loadgroup` depends on a suffix of the test's name that pytest 9 no longer passes to it: several workers
would start an installation for the same file.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler.loadscope import LoadScopeScheduling

STACKS = ("tests/e2e", "tests/operators")
"""Folders whose tests start an installation with Airflow."""


def share_of(nodeid: str) -> str:
    """The scope of a test: `airflow`, or its file."""
    file = nodeid.partition("::")[0]
    return "airflow" if str(PurePosixPath(file).parent) in STACKS else file


class Shares(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's scheduler that keeps the tests of a scope on one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)
