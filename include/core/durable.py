"""Atomic, durable file writes: after a crash, the file has its old or its new content."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

_AT_ONCE = 1 << 30


def sync_folder(folder: Path) -> None:
    """Make renames and new files in `folder` survive a power failure (fsync of the directory)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Force a finished file's bytes to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's bytes; file systems that can do it share the blocks of both files until one of them changes."""
    if hasattr(os, "copy_file_range"):
        with source.open("rb") as read, target.open("wb") as written, suppress(OSError):
            while os.copy_file_range(read.fileno(), written.fileno(), _AT_ONCE):
                pass
            if written.seek(0, os.SEEK_END) == source.stat().st_size:
                return
    shutil.copyfile(source, target)


class SharedSync:
    """`sync_folder` for threads that write to one folder at a time: those that wait while it runs share the next one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counting, self._syncing = Lock(), Lock()
        self._asked = self._synced = 0

    def __call__(self, _folder: Path) -> None:
        """Return after an fsync of the folder that began after this call. Raises OSError if it failed."""
        with self._counting:
            self._asked += 1
            place = self._asked
        with self._syncing:
            if self._synced < place:
                covered = self._asked
                sync_folder(self._folder)
                self._synced = covered


def _create(path: Path, mode: int) -> int:
    """Open a new file; its folder is made when it is missing, which is seldom, and no call is spent on it before."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(path, flags, mode)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, mode)


def write_durably(
    path: Path, content: bytes | bytearray, *, mode: int = 0o644, sync: Callable[[Path], None] = sync_folder
) -> None:
    """Write `content` to a temporary file, fsync it, rename it to `path`, and fsync the folder (with `sync`)."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    handle = _create(beside, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def file_sha256(path: Path) -> str:
    """The digest of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
