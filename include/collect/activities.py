"""Loads posted activities from the spool into core.activities: each activity_id once, whoever reported it first.

An activity that the warehouse has, from the source or from an earlier file, is not stored again. So a file that is loaded
twice, after a crash, changes nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from include.collect import spool
from include.core import activity
from include.core.paths import DataPaths
from include.warehouse.connection import open_warehouse, run, transaction

log = logging.getLogger(__name__)

SCHEMA = pa.schema(
    [
        ("activity_id", pa.string()),
        ("subscriber_id", pa.string()),
        ("name", pa.string()),
        ("happened_at", pa.timestamp("us", tz="UTC")),
        ("properties", pa.string()),
        ("received_at", pa.timestamp("us", tz="UTC")),
        ("position", pa.int64()),
    ]
)
"""The columns of `posted_activities`, which activities_insert.sql reads."""


def load_activities(paths: DataPaths, prepare: Callable[[list[Path]], object] = len) -> dict[str, int]:
    """Load every file in `spool/activities/incoming/`, and archive it. Idempotent, also after a crash at any point.

    `prepare` gets the files of each group before.

    Returns counts: files, broken (files moved to `broken/`), activities, and new (those that were not known). Without a
    file, the warehouse is not opened.
    """
    root = paths.spool / "activities"
    totals = Counter(files=0, broken=0, activities=0, new=0)
    spool.delete_half_written(root)
    files = spool.incoming_files(root)
    if files:
        with open_warehouse(paths) as warehouse:
            for group in spool.groups(files):
                prepare(group)
                totals.update(_load(warehouse, root, group))
        log.info("loaded %d files: %d activities, %d new", totals["files"], totals["activities"], totals["new"])
    return dict(totals)


def has_changes(loaded: Mapping[str, int]) -> bool:
    """Whether there was a file. Not whether there was a new activity: a load that died may have stored it."""
    return bool(loaded["files"])


def _load(warehouse: duckdb.DuckDBPyConnection, root: Path, files: list[Path]) -> Counter[str]:
    """Store the activities of the readable files in one transaction, then archive these files."""
    rows, readable = list[tuple[object, ...]](), list[Path]()
    for path in files:
        try:
            rows += _rows(path)
            readable.append(path)
        except ValueError as error:
            log.error("%s is not a file of activities and was moved to spool/activities/broken", path.name)
            spool.move_to_broken(root, path, str(error))
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    warehouse.register("posted_activities", pa.Table.from_arrays(arrays, schema=SCHEMA))
    with transaction(warehouse):
        inserted = run(warehouse, "collect", "activities_insert").fetchone()
        run(warehouse, "collect", "activities_note")
    warehouse.unregister("posted_activities")
    spool.archive(root, readable)
    new = int(inserted[0]) if inserted else 0
    return Counter(files=len(readable), broken=len(files) - len(readable), activities=len(rows), new=new)


def _rows(path: Path) -> list[tuple[object, ...]]:
    received = spool.received_at(path)
    return [
        (one.activity_id, one.subscriber_id, one.name, one.happened_at, _properties(one), received, position)
        for position, one in enumerate(activity.decode(path.read_bytes()))
    ]


def _properties(one: activity.Activity) -> str | None:
    text = bytes(one.properties).decode()
    return None if text == "null" else text
