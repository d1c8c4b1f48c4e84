"""Migrations 230 and 231: a warehouse whose events have `event_key` is upgraded to `dedup_key` and keeps its rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from include.core import sqlfile
from include.core.paths import SQL, DataPaths
from include.warehouse.connection import open_warehouse

EVENT = """
insert into engagement.events by name
select
    $key as event_key, 'm1' as message_key, 's1' as subscriber_id, 'welcome' as campaign, '2026-W48' as occurrence,
    'delivered' as event, now() as occurred_at, now() as received_at, 'batch.json' as spool_file"""
QUARANTINED = "insert into engagement.quarantined_events values ($key, 'unknown_message', now(), 'batch.json', '{}')"
TABLES = ("events", "mail_events", "quarantined_events")
COLUMNS = """
select table_name, column_name
from information_schema.columns
where table_schema = 'engagement' and column_name in ('event_key', 'dedup_key')
order by table_name"""


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of migrations as it was before 230."""
    shutil.copytree(SQL / "warehouse", tmp_path / "sql" / "warehouse")
    for path in (tmp_path / "sql" / "warehouse").glob("*.sql"):
        if int(path.name[:3]) >= 230:
            path.unlink()
    monkeypatch.setattr(sqlfile, "SQL", tmp_path / "sql")
    return tmp_path / "sql"


def test_event_key_becomes_dedup_key_with_its_rows(paths: DataPaths, before: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_warehouse(paths) as warehouse:
        warehouse.execute(EVENT, {"key": "delivered-1"})
        warehouse.execute(QUARANTINED, {"key": "unknown-1"})
    monkeypatch.setattr(sqlfile, "SQL", SQL)
    with open_warehouse(paths) as warehouse:
        assert warehouse.execute(COLUMNS).fetchall() == [(table, "dedup_key") for table in TABLES]
        assert warehouse.execute("select dedup_key, message_key from engagement.events").fetchall() == [
            ("delivered-1", "m1")
        ]
        assert warehouse.execute("select dedup_key from engagement.quarantined_events").fetchall() == [("unknown-1",)]
