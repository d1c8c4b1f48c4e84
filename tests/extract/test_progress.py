"""Watermarks and unfinished merges on the asset's state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from include.extract import progress

NOON, HOUR = datetime(2026, 11, 24, 12, tzinfo=UTC), timedelta(hours=1)


class State(dict[str, Any]):
    """The part of the asset's state store that is used here."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


def test_a_pass_is_full_at_first_when_asked_and_once_a_day() -> None:
    state = State()
    assert progress.watermark_since(state, "purchases", full=False, now=NOON, overlap=HOUR) is None
    progress.remember_watermark(
        state, {"relation": "purchases", "watermark": "2026-11-24T11:00:00+00:00", "full": True}, NOON
    )
    later = NOON + timedelta(hours=23)
    assert progress.watermark_since(state, "purchases", full=False, now=later, overlap=HOUR) == datetime(
        2026, 11, 24, 10, tzinfo=UTC
    )
    assert progress.watermark_since(state, "purchases", full=True, now=later, overlap=HOUR) is None
    assert progress.watermark_since(state, "purchases", full=False, now=NOON + timedelta(hours=24), overlap=HOUR) is None
    assert progress.watermark_since(state, "subscribers", full=False, now=later, overlap=HOUR) is None


def test_changes_of_a_merge_that_died_are_announced_by_its_second_try() -> None:
    nothing = {"inserted": 0, "updated": 0, "deleted": 0}
    state = State()
    progress.open_changes(state)
    assert progress.settle_changes(state, [nothing]) is False
    progress.open_changes(state)
    progress.open_changes(state)
    assert progress.settle_changes(state, [nothing]) is True
    progress.open_changes(state)
    assert progress.settle_changes(state, [{**nothing, "updated": 1}]) is True
