"""The spool's folders: `incoming/` as the edge leaves it, `archive/<day>/` once loaded, `broken/` with a reason beside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from include.core import clock
from include.core.durable import sync_folder, write_durably
from include.core.paths import DataPaths

HALF_WRITTEN_SECONDS = 3600


def waiting(paths: DataPaths) -> Iterator[Path]:
    """The batches to load, oldest first by name. What is still being written has a name that begins with a dot."""
    folder = paths.spool / "incoming"
    if folder.is_dir():
        yield from sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))


def sweep(paths: DataPaths) -> None:
    """Remove what a killed edge left half-written: nobody was told 2xx for it, and it holds addresses."""
    oldest = clock.now().timestamp() - HALF_WRITTEN_SECONDS
    for path in (paths.spool / "incoming").glob(".*.tmp"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def archive(paths: DataPaths, files: list[Path]) -> None:
    """Move loaded batches to the day on which they came."""
    for day in sorted({path.name[:8] for path in files}):
        folder = paths.spool / "archive" / day
        folder.mkdir(parents=True, exist_ok=True)
        for path in files:
            if path.name[:8] == day:
                path.replace(folder / path.name)
        sync_folder(folder)
    if files:
        sync_folder(paths.spool / "incoming")


def set_aside(paths: DataPaths, path: Path, reason: str) -> None:
    """Keep an unreadable batch, with the reason written first, so that it never lies there without one."""
    folder = paths.spool / "broken"
    write_durably(folder / f"{path.name}.reason.txt", f"{reason}\n".encode())
    path.replace(folder / path.name)
    sync_folder(folder)
