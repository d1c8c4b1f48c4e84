"""Watermarks, how far each relation was read, and unfinished merges: kept in the state of the asset `subscribers`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import duckdb

from include.core import clock
from include.core.errors import SourceError
from include.core.manifest import Manifest
from include.warehouse.connection import configure, fetch, run

FULL_PASS_EVERY = timedelta(hours=24)


class AssetState(Protocol):
    """Airflow's state store of one asset."""

    def get(self, key: str, /) -> Any: ...

    def set(self, key: str, value: Any, /) -> None: ...


def incremental_start(state: AssetState, relation: str, *, full: bool, now: datetime, overlap: timedelta) -> datetime | None:
    """The time from which to extract: the watermark less the overlap. None for a full pass.

    A pass is full where it is requested, where there is no watermark, and where the last full pass is a day old: only a full
    pass sees deletions. It is also full where the watermark is in the future, since the changes since it was stored are
    unknown.
    """
    watermark, last_full = state.get(f"{relation}.watermark"), state.get(f"{relation}.full_pass_at")
    if full or not watermark or not last_full or now - datetime.fromisoformat(last_full) >= FULL_PASS_EVERY:
        return None
    reached = datetime.fromisoformat(watermark)
    return None if reached > max(now, clock.now()) else reached - overlap


def incremental_starts(
    state: AssetState, relation: str, *, full: bool, now: datetime, overlap: timedelta
) -> dict[str, datetime] | None:
    """As `incremental_start`, for several sources by name: each continues from its own watermark.

    A source may deliver late what changed long before, and would be passed by if another one's newest change counted.
    """
    if incremental_start(state, relation, full=full, now=now, overlap=overlap) is None:
        return None
    reached = {name: datetime.fromisoformat(at) for name, at in (state.get(f"{relation}.watermarks") or {}).items()}
    if not reached or max(reached.values()) > max(now, clock.now()):
        return None
    return {name: at - overlap for name, at in reached.items()}


def store_watermark(state: AssetState, manifest: Manifest, now: datetime) -> None:
    """Advance the watermark, once the batch is merged."""
    if manifest.get("watermark"):
        state.set(f"{manifest['relation']}.watermark", manifest["watermark"])
    if manifest.get("full"):
        state.set(f"{manifest['relation']}.watermarks", manifest.get("watermarks") or {})
    elif advanced := manifest.get("watermarks"):
        name = f"{manifest['relation']}.watermarks"
        state.set(name, {**(state.get(name) or {}), **advanced})
    if manifest.get("full"):
        state.set(f"{manifest['relation']}.full_pass_at", now.isoformat())


def record_merge_start(state: AssetState) -> None:
    """Count a merge as started. If it dies after its commit, its retry finds no change, but the asset must be updated."""
    state.set("open_changes", (state.get("open_changes") or 0) + 1)


def finish_merges(state: AssetState, merged: Iterable[Mapping[str, Any]]) -> bool:
    """After all merges: whether a row changed, or may have changed in a merge that did not finish. Resets the count."""
    merges, changed = 0, False
    for batch in merged:
        merges += 1
        changed |= any(batch[kind] for kind in ("inserted", "updated", "deleted"))
    unfinished = (state.get("open_changes") or 0) > merges
    state.set("open_changes", 0)
    return changed or unfinished


def newest_change(relation: str, files: list[str], latest: datetime) -> str | None:
    """The watermark of landed files: their newest change up to `latest`, as ISO text in UTC; None where there is none."""
    if not files:
        return None
    with duckdb.connect() as connection:
        configure(connection)
        run(connection, "warehouse", "025_source_time")
        try:
            found = fetch(connection, "extract", f"{relation}_watermark", {"files": files, "latest": latest})
        except duckdb.Error as error:
            raise SourceError(f"a landed file cannot be read back ({type(error).__name__}).", where=relation) from None
    moment: datetime | None = found["watermark"][0].as_py()
    return moment.isoformat() if moment else None
