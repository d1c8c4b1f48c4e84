"""The links to published builds (`snapshot` has the layout), and the removal of builds that have none."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path

from include.core.durable import sync_folder
from include.core.paths import DataPaths
from include.publish import snapshot
from include.publish.snapshot import FILE, MANIFEST

_PREVIOUS = {"analytics.previous.duckdb": FILE, "manifest.previous.json": MANIFEST}


def point_to(paths: DataPaths, build: Path) -> None:
    """Make a build the current one, and the current one the previous."""
    before = snapshot.current_build(paths)
    _point(paths.published / FILE, f"current/{FILE}")
    _point(paths.published / MANIFEST, f"current/{MANIFEST}")
    _point(paths.published / "current", f"builds/{build.name}")
    if before:
        _point(paths.published / "previous", f"builds/{before.name}")
        for link, file in _PREVIOUS.items():
            _point(paths.published / link, f"previous/{file}")


def keep_as_last_of_day(paths: DataPaths, build: Path, built_at: datetime) -> None:
    """Keep a build as the last one of its day."""
    paths.dated_builds.mkdir(exist_ok=True)
    _point(paths.dated_builds / f"{built_at:%Y-%m-%d}.duckdb", f"../builds/{build.name}/{FILE}")


def remove_leftovers(paths: DataPaths) -> None:
    """Remove builds without a link, and what killed publishes left: links, and logs, which DuckDB would replay."""
    dated = {link.resolve().parent for link in paths.dated_builds.glob("*.duckdb") if link.exists()}
    kept = {snapshot.current_build(paths), snapshot.previous_build(paths), *dated}
    for build in (paths.published / "builds").glob("*"):
        if build.resolve() not in kept:
            shutil.rmtree(build)
    for stale in (*paths.published.rglob(".*.tmp"), *paths.published.glob("*.wal"), *paths.published.glob("builds/*/*.wal")):
        stale.unlink(missing_ok=True)


def forget_history(paths: DataPaths) -> None:
    """Remove every build but the current and the previous one: they hold rows of persons who were erased since."""
    shutil.rmtree(paths.dated_builds, ignore_errors=True)
    remove_leftovers(paths)


def keep_only(paths: DataPaths, builds: AbstractSet[str]) -> None:
    """Remove every build of another name, and the links to them; the current one stays."""
    before = snapshot.previous_build(paths)
    if before and before.name not in builds:
        for link in ("previous", *_PREVIOUS):
            (paths.published / link).unlink(missing_ok=True)
    for dated in paths.dated_builds.glob("*.duckdb"):
        if dated.resolve().parent.name not in builds:
            dated.unlink()
    remove_leftovers(paths)


def _point(link: Path, target: str) -> None:
    """Point `link` to `target` by a durable rename. Does nothing if it already does."""
    if link.is_symlink() and str(link.readlink()) == target:
        return
    beside = link.with_name(f".{link.name}.{uuid.uuid4().hex}.tmp")
    beside.symlink_to(target)
    beside.replace(link)
    sync_folder(link.parent)
