"""A scenario: one campaign in its own data folder, with methods that run its tasks."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pyarrow.parquet as pq
from sqlalchemy import select

from include.core.campaign import Campaign
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.ledger import counts
from include.ledger.database import Ledger, open_ledger
from include.ledger.stores import Stores
from include.ledger.tables import plans
from tests.faults.injection import Injection
from tests.faults.processes import Child
from tests.faults.resources import CAMPAIGN, OCCURRENCE, PLAN_ID, Resources, task_for
from tests.faults.task import Result, run

DAG = ("plan", "send", "settle", "record")
SEND = ("send", "settle")
MAX_RUNS = 12
CHECK_SECONDS = 0.1


@dataclass
class Scenario:
    """A send to `people` in chunks of `chunk_size`, with a ledger and a simulated SendGrid. One at a time per process.

    `planned`: the plan is already frozen. `monitored`: a thread checks conservation during the scenario.
    """

    resources: Resources
    random: Random
    kind: str = "sqlite"
    people: int = 120
    chunk_size: int = 10
    planned: bool = True
    monitored: bool = True
    runs: int = 0
    kills: int = 0
    results: list[Result | None] = field(default_factory=list)
    campaign: Campaign = CAMPAIGN
    plan_id: str = PLAN_ID
    occurrence: str = OCCURRENCE

    def __post_init__(self) -> None:
        self.root = self.resources.data_folder(self.people, self.chunk_size if self.planned else None)
        self.paths = DataPaths(self.root)
        self.secrets = load_secrets(self.paths)
        self.ledger_url = self.resources.ledger_url(self.kind, self.root)
        self.simulator = self.resources.simulator
        self.simulator.reset()
        self.host = self.simulator.url
        self._ledger: Ledger | None = None
        self.monitor = ConservationMonitor(self.ledger, self.plan_id) if self.monitored else None

    @property
    def ledger(self) -> Ledger:
        """The test's own connection to the ledger."""
        self._ledger = self._ledger or open_ledger(self.ledger_url, self.secrets)
        return self._ledger

    @property
    def stores(self) -> Stores:
        return Stores(self.paths, self.ledger, self.secrets)

    @property
    def folder(self) -> Path:
        return self.paths.plans / self.campaign.id / self.occurrence

    @property
    def requests(self) -> int:
        """The number of requests that the plan needs if nothing fails."""
        return -(-self.people // self.chunk_size)

    def start(self, *steps: str, injections: tuple[Injection, ...] = (), **fields: Any) -> Child:
        """Start a task."""
        host = fields.pop("host", self.host)
        task = task_for(self.root, self.ledger_url, host, self.chunk_size, steps or SEND, injections=injections, **fields)
        self.runs += 1
        return Child(run, task)

    def wait_for(self, child: Child) -> Result | None:
        """Wait for a task: its result, None for one that was killed."""
        result: Result | None = child.result()
        status = child.wait()
        self.kills += result is None
        assert result is not None or status < 0, f"a task ended with {status} and no result"
        self.results.append(result)
        return result

    def run(self, *steps: str, injections: tuple[Injection, ...] = (), **fields: Any) -> Result | None:
        return self.wait_for(self.start(*steps, injections=injections, **fields))

    def finish(self, *steps: str, **fields: Any) -> Result:
        """Rerun the DAG, as Airflow's retries and an operator would, until it succeeds."""
        for _ in range(MAX_RUNS):
            result = self.run(*steps, **fields)
            if result and not result.error:
                return result
            assert result is None or result.retryable, f"{result.error}: {result.text}"
        raise AssertionError(f"did not finish in {MAX_RUNS} runs: {self.results[-1]}")

    def tally(self) -> counts.Tally:
        with self.ledger.read() as connection:
            return counts.require_conservation(connection, self.plan_id)

    def planned_people(self) -> list[dict[str, Any]]:
        """The rows of the plan's files (message_key, email, address_key, token), in the order of chunks."""
        parts = sorted(self.folder.glob("part-????.parquet"))
        return [row for part in parts for row in pq.read_table(part).to_pylist()]

    def close(self) -> None:
        """Close the ledger. Call this before changing its files."""
        if self.monitor:
            self.monitor.stop()
        if self._ledger:
            self._ledger.close()
            self._ledger = None

    def remove(self) -> None:
        self.close()
        if self.resources.postgres and self.kind == "postgres":
            with psycopg.connect(self.resources.postgres, autocommit=True) as connection:
                connection.execute(f"drop schema w{self.root.name} cascade")
        shutil.rmtree(self.root, ignore_errors=True)


class ConservationMonitor:
    """Repeatedly checks that the plan's counts add up."""

    def __init__(self, ledger: Ledger, plan_id: str) -> None:
        self._ledger, self._plan_id = ledger, plan_id
        self.checks, self.broken = 0, ""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(CHECK_SECONDS) and not self.broken:
            try:
                self.checks += self._adds_up()
            except Exception as error:  # noqa: BLE001  (a failed check is a finding)
                self.broken = f"{type(error).__name__}: {error}"

    def _adds_up(self) -> bool:
        """Raises `ConservationBroken`; False if the ledger has no such plan, as one restored from a backup may not."""
        with self._ledger.read() as connection:
            if not connection.scalar(select(plans.c.plan_id).where(plans.c.plan_id == self._plan_id)):
                return False
            counts.require_conservation(connection, self._plan_id)
            return True
