"""Files are deleted when they are older than the retention allows, and not before; a dry run only counts them."""

from __future__ import annotations

import gzip
import os
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from include.core import clock
from include.core.errors import ConfigurationError
from include.core.paths import PROJECT, DataPaths
from include.dispatch.account.record import record_sends
from include.ledger import plans
from include.ledger.stores import Stores
from include.orchestration import privacy
from include.privacy import log_rotation
from include.privacy.expired_rows import Tables
from include.privacy.retention import FILE, Retention, delete_expired, load_retention
from operations import processes
from tests.dispatch.frozen import frozen_plan
from tests.rows import subscriber
from tests.validate.conftest import land_rows

DAYS = 30
TABLES = {
    "quarantine": DAYS, "quarantined_events": 31, "activities": 31, "identities": DAYS, "quality": 31, "segments": 31,
    "purchases": None, "sends": None, "events": None, "outcomes": None,
}  # fmt: skip
RETENTION = Retention(
    landed=DAYS, spool=DAYS, plans=DAYS, previews=DAYS, privacy_exports=None, quarantine_exports=DAYS,
    evidence=DAYS, alerts=DAYS, quality_pages=DAYS, task_logs=DAYS, service_logs=DAYS, published=7, at_most_mb={},
    tables=Tables(**TABLES),
)  # fmt: skip
NO_ROWS = {
    "tables.quarantine": 0,
    "tables.quarantined_events": 0,
    "tables.activities": 0,
    "tables.identities": 0,
    "tables.quality": 0,
    "tables.segments": 0,
}
OLD_FILES = (
    "spool/archive/20260101/1.json", "spool/activities/archive/20260101/1.jsonl", "spool/broken/1.json",
    "previews/newsletter/run.html", "quarantine/subscribers.csv", "evidence/1.json", "alerts/1.json",
    "quality/run.html", "airflow/logs/dag_id=a/attempt=1.log", "published/dated/2026-01-01.duckdb",
    "services/edge.log.20260101T000000.gz",
)  # fmt: skip
KEPT_FILES = (
    "privacy/exports/1.zip",
    "alerts/known",
    "quality/latest.html",
    "airflow/airflow.db",
    "spool/incoming/1.json",
    "services/edge.log",
    "spool/departures.log",
    "spool/consent.log",
)


def fill(paths: DataPaths) -> list[Path]:
    """One file of each kind, and a landed batch that a newer one follows; returns what expires."""
    for name in (*OLD_FILES, *KEPT_FILES):
        (paths.root / name).parent.mkdir(parents=True, exist_ok=True)
        (paths.root / name).write_text("{}")
    batches = [paths.root / land_rows(paths, "subscribers", [subscriber(1)])["folder"] for _ in range(2)]
    return [batches[0], *(paths.root / name for name in OLD_FILES)]


def test_expired_files_are_deleted_and_a_dry_run_counts_them(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = stores.paths
    expiring = fill(paths)
    (paths.root / "spool/archive/20260101").rename(paths.root / "spool/archive/29991231")
    (paths.root / "spool/activities/archive/20260101").rename(paths.root / "spool/activities/archive/29991231")
    dated = paths.dated_builds / "2026-01-01.duckdb"
    dated.rename(paths.dated_builds / "2999-12-31.duckdb")
    assert set(delete_expired(stores, RETENTION, dry_run=False).values()) == {0}
    (paths.dated_builds / "2999-12-31.duckdb").rename(dated)
    (paths.root / "spool/archive/29991231").rename(paths.root / "spool/archive/20260101")
    (paths.root / "spool/activities/archive/29991231").rename(paths.root / "spool/activities/archive/20260101")
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str((DAYS + 1) * 86_400))
    expected = {"landed": 1, "spool": 3, "plans": 0, "previews": 1, "privacy_exports": 0, "quarantine_exports": 1}
    expected |= {"evidence": 1, "alerts": 1, "quality_pages": 1, "task_logs": 1, "service_logs": 1, "published": 1}
    expected |= NO_ROWS
    assert delete_expired(stores, RETENTION, dry_run=True) == expected
    assert not paths.warehouse.exists()
    assert all(path.exists() for path in expiring)
    assert delete_expired(stores, RETENTION, dry_run=False) == expected
    assert not any(path.exists() for path in expiring)
    assert all((paths.root / name).is_file() for name in KEPT_FILES)
    assert len(list(paths.landed.glob("*/*/manifest.json"))) == 1
    assert set(delete_expired(stores, RETENTION, dry_run=False).values()) == {0}


