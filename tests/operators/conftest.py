"""One installation for all of these tests: Airflow, edge and simulator on free ports, with the campaigns of the tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.settings import read_installation
from tests.operators.campaigns import write_campaigns, write_templates
from tests.operators.stack import Stack, insert_people
from tests.ports import free_port


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Stack]:
    """The running installation; its services are stopped afterwards."""
    root = tmp_path_factory.mktemp("operators")
    write_campaigns(root / "campaigns")
    write_templates(root / "templates")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AIRFLOW", "TRADEWIND"))]:
            patch.delenv(name)
        for name in ("data", "campaigns", "templates"):
            patch.setenv(f"TRADEWIND_{name.upper()}", str(root / name))
        for name in ("AIRFLOW", "EDGE", "SIMULATOR", "ACTIVITIES"):
            patch.setenv(f"TRADEWIND_{name}_PORT", str(free_port()))
        patch.setenv("TRADEWIND_SIMULATOR_SPEED", "20")
        patch.setenv("AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL", "5")
        installation = read_installation()
        shutil.copytree(migrated, installation.airflow_home)
        insert_people(installation)
        made = Stack(installation)
        try:
            made.start()
            yield made
        finally:
            made.stop()
