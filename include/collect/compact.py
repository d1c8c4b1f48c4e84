"""Packs the archive of the spool: the thousands of files of a past day become one, which stays as the raw proof."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from include.collect import packed
from include.collect.packed import Member
from include.core import clock
from include.core.durable import sync_folder
from include.core.paths import DataPaths

log = logging.getLogger(__name__)

QUIET = timedelta(days=1)
"""How long after its end a day is packed: files that the loader is late with are still moved into its folder."""


def compact_archive(paths: DataPaths) -> dict[str, int]:
    """Pack the files of every past day; returns how many days and files. Idempotent, also after a crash at any point.

    A file is deleted when it is in the packed file on the disk, and not before; a file that is in it already, because a
    process was killed in between, is not added again. Raises `ArchiveDamaged`.
    """
    done = {"days": 0, "files": 0}
    with packed.archive_lock(paths):
        for day in packed.days(paths):
            packed.delete_half_written(day)
            if _ended(day) and (loose := loose_files(day)):
                _pack(day, loose)
                done = {"days": done["days"] + 1, "files": done["files"] + len(loose)}
    log.info("packed %d files of %d days", done["files"], done["days"])
    return done


def loose_files(day: Path) -> list[Path]:
    """The files of a day that are not packed, oldest first."""
    return sorted(path for path in day.glob("*.json*") if not path.name.startswith("."))


def _ended(day: Path) -> bool:
    end = datetime.strptime(day.name, "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1)
    return end + QUIET <= clock.now()


def _pack(day: Path, loose: list[Path]) -> None:
    packed.replace(day, _all_of(day, loose))
    for path in loose:
        path.unlink()
    sync_folder(day)


def _all_of(day: Path, loose: list[Path]) -> Iterator[Member]:
    """What is packed already, then the other files."""
    known = set[str]()
    for member in packed.read(day):
        known.add(member[0])
        yield member
    for path in loose:
        if path.name not in known:
            yield path.name, path.read_bytes(), path.stat().st_mtime
