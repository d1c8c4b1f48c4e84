"""`make backup TO=folder` and `make restore FROM=folder`: the whole installation as one folder, and back.

A backup is consistent: no task writes the warehouse while it is copied, the ledger is a snapshot of one moment, and what is
copied after it (journals, spool) may only be ahead of it, which is safe. It has the secrets and addresses: keep it as safe
as the data folder. A restore puts in doubt what may have been sent since the backup (include/ledger/gap.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from include.core import clock
from include.core.connections import ledger_url
from include.core.disk import require_room
from include.core.durable import file_sha256, sync_folder, write_durably
from include.core.errors import ConfigurationError
from include.core.paths import PROJECT, DataPaths
from include.core.secrets import load_secrets
from include.dispatch.account.restore import restore_installation
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
from include.warehouse.snapshot import copied
from operations import ledger_snapshot
from operations.launcher import require_stopped
from operations.ledger import existing_url
from operations.progress import Progress
from operations.settings import Installation

MANIFEST = "backup.json"
DATA = "data"
_FORMAT = 1
_OWN_WAY = frozenset({"services", "ledger", "warehouse", "airflow"})
"""Folders of the data folder that are not simply copied: processes of this machine, and databases."""
_AIRFLOW_DATABASE = "airflow.db"


@dataclass(frozen=True)
class Backup:
    """A backup's manifest: when the ledger's snapshot began, and {path in the backup: [bytes, SHA-256]}."""

    format: int
    tradewind: str
    taken_at: str
    files: dict[str, tuple[int, str]]


def back_up(installation: Installation, to: Path) -> int:
    """Write a backup to the new folder `to`; returns 0. The services may run. Raises `ConfigurationError`."""
    paths, url = installation.paths, existing_url(installation)
    partial = _partial_folder(paths, to)
    Progress().print("copying, once no task writes the warehouse")
    with copied(paths, DataPaths(partial / DATA).warehouse):
        taken_at = clock.now()
        ledger_snapshot.write(url, partial / ledger_snapshot.name_of(url))
        for each in sorted(paths.root.iterdir()):
            if each.name not in _OWN_WAY:
                _copy(each, partial / DATA / each.name)
    _copy_airflow(installation, partial / DATA / "airflow")
    files = dict(_digests(partial))
    content = Backup(_FORMAT, _version(), taken_at.isoformat(), files)
    write_durably(partial / MANIFEST, json.dumps(vars(content), indent=1).encode(), mode=0o600)
    os.sync()
    partial.rename(to)
    sync_folder(to.absolute().parent)
    size = sum(size for size, _ in files.values())
    Progress().print(f"{to}: {len(files):,} files, {size / 1e6:,.1f} MB, as of {taken_at:%Y-%m-%d %H:%M:%S} UTC")
    Progress().print("It contains secrets and addresses: keep it apart from this machine, as safe as the data folder.")
    return 0


def restore(installation: Installation, source: Path) -> int:
    """Replace the installation by a backup; returns 0. The present data folder is kept beside it.

    The services must be stopped. Everything happens in a folder beside the data folder, which gets its name last, so that a
    restore that was interrupted is repeated. Raises `ConfigurationError`.
    """
    require_stopped(installation)
    found, root = _verified(source), installation.paths.root
    staging = root.with_name(f"{root.name}.restoring")
    shutil.rmtree(staging, ignore_errors=True)
    _copy(source / DATA, staging)
    counts = _restore_stores(DataPaths(staging), source, found)
    if root.exists() and any(root.iterdir()):
        kept = root.with_name(f"{root.name}.before-restore-{clock.now():%Y%m%dT%H%M%S}")
        root.rename(kept)
        Progress().print(f"the data folder as it was: {kept}")
    elif root.exists():
        root.rmdir()
    staging.rename(root)
    sync_folder(root.parent)
    for line in _summary(found, counts):
        Progress().print(line)
    return 0


def _partial_folder(paths: DataPaths, to: Path) -> Path:
    """A new folder beside `to`, which it will become. Raises `ConfigurationError` if the backup cannot be there."""
    if to.exists():
        raise ConfigurationError("exists already.", where=str(to), remedy="Name a new folder, such as one of today's date.")
    if paths.root == to or paths.root in to.absolute().parents:
        raise ConfigurationError("is inside the data folder.", where=str(to), remedy="Name a folder on another disk.")
    partial = to.with_name(f"{to.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    require_room(partial.parent, sum(path.stat().st_size for path in paths.root.rglob("*") if path.is_file()), "the backup")
    (partial / DATA).mkdir(parents=True, mode=0o700)
    return partial


def _restore_stores(paths: DataPaths, source: Path, found: Backup) -> dict[str, int]:
    """The ledger from its snapshot, completed from what is beside it, with the gap; the sums of what it changed."""
    url = ledger_url(paths)
    ledger_snapshot.read(url, source / ledger_snapshot.name_of(url))
    ledger = open_ledger(url, load_secrets(paths))
    try:
        stores = Stores(paths, ledger, load_secrets(paths))
        return restore_installation(stores, datetime.fromisoformat(found.taken_at))
    finally:
        ledger.close()


def _verified(source: Path) -> Backup:
    """The manifest, after every file was compared with it. Raises `ConfigurationError`."""
    try:
        found = Backup(**json.loads((source / MANIFEST).read_bytes()))
    except (FileNotFoundError, NotADirectoryError, TypeError, ValueError):
        remedy = f"Name a folder that make backup wrote: it has a {MANIFEST}."
        raise ConfigurationError("is not a complete backup.", where=str(source), remedy=remedy) from None
    if found.format != _FORMAT:
        raise ConfigurationError(
            f"has format {found.format}; this code reads {_FORMAT}.",
            where=str(source / MANIFEST), remedy=f"Restore it with Tradewind {found.tradewind}, then upgrade.",
        )  # fmt: skip
    there = dict(_digests(source))
    damaged = sorted(path for path, digest in found.files.items() if there.get(path) != tuple(digest))
    if damaged:
        raise ConfigurationError(
            f"is damaged: {len(damaged)} files are missing or differ, such as {damaged[0]}.",
            where=str(source), remedy="Nothing was changed. Restore another backup.",
        )  # fmt: skip
    return found


def _digests(folder: Path) -> Iterator[tuple[str, tuple[int, str]]]:
    """(path, (bytes, SHA-256)) of every file but the manifest."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            yield str(path.relative_to(folder)), (path.stat().st_size, file_sha256(path))


