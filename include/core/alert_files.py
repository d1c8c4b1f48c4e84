"""The alerts in `$TRADEWIND_DATA/alerts/`: a file for each delivery, and in `open/` one for each that is not resolved."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from include.core import clock
from include.core.durable import write_durably

log = logging.getLogger(__name__)

RETENTION = timedelta(days=90)


def store(folder: Path, stem: str, at: datetime, content: Mapping[str, Any]) -> None:
    """Store a delivery, and delete what is older than `RETENTION`."""
    try:
        write_durably(folder / f"{_stamp(at)}Z-{stem}.json", orjson.dumps(content, option=orjson.OPT_INDENT_2))
        _delete_old(folder)
    except OSError as error:
        log.warning("the alert could not be stored in %s (%s)", folder, error.strerror)


def channels_told(folder: Path, stem: str, since: datetime) -> set[str]:
    """The channels that took the same alert since a time."""
    recent = [path for path in folder.glob(f"*Z-{stem}.json") if path.name >= _stamp(since)]
    return {channel for path in recent for channel in read(path).get("posted") or ()}


def stored(folder: Path) -> Iterator[dict[str, Any]]:
    """All deliveries; an empty one for a file that cannot be read."""
    return (read(path) for path in folder.glob("*Z-*.json"))


def open_alerts(folder: Path) -> dict[Path, dict[str, Any]]:
    """The alerts that are not resolved, by their file."""
    return {path: read(path) for path in sorted((folder / "open").glob("*.json"))}


def keep_open(folder: Path, stem: str, content: Mapping[str, Any]) -> None:
    """Remember an alert until it is resolved. Its `posted` names every channel that was told since it was opened."""
    path = folder / "open" / f"{stem}.json"
    try:
        before = read(path).get("posted") or () if path.exists() else ()
        told = sorted({*before, *content["posted"]})
        write_durably(path, orjson.dumps({**content, "posted": told}, option=orjson.OPT_INDENT_2))
    except OSError as error:
        log.warning("the alert could not be kept in %s (%s)", path.parent, error.strerror)


def close(path: Path, content: Mapping[str, Any], still_to_tell: list[str]) -> None:
    """Forget an alert that is resolved; keep it for the channels that could not be told."""
    if still_to_tell:
        write_durably(path, orjson.dumps({**content, "posted": still_to_tell}, option=orjson.OPT_INDENT_2))
    else:
        path.unlink(missing_ok=True)


def read(path: Path) -> dict[str, Any]:
    """A stored alert; empty if it cannot be read."""
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        log.warning("%s cannot be read", path)
        return {}
    return content if isinstance(content, dict) else {}


def _delete_old(folder: Path) -> None:
    before = clock.now() - RETENTION
    for path in folder.glob("*Z-*.json"):
        if path.name < _stamp(before):
            path.unlink(missing_ok=True)
    for path, content in open_alerts(folder).items():
        if content.get("at", "") < before.isoformat(timespec="seconds"):
            path.unlink(missing_ok=True)


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S%f}"
