"""Processes that fork tasks have imported the stages; no other process of Airflow has, and a task builds one DAG."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from include.core.campaign_file import campaign_names
from include.core.paths import PROJECT

KNOWN = {f"send_{name}" for name in campaign_names()}
STAGES = ("include.analyze.marts", "include.dispatch.send.sender", "include.segment.build", "include.validate.merge")
PROBE = """
import json, sys
sys.argv = ["airflow", *sys.argv[1:]]
import airflow.settings
airflow.settings.initialize()
print(json.dumps(sorted(sys.modules)))
"""


def modules_of(command: str, home: Path) -> set[str]:
    """What a process of Airflow has imported when it is ready to start its work."""
    environment = {
        **os.environ, "PYTHONPATH": str(PROJECT), "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE, command], env=environment,
        capture_output=True, text=True, check=True, timeout=800,
    )  # fmt: skip
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_scheduler_has_the_stages_and_its_tasks_import_none_of_them(tmp_path: Path) -> None:
    loaded = modules_of("scheduler", tmp_path)
    assert set(STAGES) <= loaded
    written = {
        ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for stage in ("dispatch", "validate", "collect", "ledger", "warehouse")
        for path in (PROJECT / "include" / stage).rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    }
    assert written <= loaded


@pytest.mark.parametrize("command", ["api-server", "dag-processor"])
def test_other_processes_have_not(command: str, tmp_path: Path) -> None:
    assert not {name for name in modules_of(command, tmp_path) if name in STAGES}


def test_a_task_builds_the_dag_of_its_campaign_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(sends()) > 1
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "send_welcome")
    assert sends() == ["send_welcome"]


def sends() -> list[str]:
    """The DAGs that the file gives Airflow."""
    return [dag for dag in runpy.run_path(str(PROJECT / "dags" / "send_campaigns.py")) if dag in KNOWN]
