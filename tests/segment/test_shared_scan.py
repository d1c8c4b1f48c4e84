"""Segments that share a scan have the members that each of them has by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from include.core.segment_name import SegmentName
from include.segment import shared_scan
from include.segment.catalogue import Catalogue, read_catalogue
from include.segment.members import select_members
from include.segment.shared_scan import is_plain
from include.warehouse.connection import configure, prepare
from tests.stored_view import store

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
HEADER = "-- name: {name}\n-- owner: marketing\n-- grain: one row per subscriber\n-- params: {params}\n-- purpose: Test.\n"
FEATURES = """
insert into segment.features by name
select
    'person-' || i as subscriber_id, $as_of::timestamptz as as_of, i % 7 as purchases, i % 5 as purchase_days,
    (i % 90)::decimal(18, 2) as revenue, if(i % 5 = 0, null, 1 + i % 5) as recency_score, if(i % 5 = 0, null, 1 + i % 4)
    as frequency_score, if(i % 5 = 0, null, 5 - i % 4) as monetary_score,
    ['prospect', 'new', 'active', 'loyal', 'lapsing', 'lost'][1 + i % 6] as lifecycle_stage,
    ['engaged', 'warm', 'cooling', 'dormant'][1 + i % 4] as engagement_level, if(i % 11 = 0, null, i % 200) as
    days_since_engagement, if(i % 5 = 0, null, i % 190) as days_since_purchase, i % 800 as days_since_signup,
    if(i % 3 = 0, null, i % 40) as purchase_gap_days, if(i % 3 = 0, null, i % 366) as days_until_birthday,
    if(i % 5 = 0, null, i % 120) as average_order, i % 9 as activities_30d, 0 as human_opens_90d, 0 as human_clicks_90d
from range(5000) as people (i)
"""


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    configure(connection)
    prepare(connection)
    store(connection, "segment.features")
    connection.execute(FEATURES, {"as_of": AS_OF})
    return connection


def members(warehouse: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> list[tuple[object, ...]]:
    _, broken = select_members(warehouse, catalogue, AS_OF, seconds=60)
    assert broken == {}
    return warehouse.execute("from temp.selected_membership order by all").fetchall()


def test_shared_scan_gives_the_members_of_each_definition(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = read_catalogue(chosen=[SegmentName("engaged", {"days": 7}), SegmentName("big_baskets", {"above": 80})])
    plain = [segment for segment in catalogue.segments if is_plain(warehouse, segment)]
    assert len(plain) > 20
    together = members(warehouse, catalogue)
    assert shared_scan.scan(warehouse, catalogue.segments, AS_OF) == {str(one.name) for one in plain}

    monkeypatch.setattr(shared_scan, "is_plain", lambda *_: False)

    assert together == members(warehouse, catalogue)
    assert len({segment for segment, _ in together}) > 25


def test_only_conditions_on_the_row_are_shared(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    features = "select subscriber_id from segment.features"
    statements = {
        "plain": f"{features} as f where f.purchases > $least and f.as_of <= $as_of",
        "everybody": features,
        "subquery": f"{features} where revenue > (select avg(revenue) from segment.features)",
        "ranked": f"{features} qualify row_number() over (order by revenue desc) <= 10",
        "few": f"{features} limit 5",
        "joined": "select f.subscriber_id from segment.features as f join core.purchases as p using (subscriber_id)",
        "reader": "select subscriber_id from segment.plain",
        "other": "select subscriber_id from core.subscribers where status = 'pending'",
    }
    for name, statement in statements.items():
        params = "least = 1, as_of" if name == "plain" else "none"
        (tmp_path / f"{name}.sql").write_text(HEADER.format(name=name, params=params) + statement)

    catalogue = read_catalogue(tmp_path)

    assert not catalogue.broken
    assert {str(one.name) for one in catalogue.segments if is_plain(warehouse, one)} == {"plain", "everybody"}


def test_failing_segment_does_not_take_the_others_with_it(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for name, condition in {"fine": "purchases > 3", "also": "revenue > 5", "odd": "subscriber_id::integer > 1"}.items():
        text = HEADER.format(name=name, params="none") + f"select subscriber_id from segment.features where {condition}"
        (tmp_path / f"{name}.sql").write_text(text)

    built, broken = select_members(warehouse, read_catalogue(tmp_path), AS_OF, seconds=60)

    assert {str(one.name) for one in built} == {"fine", "also"}
    assert "fails when it runs (ConversionException)" in str(broken["odd"])
