"""A task that needs more than its budget fails by itself, whichever library asks for the memory."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from include.core.paths import PROJECT

NEEDS = {
    "python": "bytearray(2 * 10**9)",
    "arrow": "import pyarrow; pyarrow.allocate_buffer(2 * 10**9)",
    "duckdb": """
import duckdb
from include.warehouse.memory import explain_out_of_memory
with duckdb.connect() as connection, explain_out_of_memory('features.sql'):
    connection.execute("set memory_limit = '8GB'")
    connection.execute("create table people as select md5(i::varchar) as subscriber_id from range(100_000_000) as t (i)")
""",
    "little": "bytearray(10**6)",
}
PROGRAM = """
import resource
from include.core.memory_budget import memory_budget
from include.core.errors import TradewindError
before = resource.getrlimit(resource.RLIMIT_DATA)
try:
    with memory_budget():
        exec({needs!r})
    print("done")
except TradewindError as error:
    print(type(error).__name__, error)
assert resource.getrlimit(resource.RLIMIT_DATA) == before
"""


def run(needs: str, budget: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TRADEWIND_TASK_MEMORY": budget}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(needs=NEEDS[needs])], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("needs", ["python", "arrow"])
def test_a_task_over_its_budget_says_so(needs: str) -> None:
    found = run(needs, "700MB")
    assert found.startswith("TaskOutOfMemory the task needs more memory than its budget of 700 MB (TRADEWIND_TASK_MEMORY).")


def test_a_statement_of_duckdb_over_the_budget_says_so() -> None:
    found = run("duckdb", "700MB")
    assert found.startswith("WarehouseOutOfMemory features.sql: the process could have no more memory")
    assert "TRADEWIND_TASK_MEMORY" in found


def test_a_task_within_its_budget_is_not_disturbed() -> None:
    assert run("little", "700MB") == "done"


def test_without_a_budget_there_is_no_limit() -> None:
    assert run("arrow", "") == "done"


def test_tasks_have_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    from include.orchestration import configuration, tasks

    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, limit: limits.append(limit))
    monkeypatch.setenv("TRADEWIND_TASK_MEMORY", "4GB")
    monkeypatch.setattr(configuration, "stores", _no_stores)

    @tasks.with_stores
    def work(_stores: Any) -> str:
        return f"{limits[0][0]:,}"

    assert work() == "4,000,000,000"


def _no_stores() -> Any:
    import contextlib

    return contextlib.nullcontext()
