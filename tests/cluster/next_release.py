"""The next release of Tradewind, for the drill of a rolling upgrade: this code, with one more migration of the ledger."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import text

from include.core.paths import PROJECT
from include.ledger import schema
from include.ledger.database import Ledger

PARTS = ("dags", "data_quality", "include", "plugins")
VERSION = "9999_next"
MIGRATION = f"""
import sqlalchemy as sa
from alembic import op
revision = "{VERSION}"
down_revision = "{schema.HEAD}"

def upgrade():
    op.create_table("next_release", sa.Column("name", sa.Text))
    op.add_column("chunks", sa.Column("next_release", sa.Text))
"""
"""What a release may change that is rolled out in mid-send: it adds, and removes and renames nothing."""


def write_release(folder: Path) -> Path:
    """Write the release's code to a new folder; returns the folder."""
    for part in PARTS:
        shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    migrations = folder / schema.MIGRATIONS.relative_to(PROJECT)
    (migrations / "versions" / f"{VERSION}.py").write_text(MIGRATION)
    return folder


def environment(release: Path, current: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a service runs the code of the release, with `current` otherwise."""
    search_path = os.pathsep.join([str(release), *current["PYTHONPATH"].split(os.pathsep)])
    return {
        "PYTHONPATH": search_path,
        "PYTHONSAFEPATH": "1",  # `python -m` would find this release first, in the working directory.
        "AIRFLOW__CORE__DAGS_FOLDER": str(release / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(release / "plugins"),
    }


def adopt(patch: pytest.MonkeyPatch) -> None:
    """Let this process open the ledger of the release."""
    patch.setattr(schema, "KNOWN", (*schema.KNOWN, VERSION))
    patch.setattr(schema, "HEAD", VERSION)


def version_of(ledger: Ledger) -> str:
    """The version of a ledger's schema."""
    with ledger.read() as connection:
        return str(connection.scalar(text(f"select version_num from {schema.VERSION_TABLE}")))
