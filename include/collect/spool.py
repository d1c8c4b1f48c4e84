"""The folders of the spool: `incoming/` (written by the edge), `archive/<day>/` (loaded), `broken/` (unreadable)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from include.core import clock
from include.core.durable import sync_folder, write_durably
from include.core.paths import DataPaths

HALF_WRITTEN_SECONDS = 3600


def incoming_batches(paths: DataPaths) -> Iterator[Path]:
    """The batches to load, oldest first by name. The name of a file that is still being written starts with a dot."""
    folder = paths.spool / "incoming"
    if folder.is_dir():
        yield from sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))


def delete_half_written(paths: DataPaths) -> None:
    """Delete files that a killed edge did not finish: they were not acknowledged, and they contain addresses."""
    oldest = clock.now().timestamp() - HALF_WRITTEN_SECONDS
    for path in (paths.spool / "incoming").glob(".*.tmp"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def archive(paths: DataPaths, files: list[Path]) -> None:
    """Move loaded batches to the folder of the day on which they arrived."""
    for day in sorted({path.name[:8] for path in files}):
        folder = paths.spool / "archive" / day
        folder.mkdir(parents=True, exist_ok=True)
        for path in files:
            if path.name[:8] == day:
                path.replace(folder / path.name)
        sync_folder(folder)
    if files:
        sync_folder(paths.spool / "incoming")


def move_to_broken(paths: DataPaths, path: Path, reason: str) -> None:
    """Move an unreadable batch to `broken/`. The reason is written first, so that no file is there without one."""
    folder = paths.spool / "broken"
    write_durably(folder / f"{path.name}.reason.txt", f"{reason}\n".encode())
    path.replace(folder / path.name)
    sync_folder(folder)
