"""What the worlds of a test process are made from: keys, warehouses and plans to copy, a simulator, a PostgreSQL server."""

from __future__ import annotations

import shutil
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from sqlalchemy import delete, insert, select

from include.core.keys import address_key
from include.core.paths import DataPaths
from include.core.secrets import Secrets, load_secrets
from include.ledger import plans
from include.ledger.database import open_ledger
from include.ledger.tables import metadata
from include.warehouse.connection import open_warehouse
from tests.campaign import a_campaign
from tests.dispatch.populate import populate
from tests.faults.processes import Child
from tests.faults.servers import Simulator
from tests.faults.victim import Task, run

AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
OCCURRENCE = "2026-W48"
CAMPAIGN = a_campaign(occurrence="week", segment="newsletter_readers", topic="offers", frequency_cap_hours=0)
PLAN_ID = plans.plan_id_of(CAMPAIGN.id, OCCURRENCE)
TEMPLATE = {
    "subject.txt.j2": "News for {{ person.first_name }}",
    "preheader.txt.j2": "What is new",
    "body.html.j2": (
        "<html><body><p>Dear {{ person.first_name }} {{ person.last_name }},</p>"
        "{% personal %}{% if person.purchases > 3 %}<p>Thank you for {{ person.purchases }} orders.</p>{% endif %}"
        "{% endpersonal %}"
        '<p>{{ postal_address }}</p><a href="{{ unsubscribe_url }}">Unsubscribe</a></body></html>'
    ),
    "body.txt.j2": "Dear {{ person.first_name }}\n{{ postal_address }}\n{{ unsubscribe_url }}",
}


class Bench:
    """What all worlds of one test process share: keys, warehouses to copy, a simulator, perhaps a PostgreSQL server."""

    def __init__(self, folder: Path, postgres: str | None = None) -> None:
        self.folder, self.postgres = folder, postgres
        self._simulator: Simulator | None = None
        self._secrets = DataPaths(folder).secrets
        load_secrets(DataPaths(folder))

    @property
    def simulator(self) -> Simulator:
        """One that accepts and lets nothing happen afterwards."""
        self._simulator = self._simulator or Simulator(self.folder / "simulator")
        return self._simulator

    def data_folder(self, people: int, planned_by: int | None) -> Path:
        """A fresh data folder with keys, a template, and a warehouse in which `people` may be mailed.

        `planned_by`: with the campaign frozen in chunks of that size, in an SQLite ledger; None: nothing is planned yet.
        """
        stem = self.folder / f"people-{people}-{planned_by}"
        if not stem.exists() and planned_by is None:
            _fill(stem, self._secrets, people)
        elif not stem.exists():
            shutil.copytree(self.data_folder(people, None), stem)
            _freeze(stem, planned_by)
        root = self.folder / "worlds" / uuid.uuid4().hex[:12]
        shutil.copytree(stem, root)
        return root

    def ledger_url(self, kind: str, root: Path) -> str:
        """A ledger with what is planned: the file in the data folder, or a schema of its own on the server."""
        file = f"sqlite:///{DataPaths(root).ledger}"
        if kind == "sqlite":
            return file
        assert self.postgres
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            connection.execute(f"create schema w{root.name}")
        plain = self.postgres.replace("postgresql://", "postgresql+psycopg://", 1)
        url = f"{plain}?options=-csearch_path%3Dw{root.name}"
        if DataPaths(root).ledger.exists():
            copy_ledger(file, url, load_secrets(DataPaths(root)))
        return url

    def stop(self) -> None:
        if self._simulator:
            self._simulator.stop()


def copy_ledger(source: str, target: str, secrets: Secrets) -> None:
    """All rows of one ledger into another, as a backup and its restoration do."""
    old, new = open_ledger(source, secrets), open_ledger(target, secrets)
    with old.read() as reading, new.write() as writing:
        for table in reversed(metadata.sorted_tables):
            writing.execute(delete(table))
        for table in metadata.sorted_tables:
            if rows := [dict(row) for row in reading.execute(select(table)).mappings()]:
                writing.execute(insert(table), rows)
    old.close()
    new.close()


def _fill(stem: Path, secrets: Path, people: int) -> None:
    """Keys, template, and a populated warehouse whose address keys are those of the addresses."""
    paths = DataPaths(stem)
    (stem / "templates" / "spring").mkdir(parents=True)
    for name, text in TEMPLATE.items():
        (stem / "templates" / "spring" / name).write_text(text)
    shutil.copy(secrets, paths.secrets)
    key = load_secrets(paths).address_key
    populate(paths, people)
    with open_warehouse(paths) as warehouse:
        known = warehouse.execute("select subscriber_id, email from core.identities").fetchall()
        keys = {subscriber: address_key(key, email) for subscriber, email in known}
        pairs = pa.table({"id": list(keys), "key": list(keys.values())})
        warehouse.register("pairs", pairs)
        for table in ("identities", "subscribers"):
            warehouse.execute(f"update core.{table} set address_key = key from pairs where subscriber_id = id")


def _freeze(stem: Path, chunk_size: int) -> None:
    """Plan the campaign there, in a process of its own as ever."""
    ledger = f"sqlite:///{DataPaths(stem).ledger}"
    child = Child(run, task_for(stem, ledger, "http://nowhere", chunk_size, ("plan",)))
    result = child.answer()
    child.wait()
    assert result is not None
    assert not result.error, result


def task_for(root: Path, ledger: str, host: str, chunk_size: int, steps: tuple[str, ...], **fields: Any) -> Task:
    """A task on the one campaign of these tests."""
    environment = {"TRADEWIND_TEMPLATES": str(root / "templates"), **fields.pop("environment", {})}
    return Task(
        root=root, ledger=ledger, host=host, campaign=CAMPAIGN, occurrence=OCCURRENCE, at=AT, chunk_size=chunk_size,
        steps=steps, environment=environment, **fields,
    )  # fmt: skip
