"""What the scenarios of a test process share: keys, warehouses and plans to copy, a simulator, a PostgreSQL server."""

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
from tests.faults.task import Task, run

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


class Resources:
    """The shared resources of one test process; without `postgres`, only scenarios on SQLite are possible."""

    def __init__(self, folder: Path, postgres: str | None = None) -> None:
        self.folder, self.postgres = folder, postgres
        self._simulator: Simulator | None = None
        self._secrets = DataPaths(folder).secrets
        load_secrets(DataPaths(folder))

    @property
    def simulator(self) -> Simulator:
        """A simulator that accepts messages and produces no events."""
        self._simulator = self._simulator or Simulator(self.folder / "simulator")
        return self._simulator

    def data_folder(self, people: int, chunk_size: int | None) -> Path:
        """A fresh data folder with keys, a template, and a warehouse with this many mailable people.

        `chunk_size`: the campaign is frozen in chunks of that size, in an SQLite ledger; None: nothing is planned.
        """
        stem = self.folder / f"people-{people}-{chunk_size}"
        if not stem.exists() and chunk_size is None:
            _prepare(stem, self._secrets, people)
        elif not stem.exists() and chunk_size is not None:
            shutil.copytree(self.data_folder(people, None), stem)
            _freeze(stem, chunk_size)
        root = self.folder / "scenarios" / uuid.uuid4().hex[:12]
        shutil.copytree(stem, root)
        return root

    def ledger_url(self, kind: str, root: Path) -> str:
        """The ledger with the frozen plan: the file in the data folder, or a new schema on the server."""
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
    """Copy all rows of one ledger into another, as a backup and a restore do."""
    old, new = open_ledger(source, secrets), open_ledger(target, secrets)
    with old.read() as reading, new.write() as writing:
        for table in reversed(metadata.sorted_tables):
            writing.execute(delete(table))
        for table in metadata.sorted_tables:
            if rows := [dict(row) for row in reading.execute(select(table)).mappings()]:
                writing.execute(insert(table), rows)
    old.close()
    new.close()


def _prepare(stem: Path, secrets: Path, people: int) -> None:
    """Write keys, a template, and a populated warehouse with real address keys."""
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
    """Freeze the campaign's plan in that folder, in a child process."""
    ledger = f"sqlite:///{DataPaths(stem).ledger}"
    child = Child(run, task_for(stem, ledger, "http://nowhere", chunk_size, ("plan",)))
    result = child.result()
    child.wait()
    assert result is not None
    assert not result.error, result


def task_for(root: Path, ledger: str, host: str, chunk_size: int, steps: tuple[str, ...], **fields: Any) -> Task:
    """A task for the campaign of these tests."""
    environment = {"TRADEWIND_TEMPLATES": str(root / "templates"), **fields.pop("environment", {})}
    campaign = fields.pop("campaign", CAMPAIGN)
    return Task(
        root=root, ledger=ledger, host=host, campaign=campaign, occurrence=OCCURRENCE, at=AT, chunk_size=chunk_size,
        steps=steps, environment=environment, **fields,
    )  # fmt: skip
