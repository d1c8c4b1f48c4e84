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
from include.segment.row_condition import row_conditions
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
    shared = row_conditions(warehouse, catalogue.segments)
    assert len(shared) > 30
    assert shared.keys() >= {"vip_customers", "engaged_prospects", "second_purchase_due"}
    together = members(warehouse, catalogue)
    assert shared_scan.scan(warehouse, catalogue.segments, AS_OF) == set(shared)

    monkeypatch.setattr(shared_scan, "row_conditions", lambda *_: {})

    assert together == members(warehouse, catalogue)
    assert len({segment for segment, _ in together}) > 25


def written(folder: Path, statements: dict[str, str]) -> Catalogue:
    for name, statement in statements.items():
        bound = {"$least": "least = 1", "$as_of": "as_of"}
        params = ", ".join(declared for parameter, declared in bound.items() if parameter in statement) or "none"
        (folder / f"{name}.sql").write_text(HEADER.format(name=name, params=params) + statement)
    return read_catalogue(folder)


def test_only_conditions_on_the_row_are_shared(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    features = "select subscriber_id from segment.features"
    joined = "select f.subscriber_id from segment.features as f inner join segment.plain as p on"
    shared = {
        "plain": f"{features} as f where f.purchases > $least and f.as_of <= $as_of",
        "everybody": features,
        "reader": "select subscriber_id from segment.plain",
        "reader_of_readers": "select p.subscriber_id from segment.reader as p join segment.late as b "
        "on p.subscriber_id = b.subscriber_id",
        "late": f"{joined} f.subscriber_id = p.subscriber_id where revenue > $least or f.purchase_days = 4",
        "of_another": "select subscriber_id from segment.plain(least := 4)",
    }
    alone = {
        "subquery": f"{features} where revenue > (select avg(revenue) from segment.features)",
        "ranked": f"{features} qualify row_number() over (order by revenue desc) <= 10",
        "few": f"{features} limit 5",
        "renamed": "select subscriber_id from segment.features as f (subscriber_id, as_of, purchases) where purchases > 3",
        "sampled": f"{features} tablesample 10%",
        "bought": "select f.subscriber_id from segment.features as f join core.purchases as p using (subscriber_id)",
        "other": "select subscriber_id from core.subscribers where status = 'pending'",
        "reader_of_other": "select subscriber_id from segment.other",
        "outer_joined": f"{joined.replace('inner', 'left')} f.subscriber_id = p.subscriber_id",
        "anti_joined": f"{joined.replace('inner', 'anti')} f.subscriber_id = p.subscriber_id",
        "joined_by_more": f"{joined} f.subscriber_id = p.subscriber_id and f.purchases > 3",
        "joined_by_less": f"{joined} f.subscriber_id < p.subscriber_id",
        "joined_with_itself": f"{joined} p.subscriber_id = p.subscriber_id",
        "joined_by_another": f"{joined} f.lifecycle_stage = p.subscriber_id",
        "crossed": "select f.subscriber_id from segment.features as f, segment.plain as p",
        "crossed_by_two_others": f"{joined} f.subscriber_id = p.subscriber_id join segment.everybody as e "
        "on f.subscriber_id = p.subscriber_id",
        "power": f"{features} where purchases ^ 2 > 4",
    }
    of_no_column = {
        "joined_by_one_to_come": f"{joined} p.subscriber_id = e.subscriber_id join segment.everybody as e "
        "on f.subscriber_id = e.subscriber_id",
        "id_of_two": f"{joined} f.subscriber_id = p.subscriber_id where subscriber_id <> ''",
        "id_of_two_selected": "select subscriber_id from segment.features as f join segment.plain as p "
        "on f.subscriber_id = p.subscriber_id",
        "of_another_schema": f"{features} as f where core.f.purchases > 3",
    }

    catalogue = written(tmp_path, shared | alone | of_no_column)
    conditions = row_conditions(warehouse, catalogue.segments)
    _, broken = select_members(warehouse, catalogue, AS_OF, seconds=60)

    assert not catalogue.broken
    assert conditions.keys() == {*shared, "plain(least=4)"}
    assert broken.keys() == of_no_column.keys()


def test_segments_that_read_segments_are_the_same_by_a_shared_scan(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = (
        "select f.subscriber_id from segment.features as f inner join segment.{} as p on f.subscriber_id = p.subscriber_id"
    )
    catalogue = written(
        tmp_path,
        {
            "either": "select subscriber_id from segment.features where purchases > $least or revenue > 70",
            "unknown": "select subscriber_id from segment.features where days_since_engagement > 20",
            "reader": joined.format("either") + " where f.purchase_days = $least or f.revenue < 5",
            "of_three": joined.format("either(least := 4)") + " inner join segment.unknown as u on u.subscriber_id = "
            "f.subscriber_id where not f.days_since_purchase > 50",
        },
    )
    together = members(warehouse, catalogue)
    assert len(row_conditions(warehouse, catalogue.segments)) == len(catalogue.segments) == 5

    monkeypatch.setattr(shared_scan, "row_conditions", lambda *_: {})

    assert together == members(warehouse, catalogue)
    assert len({segment for segment, _ in together}) == 5


def test_segments_that_read_each_other_without_end_are_not_written_out(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    twice = "select a.subscriber_id from segment.s{0} as a join segment.s{0} as b on a.subscriber_id = b.subscriber_id"
    statements = {f"s{number}": twice.format(number - 1) for number in range(1, 25)}
    catalogue = written(tmp_path, {"s0": "select subscriber_id from segment.features where purchases > 3"} | statements)

    assert 5 < len(row_conditions(warehouse, catalogue.segments)) < 15


def test_failing_segment_does_not_take_the_others_with_it(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for name, condition in {"fine": "purchases > 3", "also": "revenue > 5", "odd": "subscriber_id::integer > 1"}.items():
        text = HEADER.format(name=name, params="none") + f"select subscriber_id from segment.features where {condition}"
        (tmp_path / f"{name}.sql").write_text(text)

    built, broken = select_members(warehouse, read_catalogue(tmp_path), AS_OF, seconds=60)

    assert {str(one.name) for one in built} == {"fine", "also"}
    assert "fails when it runs (ConversionException)" in str(broken["odd"])
