"""Watermarks and unfinished merges on the asset's state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.core import clock
from include.core.manifest import Manifest
from include.core.paths import DataPaths
from include.extract import watermark
from include.extract.land import land
from tests.rows import Row, activity, purchase, subscriber

NOON, HOUR = datetime(2026, 11, 24, 12, tzinfo=UTC), timedelta(hours=1)


MANIFEST: Manifest = {
    "relation": "purchases",
    "run": "r",
    "folder": "landed/purchases/r",
    "rows": 0,
    "files": [],
    "full": True,
    "watermark": "2026-11-24T11:00:00+00:00",
}


class State(dict[str, Any]):
    """A state store in memory."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


def test_a_pass_is_full_at_first_on_request_and_once_per_day() -> None:
    state = State()
    assert watermark.incremental_start(state, "purchases", full=False, now=NOON, overlap=HOUR) is None
    watermark.store_watermark(state, MANIFEST, NOON)
    later = NOON + timedelta(hours=23)
    assert watermark.incremental_start(state, "purchases", full=False, now=later, overlap=HOUR) == datetime(
        2026, 11, 24, 10, tzinfo=UTC
    )
    assert watermark.incremental_start(state, "purchases", full=True, now=later, overlap=HOUR) is None
    assert watermark.incremental_start(state, "purchases", full=False, now=NOON + timedelta(hours=24), overlap=HOUR) is None
    assert watermark.incremental_start(state, "subscribers", full=False, now=later, overlap=HOUR) is None


def test_several_sources_continue_from_their_own_watermarks() -> None:
    state = State()

    def starts(*, full: bool = False) -> dict[str, datetime] | None:
        return watermark.incremental_starts(state, "purchases", full=full, now=NOON + HOUR, overlap=HOUR)

    watermark.store_watermark(state, MANIFEST, NOON)
    assert starts() is None, "they have not been read apart yet"
    marks = {"shop": "2026-11-24T11:00:00+00:00", "crm": "2026-11-20T00:00:00+00:00"}
    watermark.store_watermark(state, {**MANIFEST, "watermarks": marks}, NOON)
    watermark.store_watermark(state, {**MANIFEST, "full": False, "watermarks": {"shop": "2026-11-24T12:00:00+00:00"}}, NOON)
    assert starts() == {
        "shop": datetime(2026, 11, 24, 11, tzinfo=UTC), "crm": datetime(2026, 11, 19, 23, tzinfo=UTC),
    }  # fmt: skip
    assert starts(full=True) is None
    watermark.store_watermark(state, {**MANIFEST, "full": False, "watermarks": {"crm": "2999-01-01T00:00:00+00:00"}}, NOON)
    assert starts() is None, "changes before a future time are unknown"


def test_the_retry_of_a_killed_merge_reports_a_change() -> None:
    nothing = {"inserted": 0, "updated": 0, "deleted": 0}
    state = State()
    watermark.record_merge_start(state)
    assert watermark.finish_merges(state, [nothing]) is False
    watermark.record_merge_start(state)
    watermark.record_merge_start(state)
    assert watermark.finish_merges(state, [nothing]) is True
    watermark.record_merge_start(state)
    assert watermark.finish_merges(state, [{**nothing, "updated": 1}]) is True


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def next_pass(paths: DataPaths, state: State, url: str, relation: str, run: str) -> set[str]:
    """Land one pass, store its watermark as after a merge, and return the landed ids."""
    now = clock.now()
    since = watermark.incremental_start(state, relation, full=False, now=now, overlap=timedelta(minutes=5))
    manifest = land(paths, url, relation, run=run, since=since)
    watermark.store_watermark(state, manifest, now)
    parts = [pq.read_table(paths.root / manifest["folder"] / file["name"]) for file in manifest["files"]]
    return set(pa.concat_tables(parts)["subscriber_id"].to_pylist())


def test_a_row_with_a_future_time_does_not_hide_later_changes(paths: DataPaths, source: Callable[..., str]) -> None:
    """In every kind of source. Validation accepts a row whose time is 12 hours in the future."""
    now = clock.now()
    for relation, row, changed in (
        ("subscribers", subscriber, "updated_at"), ("purchases", purchase, "purchased_at"),
        ("activities", activity, "happened_at"),
    ):  # fmt: skip
        ahead = row(1, **{changed: text(now + timedelta(hours=12))})
        recent = row(2, **{changed: text(now - timedelta(minutes=30))})
        seen: list[Row] = [ahead, recent, row(3)]
        state = State()
        assert next_pass(paths, state, source(**{relation: seen}), relation, f"{relation} 1") == {"S1", "S2", "S3"}
        seen.append(row(4, **{changed: text(now - timedelta(minutes=1))}))
        assert next_pass(paths, state, source(**{relation: seen}), relation, f"{relation} 2") == {"S1", "S2", "S4"}
        assert datetime.fromisoformat(state[f"{relation}.watermark"]) <= clock.now()


def test_a_watermark_in_the_future_leads_to_a_full_pass(paths: DataPaths, source: Callable[..., str]) -> None:
    """Older versions stored such watermarks. The changes since then are unknown."""
    now = clock.now()
    ahead = (now + timedelta(hours=20)).isoformat()
    state = State({"subscribers.watermark": ahead, "subscribers.full_pass_at": (now - HOUR).isoformat()})
    url = source(subscribers=[subscriber(1, updated_at=text(now - timedelta(hours=3))), subscriber(2)])
    assert next_pass(paths, state, url, "subscribers", "r") == {"S1", "S2"}
    assert datetime.fromisoformat(state["subscribers.watermark"]) < now
