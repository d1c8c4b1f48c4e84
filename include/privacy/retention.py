"""Deletes files and rows that are older than include/retention.yaml allows, apart from what is still needed, however old."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from include.core import clock, yaml_file
from include.core.paths import PROJECT, DataPaths
from include.core.yaml_file import StrictModel
from include.ledger import plans
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.privacy import log_rotation
from include.privacy.expired_rows import Days, Tables, delete_rows

log = logging.getLogger(__name__)

FILE = PROJECT / "include" / "retention.yaml"
ENDED = frozenset({"done", "cancelled"})
_STATE = frozenset({"latest.html"})
"""Files that say how things are now, however old."""


LIMITED = ("landed", "previews", "task_logs", "service_logs")
"""The kinds whose size may be limited. What the other kinds have is evidence, or cannot be made again."""


def _limited(kind: str) -> str:
    if kind not in LIMITED:
        raise ValueError(f"'{kind}' cannot be limited by size; {', '.join(LIMITED)} can")
    return kind


class Retention(StrictModel):
    """Days by kind of file, and by table; None keeps them. `at_most_mb`: beyond it, the oldest of a kind expire earlier."""

    landed: Days
    spool: Days
    plans: Days
    previews: Days
    privacy_exports: Days
    quarantine_exports: Days
    evidence: Days
    alerts: Days
    quality_pages: Days
    task_logs: Days
    service_logs: Days
    published: Annotated[int, Field(ge=1, le=31)]
    at_most_mb: dict[Annotated[str, AfterValidator(_limited)], Annotated[int, Field(ge=1)]]
    tables: Tables

    @field_validator("tables")
    @classmethod
    def _outlive_their_batch(cls, tables: Tables, info: ValidationInfo) -> Tables:
        landed = info.data.get("landed")
        if "landed" in info.data and tables.quarantine is not None and (landed is None or tables.quarantine < landed):
            raise ValueError(
                "quarantine must be null or at least the days of landed: a batch that is merged again without its rows in "
                "quarantine would merge these rows as well"
            )
        return tables


def load_retention(path: Path = FILE) -> Retention:
    """The file. Raises `ConfigurationError` with file, line and field."""
    return yaml_file.read(path, Retention, example="docs/privacy.md")


def delete_expired(stores: Stores, retention: Retention, *, dry_run: bool) -> dict[str, int]:
    """Delete what has expired. A dry run only counts it.

    Returns the number of files and folders by kind, and of rows by table: `tables.identities`. Idempotent.
    """
    if not dry_run and (rotated := log_rotation.rotate(stores.paths)):
        log.info("rotated %d logs of services", rotated)
    counts = _delete_files(stores, retention, dry_run=dry_run)
    for table, count in delete_rows(stores.paths, retention.tables, dry_run=dry_run).items():
        counts[f"tables.{table}"] = count
    log.info("%s: %s", "would delete" if dry_run else "deleted", counts)
    return counts


def _delete_files(stores: Stores, retention: Retention, *, dry_run: bool) -> dict[str, int]:
    counts: dict[str, int] = {}
    for kind, days in retention.model_dump(exclude={"tables", "at_most_mb"}).items():
        before = clock.now() - timedelta(days=days) if days is not None else datetime.min.replace(tzinfo=UTC)
        dated = sorted(_dated(kind, stores.paths, stores.ledger), key=_time)
        beyond = _beyond(dated, retention.at_most_mb.get(kind))
        expired = [path for path, since in dated if since < before or path in beyond]
        counts[kind] = len(expired)
        for path in [] if dry_run else expired:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return counts


def _beyond(dated: Sequence[tuple[Path, datetime]], at_most_mb: int | None) -> frozenset[Path]:
    """The oldest files and folders, of which there are more than so many megabytes."""
    if at_most_mb is None:
        return frozenset()
    newest = [path for path, _ in reversed(dated)]
    sizes = accumulate(_size(path) for path in newest)
    return frozenset(path for path, so_far in zip(newest, sizes, strict=True) if so_far > at_most_mb * 1_000_000)


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in path.rglob("*")) if path.is_dir() else path.stat().st_size


def _dated(kind: str, paths: DataPaths, ledger: Ledger) -> Iterator[tuple[Path, datetime]]:
    """The files and folders of a kind that may be deleted, each with its time."""
    if kind == "landed":
        for relation in paths.landed.glob("*"):
            dated = sorted(((path.parent, _landed_at(path)) for path in relation.glob("*/manifest.json")), key=_time)
            yield from dated[:-1]  # The newest batch stays: the next one is compared with it.
    elif kind == "spool":
        for root in (paths.spool, paths.spool / "activities"):
            yield from ((day, _day(day.name)) for day in root.glob("archive/[0-9]*"))
            yield from ((file, _changed_at(file)) for file in root.glob("broken/*"))
    elif kind == "plans":
        yield from _parts(paths, ledger)
    elif kind == "published":  # Links: the next publish removes the files that have none.
        yield from ((link, _day(link.stem.replace("-", ""))) for link in paths.dated_builds.glob("*.duckdb"))
    else:
        folder, pattern = _files(kind, paths)
        files = (file for file in folder.rglob(pattern) if file.is_file() and file.name not in _STATE)
        yield from ((file, _changed_at(file)) for file in files)


def _files(kind: str, paths: DataPaths) -> tuple[Path, str]:
    """The folder of a kind, and the pattern of its files there."""
    return {
        "previews": (paths.previews, "*"),
        "privacy_exports": (paths.privacy / "exports", "*"),
        "quarantine_exports": (paths.quarantine, "*"),
        "evidence": (paths.evidence, "*.json"),
        "alerts": (paths.alerts, "*.json"),
        "quality_pages": (paths.quality, "*.html"),
        "task_logs": (paths.airflow_logs, "*.log"),
        "service_logs": (paths.services, log_rotation.ROTATED),
    }[kind]


def _parts(paths: DataPaths, ledger: Ledger) -> Iterator[tuple[Path, datetime]]:
    """The parts of plans that have ended: nothing is sent from them any more, and the audience has no address."""
    for kind in (plans.LIVE, plans.TEST):
        for plan in plans.all_plans(ledger, kind):
            if plan.state in ENDED:
                planned_at = datetime.fromtimestamp(plan.planned_at, UTC)
                yield from ((part, planned_at) for part in (paths.root / plan.folder).glob("part-*.parquet"))


def _time(dated: tuple[Path, datetime]) -> datetime:
    return dated[1]


def _landed_at(manifest: Path) -> datetime:
    landed_at = json.loads(manifest.read_bytes()).get("landed_at")
    return datetime.fromisoformat(landed_at) if landed_at else _changed_at(manifest)


def _day(name: str) -> datetime:
    """The end of the day that a folder is named after."""
    return datetime.strptime(name, "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1)


def _changed_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