@pytest.mark.parametrize(("state", "parts"), [("done", 0), ("cancelled", 0), ("paused", 1), ("stopped", 1), ("sending", 1)])
def test_only_campaigns_that_have_ended_lose_their_addresses(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, state: str, parts: int
) -> None:
    plan_id = frozen_plan(stores, 10, chunk_size=10)
    plans.change_state(stores.ledger, plan_id, state, from_states=("sending",))
    plan = plans.find_plan(stores.ledger, plan_id)
    assert plan is not None
    folder = stores.paths.root / plan.folder
    assert delete_expired(stores, RETENTION, dry_run=False)["plans"] == 0
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str((DAYS + 1) * 86_400))
    assert delete_expired(stores, RETENTION, dry_run=False)["plans"] == 1 - parts
    assert len(list(folder.glob("part-*.parquet"))) == parts
    record_sends(stores)


@pytest.mark.parametrize(
    ("run_type", "form", "is_deleted"), [("scheduled", True, True), ("manual", True, False), ("manual", False, True)]
)
def test_a_manual_run_is_a_dry_run_unless_its_form_says_otherwise(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, run_type: str, form: bool, is_deleted: bool
) -> None:
    page = stores.paths.previews / "newsletter" / "run.html"
    page.parent.mkdir(parents=True)
    page.write_text("")
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(400 * 86_400))
    run = SimpleNamespace(run_type=run_type)
    assert privacy.delete_expired(stores, run, {"dry_run": form})["previews"] == 1
    assert page.exists() is not is_deleted


def test_the_shipped_file_is_valid_and_a_mistake_names_line_and_field(tmp_path: Path) -> None:
    assert load_retention().landed == 90
    for wrong, place in (
        ("landed: 1 ", "line 3"),
        ("landd: 90", "landd"),
        ("landed: null", "tables: .*quarantine must be null or at least"),
    ):
        file = tmp_path / "retention.yaml"
        file.write_text(FILE.read_text().replace("landed: 90", wrong))
        with pytest.raises(ConfigurationError, match=place):
            load_retention(file)


@pytest.mark.parametrize("table", ["purchases", "sends", "events", "outcomes"])
def test_rows_that_sums_and_consent_rest_on_are_never_deleted_by_age(tmp_path: Path, table: str) -> None:
    file = tmp_path / "retention.yaml"
    file.write_text(FILE.read_text().replace(f"{table}: null", f"{table}: 400"))
    with pytest.raises(ConfigurationError, match=rf"tables\.{table}: .*must be null: .*(each night|experiments)"):
        load_retention(file)


def test_beyond_its_size_the_oldest_of_a_kind_leave(stores: Stores) -> None:
    folder = stores.paths.airflow_logs / "dag_id=a"
    folder.mkdir(parents=True)
    for age in range(4):
        path = folder / f"attempt={age}.log"
        path.write_bytes(bytes(600_000))
        at = clock.now().timestamp() - age * 3600
        os.utime(path, (at, at))
    limited = RETENTION.model_copy(update={"at_most_mb": {"task_logs": 2}})
    assert delete_expired(stores, limited, dry_run=True)["task_logs"] == 1
    assert delete_expired(stores, limited, dry_run=False)["task_logs"] == 1
    assert sorted(path.name for path in folder.iterdir()) == [f"attempt={age}.log" for age in range(3)]


SERVICE = """
import sys, time
while True:
    print("x" * 999, flush=True)
    time.sleep(0.0002)
"""


def test_a_service_goes_on_in_its_rotated_log(stores: Stores) -> None:
    """A running process, whose log is rotated under it: the old lines are compressed, the new ones are in the same file."""
    log = stores.paths.services / "edge.log"
    pid = processes.spawn([sys.executable, "-c", SERVICE], environment=dict(os.environ), log=log, folder=PROJECT)
    try:
        while log.stat().st_size < log_rotation.AT_LEAST_BYTES:
            time.sleep(0.01)
        delete_expired(stores, RETENTION, dry_run=True)
        assert list(log.parent.glob(log_rotation.ROTATED)) == []
        delete_expired(stores, RETENTION, dry_run=False)
        at_once = log.stat().st_size
        deadline = time.monotonic() + 20
        while log.stat().st_size <= at_once and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    (rotated,) = log.parent.glob(log_rotation.ROTATED)
    assert gzip.decompress(rotated.read_bytes()).startswith(b"x" * 999)
    content = log.read_bytes()
    assert 0 < len(content) < log_rotation.AT_LEAST_BYTES
    assert content.strip(b"x\n") == b"", "no hole of zeros where the old lines were"
