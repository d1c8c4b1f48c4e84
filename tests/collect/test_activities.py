"""Posted activities reach core.activities once, and from there the features and the audience of a trigger."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.collect.activities import has_changes, load_activities
from include.core import clock
from include.core.activity import Activity, encode
from include.core.paths import PROJECT, DataPaths
from include.edge import spool
from include.segment.build import build_segments
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from tests.edge.activities_port import post, start_port
from tests.edge.conftest import Edge
from tests.rows import Row, activity, subscriber
from tests.validate.conftest import land_rows, query

LOAD = (
    "from include.collect.activities import load_activities; from include.core.paths import data_paths; "
    "load_activities(data_paths())"
)
MOMENT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def write(paths: DataPaths, *ids: str, subscriber_id: str = "S1") -> None:
    """Spool one file with these activities, as the port does."""
    spool.write_activities(paths, encode([Activity(one, subscriber_id, "basket_add", MOMENT) for one in ids]))


def ingest(paths: DataPaths, relation: str, *rows: Row) -> None:
    manifest = land_rows(paths, relation, list(rows))
    validate_batch(paths, manifest)
    merge_batch(paths, manifest)


@pytest.fixture
def port(paths: DataPaths, tmp_path: Path) -> Iterator[Edge]:
    started = start_port(paths, tmp_path / "log")
    yield started
    started.stop()


def test_a_posted_basket_reaches_the_audience_of_a_trigger(paths: DataPaths, port: Edge) -> None:
    """From the request to the features and the segment, with the steps that the DAGs run, and within the two minutes."""
    ingest(paths, "subscribers", subscriber(1), subscriber(2))
    begun, happened = time.monotonic(), clock.now() - timedelta(seconds=30)
    posted = activity(1, name="basket_add", happened_at=happened.isoformat(), properties={"sku": "LP-1"})
    for _ in range(2):
        assert post(port, json.dumps([posted]).encode()).status_code == 202
    assert load_activities(paths) == {"files": 2, "broken": 0, "activities": 2, "new": 1}
    found = query(
        paths,
        "select activity_id, subscriber_id, name, happened_at, properties ->> 'sku', landed_run, received_at > happened_at "
        "from core.activities",
    )
    assert found == [("A1", "S1", "basket_add", happened, "LP-1", None, True)]
    sizes = build_segments(paths, segment_run="run", as_of=clock.now())
    assert sizes["abandoned_baskets"] == 1
    assert query(paths, "select subscriber_id from segment.membership where segment = 'abandoned_baskets'") == [("S1",)]
    features = "select subscriber_id, last_activity_at, activities_7d, activities_30d from segment.features order by 1"
    assert query(paths, features) == [("S1", happened, 1, 1), ("S2", None, 0, 0)]
    assert time.monotonic() - begun < 120


def test_an_activity_is_no_consent(paths: DataPaths) -> None:
    """Posting for an unsubscribed person leaves them unsubscribed; an unknown one is stored and is nobody."""
    ingest(paths, "subscribers", subscriber(1, status="unsubscribed"), subscriber(2))
    write(paths, "a", subscriber_id="S1")
    write(paths, "b", subscriber_id="nobody")
    assert load_activities(paths)["new"] == 2
    standing = "select subscriber_id, withheld_for is null from people_as_of(now()) order by 1"
    assert query(paths, standing) == [("S1", False), ("S2", True)]
    build_segments(paths, segment_run="run", as_of=clock.now())
    assert query(paths, "select subscriber_id from segment.activity_counts") == [("S1",)]


def test_an_activity_that_the_source_has_is_not_stored_again_and_one_that_it_gets_is_the_sources(paths: DataPaths) -> None:
    ingest(paths, "activities", activity(1))
    write(paths, "A1", "A2", "A3", "A3")
    assert load_activities(paths) == {"files": 1, "broken": 0, "activities": 4, "new": 2}
    rows = "select activity_id, name, received_at is null from core.activities order by 1"
    assert query(paths, rows) == [("A1", "page_view", True), ("A2", "basket_add", False), ("A3", "basket_add", False)]
    ingest(paths, "activities", activity(1), activity(2))
    assert query(paths, rows) == [("A1", "page_view", True), ("A2", "page_view", True), ("A3", "basket_add", False)]
    write(paths, "A2")
    assert load_activities(paths)["new"] == 0


def test_a_load_that_died_before_its_end_announces_its_activities_when_it_is_run_again(paths: DataPaths) -> None:
    write(paths, "a")
    loaded = load_activities(paths)
    (archived,) = (paths.spool / "activities" / "archive").rglob("*.jsonl")
    archived.rename(paths.spool / "activities" / "incoming" / archived.name)
    again = load_activities(paths)
    assert [(counts["files"], counts["new"], has_changes(counts)) for counts in (loaded, again)] == [
        (1, 1, True),
        (1, 0, True),
    ]


def test_loaded_files_are_archived_and_unreadable_ones_are_kept_with_their_reason(paths: DataPaths) -> None:
    write(paths, "a", "b")
    spool.write_activities(paths, b'{"activity_id": "cut o')
    root = paths.spool / "activities"
    (root / "incoming" / ".20261124T000000000000Z-x.jsonl.tmp").write_bytes(b"half")
    assert load_activities(paths) == {"files": 1, "broken": 1, "activities": 2, "new": 2}
    assert [path.name for path in (root / "incoming").iterdir()] == [".20261124T000000000000Z-x.jsonl.tmp"]
    assert len(list((root / "archive").rglob("*.jsonl"))) == 1
    (reason,) = (root / "broken").glob("*.reason.txt")
    assert reason.read_text().startswith("not JSON lines of activities")
    assert has_changes(load_activities(paths)) is False


def test_without_a_file_the_warehouse_is_not_opened(paths: DataPaths) -> None:
    assert load_activities(paths) == {"files": 0, "broken": 0, "activities": 0, "new": 0}
    assert not paths.warehouse.exists()


def test_a_load_killed_at_any_moment_is_completed_by_the_next(paths: DataPaths) -> None:
    for start in range(0, 6_000, 200):
        write(paths, *(f"a{number}" for number in range(start, start + 400)))
    random_delay, killed = random.Random(7), 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", LOAD], cwd=PROJECT, env=os.environ)
        time.sleep(0.3 + random_delay.random() / 2)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed
    load_activities(paths)
    assert query(paths, "select count(*), count(distinct activity_id) from core.activities") == [(6_200, 6_200)]
    assert list((paths.spool / "activities" / "incoming").glob("*.jsonl")) == []
