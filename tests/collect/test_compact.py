"""Packing the archive of the spool: one file per past day, nothing lost, nothing doubled, and nobody kept who was erased."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from include.collect import compact, packed
from include.collect.compact import compact_archive
from include.collect.erase import erase_spool
from include.core.durable import sync_file
from include.core.errors import ArchiveDamaged
from include.core.person import Person
from include.ledger.database import Ledger
from include.privacy import scan
from tests.collect.conftest import RECEIVED, World, make_event

ADA = Person(("s0",), ("person0@example.org",), ("k",), "pseudonym")
FILES = 5


@pytest.fixture
def loaded(world: World) -> World:
    """Batches of a past day about two people, and activities of another day, all loaded."""
    ada, ben = world.send(2)
    world.load(*([make_event(ada, "open", at), make_event(ben, "open", at)] for at in range(FILES)))
    posted = world.paths.spool / "activities" / "archive" / "20261123" / "20261123T050000000000Z-a.jsonl"
    posted.parent.mkdir(parents=True)
    posted.write_bytes(b'{"subscriber_id": "s0", "name": "x"}\n{"subscriber_id": "s1", "name": "x"}\n')
    return world


def day_of(world: World) -> Path:
    return world.paths.spool / "archive" / f"{RECEIVED:%Y%m%d}"


def everything(world: World) -> list[tuple[str, bytes]]:
    """Every file of the archive by name, packed or not; a file that is there twice is listed twice."""
    found = list[tuple[str, bytes]]()
    for day in packed.days(world.paths):
        found += [(name, content) for name, content, _ in packed.read(day)]
        found += [(path.name, path.read_bytes()) for path in compact.loose_files(day)]
    return sorted(found)


def test_a_past_day_becomes_one_file_with_the_same_bytes(loaded: World) -> None:
    before = everything(loaded)
    assert len(before) == FILES + 1
    assert compact_archive(loaded.paths) == {"days": 2, "files": FILES + 1}
    assert everything(loaded) == before
    assert [path.name for path in day_of(loaded).iterdir()] == [packed.NAME]
    with tarfile.open(day_of(loaded) / packed.NAME) as archive:
        assert archive.getnames() == [name for name, _ in before if name.endswith(".json")]
    assert (day_of(loaded) / packed.NAME).stat().st_mode & 0o777 == 0o640
    assert compact_archive(loaded.paths) == {"days": 0, "files": 0}


def test_a_day_that_ended_less_than_a_day_ago_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (ada,) = world.send()
    world.load([make_event(ada, "open")])
    monkeypatch.setattr(
        "include.core.clock.now", lambda: RECEIVED.replace(hour=0) + 2 * compact.QUIET - compact.QUIET / 1000
    )
    assert compact_archive(world.paths) == {"days": 0, "files": 0}
    monkeypatch.setattr("include.core.clock.now", lambda: RECEIVED.replace(hour=0) + 2 * compact.QUIET)
    assert compact_archive(world.paths) == {"days": 1, "files": 1}


def test_a_file_that_is_loaded_late_is_added(loaded: World) -> None:
    compact_archive(loaded.paths)
    loaded.load([make_event(loaded.people[0], "click", 70)])
    before = everything(loaded)
    assert len(before) == FILES + 2
    assert compact_archive(loaded.paths) == {"days": 1, "files": 1}
    assert everything(loaded) == before


def test_a_packed_day_can_be_loaded_again(loaded: World) -> None:
    compact_archive(loaded.paths)
    loaded.query("delete from engagement.events; delete from engagement.spool_files")
    subprocess.run(["tar", "-xzf", day_of(loaded) / packed.NAME, "-C", loaded.paths.spool / "incoming"], check=True)
    assert loaded.load()["new"] == 2 * FILES


def killed_after(steps: int, world: World) -> bool:
    """Pack in a process that is killed before its n-th change of a file; returns whether it was killed."""

    def work() -> None:
        left = iter(range(steps))

        def counted(change: Any) -> Any:
            def changed(*arguments: Any, **options: Any) -> Any:
                if next(left, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                return change(*arguments, **options)

            return changed

        for name in ("replace", "unlink"):
            setattr(Path, name, counted(getattr(Path, name)))
        setattr(packed, "sync_file", counted(sync_file))  # noqa: B010  (not exported)
        compact_archive(world.paths)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(60)
    return process.exitcode == -signal.SIGKILL


def unpack(world: World) -> None:
    """The archive as it was before it was packed."""
    for day in packed.days(world.paths):
        for name, content, _ in list(packed.read(day)):
            (day / name).write_bytes(content)
        (day / packed.NAME).unlink()


def test_a_kill_at_any_step_loses_nothing_and_doubles_nothing(loaded: World) -> None:
    before, kills = everything(loaded), 0
    while killed_after(kills, loaded):
        kills += 1
        assert set(everything(loaded)) == set(before), f"after a kill before step {kills}"
        compact_archive(loaded.paths)
        assert everything(loaded) == before, f"in the night after a kill before step {kills}"
        assert not list(loaded.paths.spool.rglob(".*.tmp"))
        unpack(loaded)
    assert kills == 2 * 3 + len(before), "old copies, syncs and renames of two days, and the deletion of each file"


def test_a_damaged_copy_deletes_nothing(loaded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:-20])

    before = everything(loaded)
    monkeypatch.setattr(packed, "sync_file", torn)
    with pytest.raises(ArchiveDamaged, match=r"packed\.tar\.gz"):
        compact_archive(loaded.paths)
    monkeypatch.undo()
    assert everything(loaded) == before


def of_ada(world: World, ledger: Ledger) -> list[str]:
    return [place for place in scan.places(world.paths, ledger, ADA) if place.startswith("spool/")]


def test_an_erasure_reaches_into_packed_days(loaded: World, ledger: Ledger) -> None:
    loaded.spool(b'[{"email": "person0@example.org"', RECEIVED)
    unreadable = next((loaded.paths.spool / "incoming").iterdir())
    unreadable.replace(day_of(loaded) / unreadable.name)
    names = {name for name, _ in everything(loaded)} - {unreadable.name}
    compact_archive(loaded.paths)
    assert of_ada(loaded, ledger) == [f"spool/archive/{day_of(loaded).name}/{packed.NAME}, decompressed"]
    assert erase_spool(loaded.paths, ADA) == 2
    assert of_ada(loaded, ledger) == []
    kept = dict(everything(loaded))
    assert set(kept) == names, "a batch that cannot be read and names the person is gone; the others are there"
    events = [event for name, content in kept.items() if name.endswith(".json") for event in orjson.loads(content)]
    assert [event["email"] for event in events] == ["person1@example.org"] * FILES
    (posted,) = [content for name, content in kept.items() if name.endswith(".jsonl")]
    assert orjson.loads(posted) == {"subscriber_id": "s1", "name": "x"}
    changed = {day: (day / packed.NAME).stat().st_mtime_ns for day in packed.days(loaded.paths)}
    assert erase_spool(loaded.paths, ADA) == 0
    assert {day: (day / packed.NAME).stat().st_mtime_ns for day in packed.days(loaded.paths)} == changed


def test_an_erasure_waits_until_the_day_is_packed(loaded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before the erasure is not written after it."""
    erased = list[int]()
    eraser = threading.Thread(target=lambda: erased.append(erase_spool(loaded.paths, ADA)))

    def members(day: Path, loose: list[Path]) -> Iterator[packed.Member]:
        found = list(all_of(day, loose))
        if eraser.ident is None:
            eraser.start()
            eraser.join(0.5)
        yield from found

    all_of = compact._all_of
    monkeypatch.setattr(compact, "_all_of", members)
    compact_archive(loaded.paths)
    eraser.join(60)
    assert erased == [2]
    assert not any(b"person0@" in content or b'"s0"' in content for _, content in everything(loaded))
