"""Runs a campaign from source to report with every kind of failure, then searches all written files for personal data.

Addresses and names may be where they are needed: in what was landed, in `core.identities` and `quality.quarantine`, in a
plan's parts, in the spool, with the source and the simulated SendGrid. They may be nowhere else, and a key nowhere at all.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from include.analyze import marts, reconcile
from include.core import clock, privacy_request
from include.core.connections import ledger_url
from include.core.paths import PROJECT, DataPaths
from include.core.secrets import load_secrets
from include.dispatch.account.record import record_sends
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.orchestration import privacy
from include.warehouse.connection import open_warehouse
from tests.leak.grep import Hit, hits
from tests.leak.walk import API_KEY, BROKEN, GARBAGE, PEOPLE, words
from tests.running_simulator import RunningSimulator

PERSON_WITH_EVENTS = """
select email, last_name
from core.identities
where subscriber_id in (select subscriber_id from engagement.events)
order by email
limit 1
"""
TABLES_OF_PEOPLE = {"core.identities", "quality.quarantine"}


@dataclass(frozen=True)
class Walked:
    """The files of the walk. `people` are parts of addresses and names; `secrets` are keys and links."""

    paths: DataPaths
    people: list[str]
    secrets: list[str]

    def may_hold_people(self) -> list[Path]:
        paths = self.paths
        parts = list(paths.plans.rglob("part-*.parquet"))
        stores = [paths.landed, paths.spool, paths.demo, paths.simulator, paths.warehouse, paths.secrets]
        return [*parts, *stores, paths.warehouse.with_name(paths.warehouse.name + ".wal")]


@pytest.fixture(scope="session")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    root = tmp_path_factory.mktemp("leak") / "data"
    (root / "logs").mkdir(parents=True)
    with (root / "logs" / "printed.txt").open("wb") as printed:
        subprocess.run(
            [sys.executable, "-m", "tests.leak.walk", str(root)], cwd=PROJECT, stdout=printed, stderr=printed, check=True
        )
    paths = DataPaths(root)
    some = list(islice(words(), PEOPLE))
    people = [f"{part}{word}" for word in some for part in ("zq", "zf", "zl")]
    keys = json.loads(paths.secrets.read_text())
    tokens = {
        token
        for part in paths.plans.rglob("part-*.parquet")
        for token in pq.read_table(part, columns=["token"])["token"].to_pylist()
    }
    secrets = [API_KEY, keys["address_key"], *(pair.split(":")[1] for pair in keys["token_keys"].split(",")), *tokens]
    return Walked(paths, [*people, *BROKEN, *GARBAGE], secrets)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    running = RunningSimulator(tmp_path / "simulator", no_recipients=True)
    yield running
    running.stop()


def shown(found: list[Hit]) -> str:
    return "\n".join(f"{hit.path} {hit.store}: {hit.needle} in {hit.around!r}" for hit in found[:20])


def test_the_walk_has_every_kind_of_failure(walked: Walked) -> None:
    failures = json.loads((walked.paths.root / "logs" / "failures.json").read_text())
    assert {"QualityStop", "SourceError", "PlanError", "CampaignStopped", "EspUnavailable"} <= set(failures)
    results = {
        name: value
        for each in json.loads((walked.paths.root / "logs" / "xcom.json").read_text())
        for name, value in each.items()
    }
    assert results["settle"]["accepted"] > 100
    assert results["settle"]["rejected"] > 5
    assert results["settle"]["in_doubt"] > 10
    assert results["load_spool"]["new"] > 100
    assert results["load_spool"]["quarantined"] >= 4
    assert results["publish"]["tables"]
    assert len(list(walked.paths.alerts.glob("*Z-*.json"))) >= len(failures)


def test_the_search_finds_people_in_files_that_may_contain_them(walked: Walked) -> None:
    """Without this, a search that finds nothing would pass."""
    for place in (walked.paths.landed, walked.paths.plans, walked.paths.spool, walked.paths.warehouse):
        assert len({hit.needle for hit in hits(place, walked.people)}) > 100, place
    assert {hit.needle for hit in hits(walked.paths.spool, GARBAGE)} == {"zqgarbage", "zqcut"}


def test_no_other_file_contains_a_person(walked: Walked) -> None:
    found = hits(walked.paths.root, walked.people, skip=walked.may_hold_people())
    assert found == [], shown(found)


def test_no_other_table_of_the_warehouse_contains_a_person(walked: Walked) -> None:
    found = hits(walked.paths.warehouse, walked.people, skip_tables=TABLES_OF_PEOPLE)
    assert found == [], shown(found)


def test_reasons_of_broken_batches_quote_nothing(walked: Walked) -> None:
    reasons = [path for path in (walked.paths.spool / "broken").iterdir() if path.suffix != ".json"]
    assert reasons
    found = [hit for path in reasons for hit in hits(path, walked.people)]
    assert found == [], shown(found)


def test_keys_and_links_are_written_only_where_needed(walked: Walked) -> None:
    """Links are only in messages and clicks, the two keys only in `secrets.json`, the API key nowhere."""
    found = hits(walked.paths.root, walked.secrets, skip=walked.may_hold_people())
    assert found == [], shown(found)
    found = hits(walked.paths.warehouse, walked.secrets)
    assert found == [], shown(found)
    found = hits(walked.paths.root, [API_KEY], skip=[walked.paths.simulator])
    assert found == [], shown(found)


def test_an_erased_person_is_in_no_file_and_all_sums_hold(
    walked: Walked, tmp_path: Path, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = DataPaths(Path(shutil.copytree(walked.paths.root, tmp_path / "data", symlinks=True)))
    account = {"conn_type": "http", "host": simulator.base_url, "password": simulator.key}
    monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps(account))
    secrets = load_secrets(paths)
    ledger = open_ledger(ledger_url(paths), secrets)
    stores = Stores(paths, ledger, secrets)
    with open_warehouse(paths) as warehouse:
        email, last_name = warehouse.execute(PERSON_WITH_EVENTS).fetchall()[0]
    not_ours = [paths.demo, paths.simulator]
    assert len({hit.path for hit in hits(paths.root, [email, last_name], skip=not_ours)}) > 5
    request = privacy.find(stores, {"request": privacy_request.create(paths, "erase", email).id})
    for step in (privacy.suppress, privacy.erase_files, privacy.erase_warehouse, privacy.erase_at_sendgrid, privacy.prove):
        result = step(stores, request)
    privacy.record(stores, request, exported=None, proved=result)
    found = hits(paths.root, [email, last_name], skip=not_ours)
    assert found == [], shown(found)
    record_sends(stores)
    marts.build_marts(stores, as_of=clock.now())
    assert all(reconcile.check_sums(paths).values())
    ledger.close()
