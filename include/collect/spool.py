"""The folders of the spool: `incoming/` (written by the edge), `archive/<day>/` (loaded), `broken/` (unreadable).

Past days of the archive are packed (compact.py).

`root` is the spool for webhook batches, and its folder `activities/` for activities; each has these three folders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from include.core import clock
from include.core.durable import sync_folder, write_durably
from include.core.paths import DataPaths

HALF_WRITTEN_SECONDS = 3600
GROUP_BYTES = 16 * 1024 * 1024
GROUP_FILES = 1_000


def received_at(path: Path) -> datetime:
    """When the edge received the file: the time in its name (`20261124T024148123456Z-…`), or else the file's time."""
    try:
        return datetime.strptime(path.name.split("Z-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def incoming_files(root: Path) -> list[Path]:
    """The files to load, oldest first by name. The name of a file that is still being written starts with a dot."""
    return sorted(path for path in (root / "incoming").glob("*.json*") if not path.name.startswith("."))


def activities_waiting_since(paths: DataPaths) -> datetime | None:
    """When the oldest file of posted activities that is not loaded was received; None if there is none."""
    files = incoming_files(paths.spool / "activities")
    return received_at(files[0]) if files else None


def groups(files: Iterable[Path]) -> Iterator[list[Path]]:
    """Groups of files, limited in number and bytes, so that memory is limited."""
    group: list[Path] = []
    size = 0
    for path in files:
        size += path.stat().st_size
        if group and (size > GROUP_BYTES or len(group) == GROUP_FILES):
            yield group
            group, size = [], path.stat().st_size
        group.append(path)
    if group:
        yield group


def delete_half_written(root: Path) -> None:
    """Delete files that a killed edge did not finish: they were not acknowledged, and they contain addresses."""
    oldest = clock.now().timestamp() - HALF_WRITTEN_SECONDS
    for path in (root / "incoming").glob(".*.tmp"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def archive(root: Path, files: list[Path]) -> None:
    """Move loaded files to the folder of the day on which they arrived."""
    for day in sorted({path.name[:8] for path in files}):
        folder = root / "archive" / day
        folder.mkdir(parents=True, exist_ok=True)
        for path in files:
            if path.name[:8] == day:
                path.replace(folder / path.name)
        sync_folder(folder)
    if files:
        sync_folder(root / "incoming")


def move_to_broken(root: Path, path: Path, reason: str) -> None:
    """Move an unreadable file to `broken/`. The reason is written first, so that no file is there without one."""
    folder = root / "broken"
    write_durably(folder / f"{path.name}.reason.txt", f"{reason}\n".encode())
    path.replace(folder / path.name)
    sync_folder(folder)
