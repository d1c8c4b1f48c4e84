"""Alerts from a running Airflow: a failed task, a killed task, a retried task and a late run."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operations import airflow_settings, launcher, runs
from operations.api import AirflowApi
from operations.settings import Installation
from tests.alerts.receiver import Receiver

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
TIMEOUT_SECONDS = 500
LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"
DAG_FILE = """
import os, signal, time
from datetime import timedelta

from airflow.sdk import DAG, task

from include.orchestration import defaults, notifications
from include.core.errors import QualityStop, SourceUnavailable

with DAG(
    "lost", schedule=None, default_args=defaults.task_defaults("tests"),
    on_failure_callback=notifications.RunFailureNotifier(),
):

    @task(retries=0)
    def killed():
        os.kill(os.getpid(), signal.SIGKILL)

    killed()

with DAG(
    "failing", schedule=None, deadline=notifications.deadline(timedelta(seconds=5)),
    default_args=defaults.task_defaults("tests"), on_failure_callback=notifications.RunFailureNotifier(),
):

    @task
    def stopped():
        raise QualityStop("too few rows.", where="subscribers, run r")

    @task
    def retried():
        raise SourceUnavailable("does not answer.", retry_after=600)

    @task
    def late_run_alert():
        time.sleep(30)

    stopped(), retried(), late_run_alert()
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.stop()


def test_airflow_delivers_alerts(
    installation: Installation, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "failing.py").write_text(DAG_FILE)
    bundles = [{"name": "failing", "classpath": LOCAL, "kwargs": {"path": str(folder), "refresh_interval": 5}}]
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(bundles))
    launcher.start_services(installation, lambda said: None)
    airflow_settings.apply(installation)
    api = AirflowApi(installation)
    api.post("/variables", {"key": "alert_webhook_url", "value": receiver.url})
    runs.wait_for_dags(api, ["failing", "lost"])
    for dag in ("failing", "lost"):
        api.patch(f"/dags/{dag}", {"is_paused": False})
    started = {dag: runs.trigger(api, dag).id for dag in ("failing", "lost")}
    wanted = {"quality-stop", "task-lost", "missed-deadline"}
    received = _await_alerts(receiver, wanted)
    assert {alert["kind"] for alert in received} == wanted, received
    by_kind = {alert["kind"]: alert for alert in received}
    assert by_kind["quality-stop"]["happened"] == "subscribers, run r: too few rows."
    assert by_kind["quality-stop"]["task"] == "stopped"
    assert {(alert["dag"], alert["run"]) for alert in received} == set(started.items())
    assert by_kind["task-lost"]["dag"] == "lost"
    stored = [json.loads(path.read_bytes()) for path in installation.paths.alerts.glob("*Z-*.json")]
    assert {alert["kind"] for alert in stored} == wanted


def _await_alerts(receiver: Receiver, wanted: set[str]) -> list[dict[str, Any]]:
    """The posted alerts, once all wanted kinds are among them or the time is over."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while not wanted <= {alert["kind"] for alert in receiver.posted} and time.monotonic() < end:
        time.sleep(0.5)
    return list(receiver.posted)
