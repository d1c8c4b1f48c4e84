"""From where the next pass reads."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from include.core.errors import SourceError
from include.warehouse.connection import configure, fetch, run

OVERLAP = timedelta(hours=24)
"""How far back an incremental pass reads behind its watermark: a source's transaction may commit later than the updated_at
that it wrote, and its clock may be in another time zone."""


def since(watermark: str | None) -> datetime | None:
    """Where to read from, given the last pass's watermark; None (a full pass) without one."""
    return datetime.fromisoformat(watermark) - OVERLAP if watermark else None


def advance(watermark: str | None, landed: str | None) -> str | None:
    """The watermark after a merged batch: never backwards, and kept where the batch had no row."""
    known = [mark for mark in (watermark, landed) if mark]
    return max(known, key=datetime.fromisoformat) if known else None


def newest(relation: str, files: list[str], latest: datetime) -> str | None:
    """The newest change in landed files up to `latest`, as ISO text in UTC; None where there is none."""
    if not files:
        return None
    with duckdb.connect() as connection:
        configure(connection)
        run(connection, "warehouse", "025_source_time")
        try:
            found = fetch(connection, "extract", f"{relation}_watermark", {"files": files, "latest": latest})
        except duckdb.Error as error:
            raise SourceError(f"a landed file does not read back ({type(error).__name__}).", where=relation) from None
    moment = found["watermark"][0].as_py()
    return moment.isoformat() if moment else None
