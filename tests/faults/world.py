"""One campaign in a data folder of its own, and what can be done to it."""

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
from tests.faults.bench import CAMPAIGN, OCCURRENCE, PLAN_ID, Bench, task_for
from tests.faults.points import Doom
from tests.faults.processes import Child
from tests.faults.victim import Result, run

DAG = ("plan", "send", "settle", "record")
SEND = ("send", "settle")
MAX_RUNS = 12
LOOK_SECONDS = 0.1


@dataclass
class World:
    """`people` to be sent to in chunks of `chunk_size`, a ledger, a SendGrid. One at a time on a bench.

    `planned`: the plan is frozen already. `watched`: conservation is looked at all the time.
    """

    bench: Bench
    dice: Random
    kind: str = "sqlite"
    people: int = 120
    chunk_size: int = 10
    planned: bool = True
    watched: bool = True
    runs: int = 0
    kills: int = 0
    results: list[Result | None] = field(default_factory=list)
    campaign: Campaign = CAMPAIGN
    plan_id: str = PLAN_ID

    def __post_init__(self) -> None:
        self.root = self.bench.data_folder(self.people, self.chunk_size if self.planned else None)
        self.paths = DataPaths(self.root)
        self.secrets = load_secrets(self.paths)
        self.ledger_url = self.bench.ledger_url(self.kind, self.root)
        self.simulator = self.bench.simulator
        self.simulator.reset()
        self.host = self.simulator.url
        self._ledger: Ledger | None = None
        self.watch = Watch(self.ledger, self.plan_id) if self.watched else None

    @property
    def ledger(self) -> Ledger:
        """The test's own door to the ledger."""
        self._ledger = self._ledger or open_ledger(self.ledger_url, self.secrets)
        return self._ledger

    @property
    def stores(self) -> Stores:
        return Stores(self.paths, self.ledger, self.secrets)

    @property
    def folder(self) -> Path:
        return self.paths.plans / self.campaign.id / OCCURRENCE

    @property
    def requests(self) -> int:
        """The plan needs at least so many, if nothing goes wrong."""
        return -(-self.people // self.chunk_size)

    def begin(self, *steps: str, dooms: tuple[Doom, ...] = (), **fields: Any) -> Child:
        """Start a task."""
        host = fields.pop("host", self.host)
        task = task_for(self.root, self.ledger_url, host, self.chunk_size, steps or SEND, dooms=dooms, **fields)
        self.runs += 1
        return Child(run, task)

    def end(self, child: Child) -> Result | None:
        """Wait for a task: its result, None for one that was killed."""
        result = child.answer()
        status = child.wait()
        self.kills += result is None
        assert result is not None or status < 0, f"a task ended with {status} and said nothing"
        self.results.append(result)
        return result

    def run(self, *steps: str, dooms: tuple[Doom, ...] = (), **fields: Any) -> Result | None:
        return self.end(self.begin(*steps, dooms=dooms, **fields))

    def finish(self, *steps: str, **fields: Any) -> Result:
        """Run the DAG again, as Airflow's retries and an operator would, until it succeeds."""
        for _ in range(MAX_RUNS):
            result = self.run(*steps, **fields)
            if result and not result.error:
                return result
            assert result is None or result.retryable, f"{result.error}: {result.text}"
        raise AssertionError(f"did not finish in {MAX_RUNS} runs: {self.results[-1]}")

    def tally(self) -> counts.Tally:
        with self.ledger.read() as connection:
            return counts.require_conservation(connection, self.plan_id)

    def wire(self) -> list[dict[str, Any]]:
        """Everybody planned, as on the wire: message_key, email, address_key, token; in the order of chunks."""
        parts = sorted(self.folder.glob("part-*.parquet"))
        return [row for part in parts for row in pq.read_table(part).to_pylist()]

    def close(self) -> None:
        """Let go of the ledger. Call before its files are touched."""
        if self.watch:
            self.watch.stop()
        if self._ledger:
            self._ledger.close()
            self._ledger = None

    def remove(self) -> None:
        self.close()
        if self.bench.postgres and self.kind == "postgres":
            with psycopg.connect(self.bench.postgres, autocommit=True) as connection:
                connection.execute(f"drop schema w{self.root.name} cascade")
        shutil.rmtree(self.root, ignore_errors=True)


class Watch:
    """Looks at the sums again and again while the world lives."""

    def __init__(self, ledger: Ledger, plan_id: str) -> None:
        self._ledger, self._plan_id = ledger, plan_id
        self.looks, self.broken = 0, ""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(LOOK_SECONDS) and not self.broken:
            try:
                self.looks += self._adds_up()
            except Exception as error:  # noqa: BLE001  (a look that fails is a finding, not the end of looking)
                self.broken = f"{type(error).__name__}: {error}"

    def _adds_up(self) -> bool:
        """False where the plan is not there; a ledger from a backup may know nothing of it. Raises `ConservationBroken`."""
        with self._ledger.read() as connection:
            if not connection.scalar(select(plans.c.plan_id).where(plans.c.plan_id == self._plan_id)):
                return False
            counts.require_conservation(connection, self._plan_id)
            return True
