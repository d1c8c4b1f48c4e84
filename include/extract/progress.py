"""How far extracting has come: watermarks and unfinished merges, kept on the asset's state.

`state` is Airflow's store of an asset, with `get(name)` and `set(name, value)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from include.core import clock

FULL_PASS_EVERY = timedelta(hours=24)


def watermark_since(state: Any, relation: str, *, full: bool, now: datetime, overlap: timedelta) -> datetime | None:
    """From when to extract: the watermark less the overlap; None for a full pass.

    A pass is full when it is asked for, when there is no watermark, and when the last full one is a day old: only a full
    pass sees deletions. It is full too where the watermark lies ahead of the clock: nobody knows what changed since the
    pass that stored it.
    """
    watermark, last_full = state.get(f"{relation}.watermark"), state.get(f"{relation}.full_pass_at")
    if full or not watermark or not last_full or now - datetime.fromisoformat(last_full) >= FULL_PASS_EVERY:
        return None
    reached = datetime.fromisoformat(watermark)
    return None if reached > max(now, clock.now()) else reached - overlap


def remember_watermark(state: Any, manifest: Mapping[str, Any], now: datetime) -> None:
    """Advance the watermark on the asset, once the batch is merged."""
    if manifest.get("watermark"):
        state.set(f"{manifest['relation']}.watermark", manifest["watermark"])
    if manifest.get("full"):
        state.set(f"{manifest['relation']}.full_pass_at", now.isoformat())


def open_changes(state: Any) -> None:
    """Before a merge: should it die after its commit, its second try finds nothing changed, and nobody would be told."""
    state.set("open_changes", (state.get("open_changes") or 0) + 1)


def settle_changes(state: Any, merged: Iterable[Mapping[str, Any]]) -> bool:
    """After all merges: whether a row changed, or may have in a merge that did not end."""
    merges, changed = 0, False
    for batch in merged:
        merges += 1
        changed |= any(batch[kind] for kind in ("inserted", "updated", "deleted"))
    unfinished = (state.get("open_changes") or 0) > merges
    state.set("open_changes", 0)
    return changed or unfinished