def _copy_airflow(installation: Installation, to: Path) -> None:
    """Airflow's database where it is the embedded one; another one has backups of its own. Without logs."""
    database = installation.airflow_home / _AIRFLOW_DATABASE
    if database.is_file():
        to.mkdir()
        ledger_snapshot.copy_sqlite(database, to / _AIRFLOW_DATABASE)


def _copy(source: Path, to: Path) -> None:
    """Copy a file, link or folder, without what another process is writing. What is deleted meanwhile is left out."""
    if source.is_dir() and not source.is_symlink():
        to.mkdir(mode=source.stat().st_mode & 0o777, parents=True, exist_ok=True)
        for each in sorted(source.iterdir()):
            _copy(each, to / each.name)
    elif not source.name.endswith(".tmp"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(source, to, follow_symlinks=False)


def _version() -> str:
    """The version of this code."""
    return str(tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"])


def _summary(found: Backup, counts: dict[str, int]) -> Iterator[str]:
    yield f"restored the backup of {found.taken_at} (Tradewind {found.tradewind}); what happened since is a gap:"
    yield from (f"  {name.replace('_', ' '):<20}{count:>10,}" for name, count in counts.items() if count)
    yield "Nothing of the gap is sent again by itself: docs/runbook/restored-installation.md says what to look at."
    yield "Then: make up"
