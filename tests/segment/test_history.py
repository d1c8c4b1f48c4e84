"""Who entered and left a segment, when, and which of its conditions changed for each of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.core.paths import DataPaths
from include.segment import history
from include.segment.build import build_segments
from include.segment.catalogue import read_catalogue
from include.segment.conditions import conditions
from include.warehouse.connection import open_warehouse

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
HEADER = "-- name: {name}\n-- owner: marketing\n-- grain: one row per subscriber\n-- params: {params}\n-- purpose: Test.\n"
PERSON = """
insert into core.subscribers by name
select
    $id as subscriber_id, 'key-' || $id as address_key, 'gmail' as mailbox_provider, 'subscribed' as status,
    $signed_up::timestamptz as signed_up_at, true as tracking_consent, signed_up_at as updated_at, 'landed' as landed_run
"""
PURCHASE = """
insert into core.purchases by name
select
    'p-' || $id || $at as purchase_id, $id as subscriber_id, $at::timestamptz as purchased_at, 10 as amount,
    'USD' as currency, 'landed' as landed_run
"""
BUYERS = "select subscriber_id\nfrom segment.features\nwhere purchases >= $least and days_since_signup <= 30"
Define = Callable[..., Path]


@pytest.fixture
def define(tmp_path: Path) -> Define:
    folder = tmp_path / "definitions"
    folder.mkdir()

    def write(name: str, statement: str, params: str = "none") -> Path:
        (folder / f"{name}.sql").write_text(HEADER.format(name=name, params=params) + statement)
        return folder

    return write


def do(paths: DataPaths, statement: str, **params: str) -> None:
    with open_warehouse(paths) as connection:
        connection.execute(statement, params)


def ask(paths: DataPaths, query: str) -> list[tuple[object, ...]]:
    with open_warehouse(paths) as connection:
        return connection.execute(query).fetchall()


def moves(paths: DataPaths, segment: str, day: str) -> list[tuple[object, ...]]:
    return ask(paths, f"select subscriber_id, moved, condition from segment.moves_on('{segment}', '{day}') order by all")


def members(paths: DataPaths, segment: str, day: str) -> list[object]:
    return [row[0] for row in ask(paths, f"from segment.members_on('{segment}', '{day}') order by all")]


@pytest.fixture
def shop(paths: DataPaths, define: Define) -> tuple[DataPaths, Path]:
    """On the 24th, ann and bob are buyers; ann's sign-up is 30 days ago, so she leaves on the 25th."""
    definitions = define("buyers", BUYERS, "least = 1")
    define("fans", "select b.subscriber_id from segment.buyers as b join segment.active as a using (subscriber_id)")
    define("spenders", "select subscriber_id from segment.features where revenue > 5")
    define("active", "select distinct subscriber_id from core.activities union select subscriber_id from core.purchases")
    for name, day in {"ann": "2026-10-25", "bob": "2026-11-01", "cat": "2026-11-02", "dan": "2026-11-03"}.items():
        do(paths, PERSON, id=name, signed_up=f"{day} 00:00:00Z")
    do(paths, PURCHASE, id="ann", at="2026-11-02 00:00:00Z")
    do(paths, PURCHASE, id="bob", at="2026-11-02 00:00:00Z")
    build_segments(paths, segment_run="one", as_of=AS_OF, definitions=definitions)
    return paths, definitions


def build(shop: tuple[DataPaths, Path], name: str, days: int) -> DataPaths:
    paths, definitions = shop
    build_segments(paths, segment_run=name, as_of=AS_OF + timedelta(days=days), definitions=definitions)
    return paths


def test_changed_condition_of_each_person_who_entered_or_left(shop: tuple[DataPaths, Path]) -> None:
    paths, _ = shop
    do(paths, PURCHASE, id="cat", at="2026-11-24 12:00:00Z")
    do(paths, PERSON, id="eve", signed_up="2026-11-24 12:00:00Z")
    do(paths, PURCHASE, id="eve", at="2026-11-24 13:00:00Z")
    do(paths, "update core.subscribers set deleted_at = $at::timestamptz where subscriber_id = 'bob'", at="2026-11-24")

    build(shop, "two", 1)

    assert moves(paths, "buyers", "2026-11-25") == [
        ("ann", "left", "days_since_signup <= 30"),
        ("bob", "left", "on the list"),
        ("cat", "entered", "purchases >= 1"),
        ("eve", "entered", "on the list"),
    ]
    assert ("cat", "entered", "in segment active") in moves(paths, "fans", "2026-11-25")
    assert ("cat", "entered", "in segment buyers") in moves(paths, "fans", "2026-11-25")
    assert ("ann", "left", "in segment buyers") in moves(paths, "fans", "2026-11-25")
    assert members(paths, "buyers", "2026-11-24") == ["ann", "bob"]
    assert members(paths, "buyers", "2026-11-25") == ["cat", "eve"]
    assert members(paths, "buyers", "2026-11-23") == []
    sizes = "select members, entered, left_segment from segment.sizes where segment = 'buyers' and segment_run = 'two'"
    assert ask(paths, sizes) == [(2, 2, 2)]


