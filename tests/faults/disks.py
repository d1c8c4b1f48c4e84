"""4. Full disks, torn files, flipped bits."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from include.core.errors import LedgerBehindJournal, PlanDamaged, PublishError
from include.publish.read_back import verify
from tests.faults.catalogue import SQLITE, fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.injection import Injection
from tests.faults.kills import assert_copied, fill_with_marts
from tests.faults.scenario import DAG, Scenario

DISK_BYTES = 64 * 2**20


@contextmanager
def full_disk(folder: Path, leave: int) -> Iterator[dict[str, Any]]:
    """Mount a separate disk with `leave` free bytes (a filled tmpfs) over `folder` for the duration of the context.

    If this process may not mount, the yielded options limit the size of a task's files instead (RLIMIT_FSIZE).
    """
    aside = folder.with_name(f"{folder.name}.aside")
    folder.mkdir(parents=True, exist_ok=True)
    if not _mounted(folder, aside):
        yield {"file_limit": max((path.stat().st_size for path in folder.rglob("*")), default=0) + leave}
        return
    try:
        ballast = folder / "ballast"
        with ballast.open("wb") as file:
            free = shutil.disk_usage(folder).free
            file.write(bytes(max(0, free - leave)))
        yield {}
        ballast.unlink()
        shutil.copytree(folder, aside, dirs_exist_ok=True, symlinks=True)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
    shutil.rmtree(folder)
    aside.rename(folder)


def _mounted(folder: Path, aside: Path) -> bool:
    """Mount a small disk with the same content over the folder; returns whether that succeeded."""
    shutil.copytree(folder, aside, symlinks=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tradewind-faults", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        shutil.rmtree(aside)
        return False
    shutil.copytree(aside, folder, dirs_exist_ok=True, symlinks=True)
    shutil.rmtree(aside)
    return True


@fault(4, "the ledger's disk is full during a send", ledgers=SQLITE, monitored=False)
def full_ledger(scenario: Scenario) -> Allowed:
    """Without an intent on disk nothing is sent; an answer that cannot be written down is a doubt."""
    with full_disk(scenario.paths.ledger.parent, 4096 * scenario.random.randint(0, 60)) as limits:
        for _ in range(2):
            scenario.run(**limits)
    failed = [result for result in scenario.results if result and result.error]
    scenario.finish()
    return Allowed(doubtful=CONNECTIONS * len(failed))


@fault(4, "the warehouse's disk is full", ledgers=SQLITE, planned=False)
def full_warehouse(scenario: Scenario) -> Allowed:
    """Planning and recording fail and leave nothing half; with space again they go on."""
    if early := scenario.random.random() < 0.5:
        scenario.finish("plan", "send", "settle")
    with full_disk(scenario.paths.warehouse.parent, scenario.random.randint(0, 1_000_000)) as limits:
        result = scenario.run(*(("record",) if early else DAG), **limits)
    assert result is not None
    scenario.finish(*DAG)
    assert_copied(scenario)
    return Allowed()


@fault(4, "the publishing disk is full", ledgers=SQLITE)
def full_published(scenario: Scenario) -> Allowed:
    """What was published before stays, whole."""
    scenario.finish("send", "settle", "record")
    fill_with_marts(scenario)
    before = scenario.finish("publish").returned["publish"]
    with full_disk(scenario.paths.published, scenario.random.randint(0, 2_000_000)) as limits:
        result = scenario.run("publish", **limits)
        assert result is not None
        assert result.error == PublishError.__name__, result
        assert verify(scenario.paths)["build"] == before
    assert scenario.finish("publish").returned["publish"] == verify(scenario.paths)["build"] != before
    return Allowed()


@fault(4, "the ledger's journal is torn after a kill", ledgers=SQLITE, monitored=False)
def torn_ledger(scenario: Scenario) -> Allowed:
    """The end of SQLite's write-ahead log is lost, including fsynced commits: lost requests are not repeated."""
    scenario.run(injections=(Injection("outcome", "after", scenario.random.randint(2, scenario.requests)),))
    assert scenario.kills == 1
    journal = scenario.paths.ledger.with_name(f"{scenario.paths.ledger.name}-wal")
    with journal.open("r+b") as file:
        file.truncate(scenario.random.randint(0, journal.stat().st_size))
    scenario.paths.ledger.with_name(f"{scenario.paths.ledger.name}-shm").unlink()
    result = scenario.run()
    assert result is not None
    assert result.error in ("", LedgerBehindJournal.__name__), result
    if result.error:
        scenario.finish("restore", "resume", "send", "settle")
    return Allowed(doubtful=2 * scenario.requests)


@fault(4, "a bit of a plan's Parquet file flips")
def flipped_bit(scenario: Scenario) -> Allowed:
    """Nothing is sent from a damaged file; after the file is restored, everything is."""
    killed = scenario.random.random() < 0.5
    if killed:
        scenario.run(injections=(Injection("outcome", "after", scenario.random.randint(1, scenario.requests)),))
    name = scenario.random.choice(["part-0000.parquet", "contents.json", "manifest.json"])
    file, taken = scenario.folder / name, len(scenario.simulator.accepted(scenario.campaign.id))
    content = file.read_bytes()
    place = scenario.random.randrange(len(content))
    file.write_bytes(content[:place] + bytes([content[place] ^ 1 << scenario.random.randrange(8)]) + content[place + 1 :])
    refused = scenario.run()
    assert refused is not None
    assert refused.error == PlanDamaged.__name__, refused
    assert len(scenario.simulator.accepted(scenario.campaign.id)) == taken
    file.write_bytes(content)
    scenario.finish()
    return Allowed(doubtful=CONNECTIONS * scenario.kills)
