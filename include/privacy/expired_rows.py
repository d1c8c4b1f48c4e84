"""Deletes rows that are older than include/retention.yaml allows, from the tables of which nothing needs old rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import duckdb
from pydantic import Field, ValidationInfo, field_validator

from include.core import clock
from include.core.paths import DataPaths
from include.core.yaml_file import StrictModel
from include.warehouse.connection import open_warehouse, run
from include.warehouse.rewrite import rewrite

Days = Annotated[int, Field(ge=7)] | None
"""At least a week: SendGrid holds mail for three days, and a stopped run is repeated within days."""
Month = Annotated[int, Field(ge=31)] | None
"""At least 31 days: segments count the activities of 30 days, and SendGrid's activity of 30 days can be imported again."""
NEEDED = {
    "purchases": "consent that lasts until two years after a purchase, segments and the results of experiments count every "
    "purchase; delete them at the source, and the next full pass deletes them here",
    "sends": "each night every planned message is compared with its plan, its events and the marts",
    "events": "the marts are counted from all events each night, and engagement decides who is mailed",
    "outcomes": "they prove that no message was sent twice, and each night all sends are compared with them",
}
"""Why the rows of a table may not be deleted by their age."""
_STATEMENTS = {
    "quality": [
        f"quality_{table}" for table in ("profiles", "shapes", "distributions", "source_columns", "source_files", "results")
    ],
    "segments": ["segment_sizes", "segment_runs"],
}
"""Tables that have several statements; the others have one, of their name."""
_WITHOUT_PEOPLE = frozenset({"quality", "segments"})
"""Their bytes may stay in the file until it is written anew for another reason."""


class Tables(StrictModel):
    """Days by table; None keeps the rows."""

    quarantine: Days
    quarantined_events: Month
    activities: Month
    identities: Days
    quality: Month
    segments: Month
    purchases: int | None
    sends: int | None
    events: int | None
    outcomes: int | None

    @field_validator(*NEEDED)
    @classmethod
    def _is_kept(cls, days: int | None, info: ValidationInfo) -> int | None:
        if days is not None:
            raise ValueError(f"must be null: {NEEDED[info.field_name or '']}")
        return days


def delete_rows(paths: DataPaths, tables: Tables, *, dry_run: bool) -> dict[str, int]:
    """Delete the expired rows in one transaction, and their bytes; return their number by table. A dry run rolls back.

    A file next to the warehouse says that bytes are left, so that the next run finishes what a killed one began.
    """
    days_of = {table: days for table, days in tables.model_dump().items() if table not in NEEDED}
    if not paths.warehouse.is_file():
        return dict.fromkeys(days_of, 0)
    with open_warehouse(paths) as warehouse:
        warehouse.begin()
        counts = {table: _delete(warehouse, table, days) for table, days in days_of.items()}
        if dry_run:
            warehouse.rollback()
        else:
            _commit(warehouse, paths, deleted=any(count for table, count in counts.items() if table not in _WITHOUT_PEOPLE))
    return counts


def _commit(warehouse: duckdb.DuckDBPyConnection, paths: DataPaths, *, deleted: bool) -> None:
    bytes_left = paths.warehouse.with_name("rewrite.due")
    if deleted:
        bytes_left.touch()
    warehouse.commit()
    if bytes_left.exists():
        rewrite(warehouse, paths)
        bytes_left.unlink()


def _delete(warehouse: duckdb.DuckDBPyConnection, table: str, days: int | None) -> int:
    if days is None:
        return 0
    before: datetime = clock.now() - timedelta(days=days)
    deleted = 0
    if table == "activities":
        run(warehouse, "privacy", "activities_note_expired", {"before": before})
    for name in _STATEMENTS.get(table, [table]):
        row = run(warehouse, "privacy", f"{name}_delete_expired", {"before": before}).fetchone()
        deleted += int(row[0]) if row else 0
    return deleted
