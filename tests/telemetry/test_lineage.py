"""Lineage by OpenLineage: the events that a task's assets become, and nothing where no transport is configured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from include.core.paths import PROJECT, DataPaths
from operations.settings import Installation, service_environment

RUN = """
import sys
from types import SimpleNamespace
from airflow.providers.openlineage.extractors import ExtractorManager
from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter
from airflow.utils.state import TaskInstanceState
from operations.generate_docs import load_dags

_, dag_id, task_id = sys.argv
task = next(dag for dag in load_dags() if dag.dag_id == dag_id).get_task(task_id)
found = ExtractorManager().extract_metadata(
    SimpleNamespace(run_id="r"), task, TaskInstanceState.SUCCESS, SimpleNamespace(task_id=task_id)
)
OpenLineageAdapter().complete_task(
    run_id="01a22990-91b5-708a-8398-3ab287a90808", job_name=f"{dag_id}.{task_id}", end_time="2026-11-24T05:00:00Z",
    task=found, owners=[], tags=[], job_description=None, job_description_type=None, nominal_start_time=None,
    nominal_end_time=None, run_facets={},
)
"""
OFF = """
import sys
from airflow.providers.openlineage.plugins.openlineage import OpenLineageProviderPlugin
loaded = [name for name in sys.modules if name.startswith(("openlineage", "include.orchestration.lineage"))]
print(OpenLineageProviderPlugin.listeners, loaded)
"""
EVERYTHING = {"core/subscribers", "core/activities", "segment/membership", "dispatch/sends", "engagement/events"}


def airflow_run(tmp_path: Path, script: str, *arguments: str, **variables: str) -> str:
    """Run a script as Airflow's processes run, with the environment of the services; returns what it printed."""
    place = Installation(DataPaths(tmp_path), 1, 2, 3, 4)
    environment = {**os.environ, **service_environment(place), **variables, "AIRFLOW_HOME": str(tmp_path / "airflow")}
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_assets_of_a_task_are_the_datasets_of_its_event(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    transport = json.dumps({"type": "file", "log_file_path": str(file), "append": True})
    airflow_run(tmp_path, RUN, "nightly_analytics", "publish.read_back", AIRFLOW__OPENLINEAGE__TRANSPORT=transport)
    (event,) = map(json.loads, file.read_text().splitlines())
    assert (event["eventType"], event["job"]) == (
        "COMPLETE",
        {**event["job"], "namespace": "tradewind", "name": "nightly_analytics.publish.read_back"},
    )
    assert {one["name"] for one in event["inputs"]} == {f"warehouse/{name}" for name in EVERYTHING}
    assert [one["name"] for one in event["outputs"]] == ["published/analytics.duckdb"]
    datasets: list[dict[str, Any]] = event["inputs"] + event["outputs"]
    assert {one["namespace"] for one in datasets} == {"tradewind"}
    assert all(one["facets"]["documentation"]["description"] for one in datasets)


def test_without_a_transport_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    assert airflow_run(tmp_path, OFF).splitlines()[-1] == "[] []"
