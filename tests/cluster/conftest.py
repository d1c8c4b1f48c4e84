"""The running profile `cluster`, with a campaign for each drill."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations import cluster
from operations.settings import Installation
from tests.cluster.environment import adopt, cluster_installation
from tests.operators.campaigns import SLOW, write_campaigns, write_templates
from tests.operators.stack import Stack, insert_people

DRILLS = (
    "worker_killed", "broker_killed", "primary_restarted", "primary_crashed", *cluster.SCHEDULERS, "worker_frozen",
    "worker_cut_off",
)  # fmt: skip
SLOWER = {"pace": {"messages_per_second": 4}}
"""Two minutes: as long as it takes to restart a node, several times."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The installation of the drills; its services are stopped afterwards."""
    root, campaigns = (
        tmp_path_factory.mktemp("cluster"),
        {**{campaign_of(name): SLOW for name in DRILLS}, "upgraded": SLOWER},
    )
    write_campaigns(root / "campaigns", campaigns)
    write_templates(root / "templates")
    with pytest.MonkeyPatch.context() as patch, cluster_installation(patch) as installation:
        for name in ("campaigns", "templates"):
            patch.setenv(f"TRADEWIND_{name.upper()}", str(root / name))
        patch.setenv("TRADEWIND_SIMULATOR_SPEED", "20")
        patch.setenv("AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL", "5")
        adopt(patch, installation)
        insert_people(installation)
        made = Stack(installation, campaigns)
        made.start()
        yield made


def campaign_of(drill: str) -> str:
    """The campaign of a drill."""
    return drill.replace("-", "_")


@pytest.fixture
def small_cluster(monkeypatch: pytest.MonkeyPatch, small_shop: Path) -> Iterator[Installation]:
    """An installation with the small shop, not started."""
    with cluster_installation(monkeypatch) as made:
        monkeypatch.setenv("TRADEWIND_SIMULATOR_SPEED", "8")
        adopt(monkeypatch, made)
        made.paths.demo.mkdir()
        shutil.copy(small_shop, made.paths.demo / "shop.sqlite")
        yield made