def test_same_run_again_has_the_same_history(shop: tuple[DataPaths, Path]) -> None:
    paths, _ = shop
    do(paths, PURCHASE, id="cat", at="2026-11-24 12:00:00Z")
    build(shop, "two", 1)
    first = ask(paths, "from segment.spells order by all"), ask(paths, "from segment.condition_changes order by all")

    build(shop, "two", 1)

    again = ask(paths, "from segment.spells order by all"), ask(paths, "from segment.condition_changes order by all")
    assert again == first


def test_older_run_that_is_built_again_changes_no_history(shop: tuple[DataPaths, Path]) -> None:
    paths, _ = shop
    build(shop, "two", 1)
    kept = ask(paths, "from segment.spells order by all")
    do(paths, PURCHASE, id="dan", at="2026-11-20 12:00:00Z")

    build(shop, "one", 0)

    assert ask(paths, "from segment.spells order by all") == kept


def test_runs_of_activities_keep_the_features_that_the_next_full_run_compares_with(shop: tuple[DataPaths, Path]) -> None:
    paths, definitions = shop
    do(paths, PURCHASE, id="cat", at="2026-11-24 12:00:00Z")
    for hour in (7, 8):
        at = AS_OF + timedelta(hours=hour)
        build_segments(paths, segment_run=f"{hour}", as_of=at, definitions=definitions, only_activities=True)

    build(shop, "two", 1)

    assert moves(paths, "buyers", "2026-11-24")[-1] == ("cat", "entered", "purchases >= 1")
    assert moves(paths, "spenders", "2026-11-25") == [("cat", "entered", "revenue > 5")]
    assert ask(paths, "select distinct compared_at from segment.condition_changes where segment = 'spenders'") == [(AS_OF,)]


def test_edit_of_the_definition_is_a_reason(shop: tuple[DataPaths, Path], define: Define) -> None:
    paths, _ = shop
    define("buyers", BUYERS, "least = 0")

    build(shop, "two", 1)

    assert ("dan", "entered", "the definition") in moves(paths, "buyers", "2026-11-25")
    assert ("ann", "left", "days_since_signup <= 30") in moves(paths, "buyers", "2026-11-25")


def test_a_condition_on_other_people_reads_all_members(shop: tuple[DataPaths, Path], define: Define) -> None:
    paths, _ = shop
    others = "select 1 from segment.buyers as others where others.subscriber_id <> features.subscriber_id"
    define("not_alone", f"select subscriber_id from segment.features where purchases >= 1 and exists ({others})")
    do(paths, PURCHASE, id="cat", at="2026-11-24 12:00:00Z")
    build(shop, "two", 1)
    do(paths, PURCHASE, id="dan", at="2026-11-25 12:00:00Z")

    build(shop, "three", 2)

    assert moves(paths, "not_alone", "2026-11-26") == [("dan", "entered", "purchases >= 1")]


def test_rows_of_other_people_that_are_joined_are_read(shop: tuple[DataPaths, Path], define: Define) -> None:
    """Bob and Cat do not move when Dan enters, and his conditions need their rows."""
    paths, _ = shop
    others = "segment.features as others on others.subscriber_id <> features.subscriber_id and others.purchases >= 1"
    terms = "features.purchases >= 1 and features.days_since_signup <= 60"
    define(
        "not_alone",
        f"select features.subscriber_id from segment.features as features inner join {others} where {terms}",
    )
    do(paths, PURCHASE, id="cat", at="2026-11-24 12:00:00Z")
    build(shop, "two", 1)
    do(paths, PURCHASE, id="dan", at="2026-11-25 12:00:00Z")

    build(shop, "three", 2)

    assert moves(paths, "not_alone", "2026-11-26") == [("dan", "entered", "features.purchases >= 1")]


@pytest.mark.parametrize(
    "join", ["using (subscriber_id)", "on a.subscriber_id = features.subscriber_id and a.in_7_days > 0"]
)
def test_rows_that_are_joined_by_person_are_those_of_who_moved(define: Define, join: str) -> None:
    """A condition of a segment that joins two tables by person scans neither."""
    define(
        "visitors",
        f"select a.subscriber_id from segment.activity_counts as a join segment.features {join} where a.name = 'x'",
    )
    folder = define("other", "select subscriber_id from segment.features")
    segment = next(one for one in read_catalogue(folder).segments if str(one.name) == "visitors")

    found = conditions(segment, moved={"features": "moved_features", "activity_counts": "moved_activity_counts"})

    assert found is not None
    assert "temp.moved_activity_counts AS a" in found.statement
    assert "temp.moved_features AS features" in found.statement


def test_conditions_are_kept_for_a_bounded_number_of_people(
    shop: tuple[DataPaths, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, _ = shop
    monkeypatch.setattr(history, "MOST_PEOPLE", 1)
    do(paths, PURCHASE, id="cat", at="2026-11-24 12:00:00Z")
    do(paths, PURCHASE, id="dan", at="2026-11-24 12:00:00Z")

    build(shop, "two", 1)

    entered = [row for row in moves(paths, "buyers", "2026-11-25") if row[1] == "entered"]
    assert sorted(str(row[0]) for row in entered) == ["cat", "dan"]
    assert sorted(str(row[2]) for row in entered) == ["None", "purchases >= 1"]
