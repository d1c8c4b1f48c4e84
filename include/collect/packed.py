"""The packed day of a spool's archive: every file of the day, byte for byte, as `packed.tar.gz`.

It is replaced as a whole: written beside, read back, renamed. One process at a time packs or erases (`archive_lock`).
"""

from __future__ import annotations

import gzip
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from include.core.durable import sync_file, sync_folder
from include.core.errors import ArchiveDamaged
from include.core.file_lock import locked
from include.core.paths import DataPaths

NAME = "packed.tar.gz"
_LEVEL = 3
"""Of compression: events become a fifth. Higher levels take several times as long for a few percent."""
_HALF_WRITTEN = f".{NAME}.tmp"

Member = tuple[str, bytes, float]
"""The name of a file, its bytes, and the time of its last change (Unix seconds)."""


@contextmanager
def archive_lock(paths: DataPaths) -> Iterator[None]:
    """Wait until no other process packs the archive or erases from it, and keep them waiting meanwhile."""
    with locked(paths.spool / ".archive.lock"):
        yield


def days(paths: DataPaths) -> list[Path]:
    """The folders of the archives of events and activities, one per day (UTC) on which files arrived."""
    roots = (paths.spool, paths.spool / "activities")
    return sorted(day for root in roots for day in root.glob("archive/[0-9]*") if day.is_dir())


def read(day: Path) -> Iterator[Member]:
    """The files of a packed day in their order; nothing if the day is not packed. Raises `ArchiveDamaged`."""
    if (day / NAME).exists():
        yield from _members(day / NAME)


def replace(day: Path, members: Iterable[Member]) -> None:
    """Replace the packed file of a day durably, or delete it if there are no members.

    Raises `ArchiveDamaged` if what was written does not read back; nothing is replaced then.
    """
    beside = day / _HALF_WRITTEN
    written = _write(beside, members)
    if [(name, len(content)) for name, content, _ in _members(beside)] != written:
        raise _damaged(beside, "what was written does not read back")
    if written:
        beside.replace(day / NAME)
    else:
        (day / NAME).unlink(missing_ok=True)
        beside.unlink()
    sync_folder(day)


def delete_half_written(day: Path) -> None:
    """Delete what a killed process did not finish; the files from which it was made are still there."""
    (day / _HALF_WRITTEN).unlink(missing_ok=True)


def _write(path: Path, members: Iterable[Member]) -> list[tuple[str, int]]:
    """Write the members to the disk; returns their names and sizes."""
    written = list[tuple[str, int]]()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with (
        os.fdopen(handle, "wb") as file,
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL) as stream,
        tarfile.open(fileobj=stream, mode="w|") as archive,
    ):
        for name, content, changed_at in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), int(changed_at), 0o640
            archive.addfile(entry, BytesIO(content))
            written.append((name, len(content)))
    sync_file(path)
    return written


def _members(path: Path) -> Iterator[Member]:
    try:
        with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for entry in archive:
                content = archive.extractfile(entry)
                yield entry.name, content.read() if content else b"", float(entry.mtime)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(path, type(error).__name__) from error


def _damaged(path: Path, why: str) -> ArchiveDamaged:
    remedy = "Restore the file from a backup. The events themselves are in the warehouse; nothing else needs the file."
    return ArchiveDamaged(f"cannot be read ({why}).", where=str(path), remedy=remedy)
