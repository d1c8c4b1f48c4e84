"""How the workers share the suite (`make test`): a file stays on one worker, and so do all tests that start Airflow.

pytest-xdist's own `loadgroup` does this by a suffix of the test's name, which pytest 9 does not show it any more; with it,
several workers would start an installation for the same file.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler.loadscope import LoadScopeScheduling

STACKS = ("tests/e2e", "tests/operators")
"""Folders whose tests start an installation with Airflow."""


def share_of(nodeid: str) -> str:
    """What stays together: `airflow`, or the file of the test with this id."""
    file = nodeid.partition("::")[0]
    return "airflow" if str(PurePosixPath(file).parent) in STACKS else file


class Shares(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's scheduler of scopes, where a scope is a share."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)
