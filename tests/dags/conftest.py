"""The project's DAGs, parsed once as Airflow parses them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.sdk import DAG


@pytest.fixture(scope="session")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DAG]:
    os.environ.setdefault("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
    from operations.generate_docs import load_dags

    return {dag.dag_id: dag for dag in load_dags()}


@pytest.fixture
def campaign_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of campaign files, used instead of include/campaigns/."""
    monkeypatch.setenv("TRADEWIND_CAMPAIGNS", str(tmp_path))
    return tmp_path
