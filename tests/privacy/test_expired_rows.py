"""Expired rows leave the warehouse and its file; every sum holds afterwards, and who may not be mailed is not mailed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.analyze.marts import build_marts
from include.analyze.reconcile import check_sums
from include.core import clock
from include.dispatch.account.record import record_sends
from include.dispatch.account.settle import settle
from include.privacy import expired_rows
from include.privacy.expired_rows import Tables, delete_rows
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from include.warehouse.connection import open_warehouse
from tests.dispatch.test_withdrawals import NEWER, PEOPLE, Sending, ingested_people, sending
from tests.privacy.test_retention import TABLES
from tests.rows import activity
from tests.validate.conftest import land_rows, query
from tests.validate.people import mailed

__all__ = ["ingested_people", "sending"]
GONE = PEOPLE[2] | {"email": "gone.zq2@example.com", "last_name": "Zq2name"}
FAULTY = PEOPLE[3] | {"email": "faulty.zq3@example.com", "timezone": "Mars", "updated_at": NEWER}
LATER = "2026-02-01"
ROWS = """
insert into core.activities by name
select unnest(['posted', 'recent']) as activity_id, 'S1' as subscriber_id, 'visit' as name,
    unnest([now(), now() + interval 400 day]) as happened_at, happened_at as received_at;
insert into engagement.quarantined_events by name
select 'q' as dedup_key, 'unknown_message' as reason, now() as received_at, 'f' as spool_file, '{}' as raw_event;
insert into engagement.events by name
select kind || message_key as dedup_key, message_key, subscriber_id, campaign, occurrence, kind as event,
    planned_at as occurred_at, planned_at as received_at, 'f' as spool_file
from dispatch.sends cross join (select unnest(['processed', 'delivered']) as kind)
where state = 'accepted';
insert into engagement.spool_files by name
select 'f' as name, now() as received_at, now() as loaded_at, count(*) + 1 as events, count(*) as new_events,
    0 as duplicates, 1 as quarantined
from engagement.events;
"""
COUNTS = {"quarantine": 3, "quarantined_events": 1, "activities": 1, "identities": 1, "quality": 0, "segments": 0}
"""The quarantine loses the row of S3, and two of the three versions of that of S4."""
EXPECTED = Tables(**TABLES)


@pytest.fixture
def filled(sending: Sending) -> Sending:
    """S2 unsubscribed and was deleted at the source; of two rejected rows, that of S3 is corrected; a campaign was sent."""
    others = [row for row in PEOPLE if row["subscriber_id"] not in {"S2", "S3", "S4"}]
    open_row = PEOPLE[4] | {"timezone": "Mars", "updated_at": NEWER}
    sending.source(*others, GONE | {"updated_at": NEWER}, FAULTY, open_row)
    plan_id = sending.freeze()
    sending.send(plan_id)
    settle(sending.stores.ledger, plan_id)
    record_sends(sending.stores)
    sending.suppress(GONE["email"], "unsubscribe")
    for _ in range(2):
        sending.source(*others, PEOPLE[3] | {"updated_at": LATER}, open_row)
    manifest = land_rows(sending.stores.paths, "activities", [activity(1)])
    validate_batch(sending.stores.paths, manifest)
    merge_batch(sending.stores.paths, manifest)
    with open_warehouse(sending.stores.paths) as warehouse:
        warehouse.execute(ROWS)
    return sending


def sums(filled: Sending) -> tuple[dict[str, bool], list[Any]]:
    """The checks that hold, and what the marts say about the campaign."""
    build_marts(filled.stores, as_of=clock.now())
    holds = check_sums(filled.stores.paths)
    return holds, query(filled.stores.paths, "select * from marts.sends order by all")


def test_expired_rows_and_their_bytes_go_and_every_sum_holds(filled: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = filled.stores.paths
    assert delete_rows(paths, EXPECTED, dry_run=False) == dict.fromkeys(COUNTS, 0)
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(40 * 86_400))
    assert delete_rows(paths, Tables(**dict.fromkeys(TABLES)), dry_run=False) == dict.fromkeys(COUNTS, 0)
    before = sums(filled)
    assert all(before[0].values()), before[0]
    assert len(before[1]) == len(PEOPLE)
    assert delete_rows(paths, EXPECTED, dry_run=True) == COUNTS
    assert "zq2@" in _bytes(paths.warehouse)
    assert "zq3@" in _bytes(paths.warehouse)
    with monkeypatch.context() as patch:
        patch.setattr(expired_rows, "rewrite", _disk_is_full)
        with pytest.raises(OSError, match="full"):
            delete_rows(paths, EXPECTED, dry_run=False)
    assert query(paths, "select * from core.identities where subscriber_id = 'S2'") == []
    assert "zq2@" in _bytes(paths.warehouse)
    assert delete_rows(paths, EXPECTED, dry_run=False) == dict.fromkeys(COUNTS, 0)
    assert "zq2" not in _bytes(paths.warehouse).lower()
    assert "zq3@" not in _bytes(paths.warehouse)
    assert not paths.warehouse.with_name("rewrite.due").exists()
    assert sums(filled) == before
    assert query(paths, "select activity_id from core.activities order by all") == [("A1",), ("recent",)]
    assert query(paths, "select source_key from quality.open_quarantine") == [("S4",)]


def test_results_of_superseded_runs_go_without_a_copy_of_the_file(filled: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = filled.stores.paths
    with open_warehouse(paths) as warehouse:
        warehouse.execute(
            "insert into quality.runs by name select runs.* replace ('new ' || i as landed_run, now() as validated_at) "
            "from quality.runs as runs cross join range(60) as copies (i) where relation = 'subscribers'"
        )
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(40 * 86_400))
    monkeypatch.setattr(expired_rows, "rewrite", _disk_is_full)
    tables = Tables(**dict.fromkeys(TABLES) | {"quality": 31})
    assert delete_rows(paths, tables, dry_run=False)["quality"] > 50
    for table in ("results", "profiles", "shapes", "distributions", "source_columns"):
        assert query(paths, f"select distinct relation from quality.{table}") == [("activities",)], table
    assert query(paths, "select count(*) from quality.runs where landed_run not like 'new %'") != [(0,)]


def test_a_subscriber_who_returns_has_an_address_again_and_stays_unsubscribed(
    filled: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(40 * 86_400))
    assert delete_rows(filled.stores.paths, EXPECTED, dry_run=False) == COUNTS
    assert delete_rows(filled.stores.paths, EXPECTED, dry_run=False) == dict.fromkeys(COUNTS, 0)
    filled.source(*(row for row in PEOPLE if row["subscriber_id"] != "S2"), GONE | {"updated_at": LATER})
    assert query(filled.stores.paths, "select email from core.identities where subscriber_id = 'S2'") == [(GONE["email"],)]
    assert "S2" not in mailed(filled.stores)
    assert "S3" in mailed(filled.stores)


def _disk_is_full(*_: Any) -> None:
    raise OSError("the disk is full")


def _bytes(path: Path) -> str:
    return path.read_bytes().decode("latin-1")
