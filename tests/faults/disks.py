"""4. No space left, torn files, flipped bits."""

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
from tests.faults.kills import assert_copied, fill_with_marts
from tests.faults.points import Doom
from tests.faults.world import DAG, World

DISK_BYTES = 64 * 2**20


@contextmanager
def full_disk(folder: Path, leave: int) -> Iterator[dict[str, Any]]:
    """While it lasts, `folder` is a disk of its own with `leave` bytes free (a tmpfs, filled up).

    Where this process may not mount, what it yields limits the size of every file of a task instead (RLIMIT_FSIZE).
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
    """Put a small disk with the same content over the folder."""
    shutil.copytree(folder, aside, symlinks=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tradewind-faults", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        shutil.rmtree(aside)
        return False
    shutil.copytree(aside, folder, dirs_exist_ok=True, symlinks=True)
    shutil.rmtree(aside)
    return True


@fault(4, "the ledger's disk is full in mid-send", ledgers=SQLITE, watched=False)
def full_ledger(world: World) -> Allowed:
    """Without an intent on disk nothing is sent; an answer that cannot be written down is a doubt."""
    with full_disk(world.paths.ledger.parent, 4096 * world.dice.randint(0, 60)) as limits:
        for _ in range(2):
            world.run(**limits)
    failed = [result for result in world.results if result and result.error]
    world.finish()
    return Allowed(doubtful=CONNECTIONS * len(failed))


@fault(4, "the warehouse's disk is full", ledgers=SQLITE, planned=False)
def full_warehouse(world: World) -> Allowed:
    """Planning and recording fail and leave nothing half; with space again they go on."""
    if early := world.dice.random() < 0.5:
        world.finish("plan", "send", "settle")
    with full_disk(world.paths.warehouse.parent, world.dice.randint(0, 1_000_000)) as limits:
        result = world.run(*(("record",) if early else DAG), **limits)
    assert result is not None
    world.finish(*DAG)
    assert_copied(world)
    return Allowed()


@fault(4, "the publishing disk is full", ledgers=SQLITE)
def full_published(world: World) -> Allowed:
    """What was published before stays, whole."""
    world.finish("send", "settle", "record")
    fill_with_marts(world)
    before = world.finish("publish").returned["publish"]
    with full_disk(world.paths.published, world.dice.randint(0, 2_000_000)) as limits:
        result = world.run("publish", **limits)
        assert result is not None
        assert result.error == PublishError.__name__, result
        assert verify(world.paths)["build"] == before
    assert world.finish("publish").returned["publish"] == verify(world.paths)["build"] != before
    return Allowed()


@fault(4, "the ledger's journal is torn after a kill", ledgers=SQLITE, watched=False)
def torn_ledger(world: World) -> Allowed:
    """The end of SQLite's write-ahead log is lost, with commits that were fsynced: what is forgotten is not sent again."""
    world.run(dooms=(Doom("outcome", "after", world.dice.randint(2, world.requests)),))
    assert world.kills == 1
    journal = world.paths.ledger.with_name(f"{world.paths.ledger.name}-wal")
    with journal.open("r+b") as file:
        file.truncate(world.dice.randint(0, journal.stat().st_size))
    world.paths.ledger.with_name(f"{world.paths.ledger.name}-shm").unlink()
    result = world.run()
    assert result is not None
    assert result.error in ("", LedgerBehindJournal.__name__), result
    if result.error:
        world.finish("reconcile", "resume", "send", "settle")
    return Allowed(doubtful=2 * world.requests)


@fault(4, "a bit of a plan's Parquet file flips")
def flipped_bit(world: World) -> Allowed:
    """Nothing is sent from a damaged file; from the restored one everything."""
    killed = world.dice.random() < 0.5
    if killed:
        world.run(dooms=(Doom("outcome", "after", world.dice.randint(1, world.requests)),))
    name = world.dice.choice(["part-0000.parquet", "contents.json", "manifest.json"])
    file, taken = world.folder / name, len(world.simulator.accepted(world.campaign.id))
    content = file.read_bytes()
    place = world.dice.randrange(len(content))
    file.write_bytes(content[:place] + bytes([content[place] ^ 1 << world.dice.randrange(8)]) + content[place + 1 :])
    refused = world.run()
    assert refused is not None
    assert refused.error == PlanDamaged.__name__, refused
    assert len(world.simulator.accepted(world.campaign.id)) == taken
    file.write_bytes(content)
    world.finish()
    return Allowed(doubtful=CONNECTIONS * world.kills)
