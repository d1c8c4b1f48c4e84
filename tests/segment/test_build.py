"""Building segments: repeated runs, broken and slow definitions, deletion of old membership."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml

from include.core.errors import ConfigurationError, SegmentsBroken
from include.core.failure_alert import failure_alert_for
from include.core.paths import DataPaths
from include.segment import build
from include.segment.activity_segments import activity_segments
from include.segment.build import build_segments
from include.segment.catalogue import read_catalogue
from include.warehouse.connection import open_warehouse
from tests.campaign import a_campaign

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
HEADER = "-- name: {name}\n-- owner: marketing\n-- grain: one row per subscriber\n-- params: none\n-- purpose: A test.\n"
ALL = "select subscriber_id from core.subscribers"
PEOPLE = """
insert into core.subscribers by name
select
    'person-' || i as subscriber_id, 'key-' || i as address_key, 'gmail' as mailbox_provider, 'subscribed' as status,
    timestamptz '2026-11-20 00:00:00Z' - to_days(i::integer) as signed_up_at, true as tracking_consent,
    signed_up_at as updated_at, 'landed' as landed_run, if(i = 0, signed_up_at, null) as deleted_at
from range(31) as people (i)
"""

Write = Callable[[str, str], Path]


@pytest.fixture
def people(paths: DataPaths) -> DataPaths:
    """31 subscribers, one of them deleted."""
    with open_warehouse(paths) as connection:
        connection.execute(PEOPLE)
    return paths


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    folder = tmp_path / "definitions"
    folder.mkdir()
    return folder


@pytest.fixture
def define(definitions: Path) -> Write:
    def write(name: str, statement: str) -> Path:
        path = definitions / f"{name}.sql"
        path.write_text(HEADER.format(name=name) + statement)
        return path

    return write


def ask(paths: DataPaths, query: str) -> list[tuple[object, ...]]:
    with open_warehouse(paths) as connection:
        return connection.execute(query).fetchall()


def test_shipped_segments_are_built(people: DataPaths) -> None:
    sizes = build_segments(people, segment_run="one", as_of=AS_OF)

    assert sizes["new_subscribers"] == 9  # signed up on 11 to 19 November; the one of the 20th is deleted
    assert sizes["newsletter_readers"] == 30
    assert sizes["active_customers"] == 0
    assert sum(sizes.values()) == len(ask(people, "from segment.membership"))
    assert ask(people, "select list_size from segment.runs") == [(30,)]


def test_same_run_again_replaces_its_members(people: DataPaths) -> None:
    first = build_segments(people, segment_run="one", as_of=AS_OF)
    frozen = ask(people, "from segment.membership order by all")

    again = build_segments(people, segment_run="one", as_of=AS_OF)

    assert again == first
    assert ask(people, "from segment.membership order by all") == frozen
    assert ask(people, "select count(*) from segment.runs") == [(1,)]


def test_changes_are_counted_against_previous_run(people: DataPaths) -> None:
    build_segments(people, segment_run="one", as_of=AS_OF)
    build_segments(people, segment_run="two", as_of=AS_OF + timedelta(days=3))

    columns = "members, entered, left_segment, stayed"
    moves = f"select {columns} from segment.sizes where segment = 'new_subscribers' order by segment_run"
    assert ask(people, moves) == [(9, 9, 0, 0), (6, 0, 3, 6)]


def test_members_are_existing_subscribers_without_duplicates(people: DataPaths, definitions: Path, define: Write) -> None:
    define("doubled", f"{ALL} union all {ALL}")
    define("strangers", "select 'nobody' as subscriber_id from core.subscribers")
    define("nulls", "select null as subscriber_id from core.subscribers")

    sizes = build_segments(people, segment_run="one", as_of=AS_OF, definitions=definitions)

    assert sizes == {"doubled": 30, "nulls": 0, "strangers": 0}


def test_broken_definition_does_not_stop_the_others(people: DataPaths, definitions: Path, define: Write) -> None:
    define("all", ALL)
    define("column", "select subscriber_id\nfrom segment.features\nwhere colour = 'red'")
    define("thief", "select subscriber_id from core.identities")
    define("value", "select subscriber_id from segment.features where subscriber_id::integer > 1")
    (definitions / "headless.sql").write_text(ALL)

    with pytest.raises(SegmentsBroken) as raised:
        build_segments(people, segment_run="one", as_of=AS_OF, definitions=definitions)

    message = str(raised.value)
    assert "4 of 5 segments" in message
    assert [line.partition(".sql")[0].rpartition("/")[2].strip() for line in message.splitlines()[1:5]] == [
        "column", "headless", "thief", "value",
    ]  # fmt: skip
    alert = failure_alert_for(raised.value, dag="build_segments", run="r", task="segment.build").as_json()
    assert all(f"{name}.sql" in alert["text"] for name in ("column", "headless", "thief", "value"))
    assert "Nothing was replaced" not in alert["text"]
    assert "column.sql, line 8: there is no column colour in segment.features." in message
    assert "thief.sql, line 6: reads core.identities" in message
    assert "value.sql, line 6: fails when it runs (ConversionException)" in message
    assert "headless.sql" in message
    assert "person-" not in message
    assert ask(people, "select segment, members from segment.sizes") == [("all", 30)]
    assert len(ask(people, "from segment.membership")) == 30


def test_broken_segment_keeps_members_of_previous_attempt(people: DataPaths, definitions: Path, define: Write) -> None:
    define("all", ALL)
    define("torn", f"{ALL} where subscriber_id in ('person-1', 'person-2', 'person-3')")
    build_segments(people, segment_run="one", as_of=AS_OF, definitions=definitions)
    define("torn", "select")

    with pytest.raises(ConfigurationError, match="torn"):
        build_segments(people, segment_run="one", as_of=AS_OF, definitions=definitions)

    counts = "select segment, count(*) from segment.membership group by all order by all"
    assert ask(people, counts) == [("all", 30), ("torn", 3)]


CROSS = ", ".join(f"core.subscribers as s{number}" for number in range(12))


@pytest.mark.parametrize(
    "endless",
    [
        f"select s0.subscriber_id from {CROSS}",
        f"select min(s0.subscriber_id) as subscriber_id from {CROSS} group by s1.status",
        f"select s0.subscriber_id from {CROSS} order by s1.subscriber_id || s2.subscriber_id",
    ],
)
def test_cross_join_over_everything_stops_only_its_segment(
    people: DataPaths, definitions: Path, define: Write, endless: str
) -> None:
    define("all", ALL)
    define("endless", endless)

    with pytest.raises(ConfigurationError, match=r"endless\.sql, line 6: took longer than 0\.2 s\. Join on subscriber_id"):
        build_segments(people, segment_run="one", as_of=AS_OF, definitions=definitions, seconds=0.2)

    assert ask(people, "select segment, members from segment.sizes") == [("all", 30)]


def test_definition_that_needs_too_much_memory_stops_only_its_segment(
    people: DataPaths, monkeypatch: pytest.MonkeyPatch, definitions: Path, define: Write
) -> None:
    monkeypatch.setenv("TRADEWIND_WAREHOUSE_MEMORY", "100MB")
    tables = ", ".join(f"core.subscribers as s{number}" for number in range(5))
    text = "list(s0.subscriber_id || s1.subscriber_id || s2.subscriber_id || s3.subscriber_id)"
    define("all", ALL)
    define("heavy", f"select any_value(s0.subscriber_id) as subscriber_id from {tables} having len({text}) > 3")

    with pytest.raises(ConfigurationError, match=r"heavy\.sql, line 6: needs more than the 100 MB of memory.*Join on sub"):
        build_segments(people, segment_run="one", as_of=AS_OF, definitions=definitions)

    assert ask(people, "select segment, members from segment.sizes") == [("all", 30)]


def test_members_of_a_run_are_known_as_long_as_history_is_kept_and_sizes_of_all(
    people: DataPaths, monkeypatch: pytest.MonkeyPatch, definitions: Path, define: Write
) -> None:
    monkeypatch.setattr(build, "KEEP_HISTORY", timedelta(days=2))
    header = HEADER.replace("params: none", "params: as_of")
    (definitions / "newest.sql").write_text(
        header.format(name="newest") + f"{ALL} where signed_up_at > $as_of::timestamptz - interval 8 day"
    )

    for day in range(4):
        build_segments(people, segment_run=f"run-{day}", as_of=AS_OF + timedelta(days=day), definitions=definitions)

    known = {f"run-{day}": ask(people, f"from segment.members_in('run-{day}', ['newest']) order by all") for day in range(4)}
    sizes = ask(people, "select members from segment.sizes order by segment_run")
    assert sizes == [(3,), (2,), (1,), (0,)]
    assert [len(rows) for rows in known.values()] == [0, 2, 1, 0]
    assert ask(people, "select count(*) from segment.moves") == [(3,)]


def test_runs_of_activities_build_few_segments_and_delete_no_members_of_others(
    people: DataPaths, definitions: Path, define: Write
) -> None:
    define("all", ALL)
    define("active", "select subscriber_id from segment.activity_counts where name = 'basket_add'")
    build_segments(people, segment_run="night", as_of=AS_OF, definitions=definitions)

    for minute in range(1, 4):
        at = AS_OF + timedelta(minutes=minute)
        sizes = build_segments(people, segment_run=f"m{minute}", as_of=at, definitions=definitions, only_activities=True)
        assert sizes == {"active": 0}

    assert ask(people, "select segment, count(*) from segment.membership group by all") == [("all", 30)]
    assert len(ask(people, "from segment.members_in('night', ['all'])")) == 30
    assert ask(people, "select segment_run, segment from segment.sizes order by all") == [
        ("m1", "active"), ("m2", "active"), ("m3", "active"), ("night", "active"), ("night", "all"),
    ]  # fmt: skip


def test_segments_of_activities_are_built_with_those_that_a_campaign_combines_with_them(
    definitions: Path, define: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    define("all", ALL)
    define("baskets", "select subscriber_id from segment.activity_counts")
    define("visitors", "select subscriber_id from segment.features where ACTIVITIES_7D > 0")
    define("starred", "select subscriber_id from (select * from segment.features) where days_since_signup = 1")
    define("buyers", "select subscriber_id from segment.features where purchases > 0")
    define("others", "select subscriber_id from segment.features where purchases = 0")
    define("busy_buyers", "select subscriber_id from segment.visitors semi join segment.recent using (subscriber_id)")
    define("recent", "select subscriber_id from segment.features where days_since_signup = 1")
    (tmp_path / "campaigns").mkdir()
    spring = a_campaign(segment="baskets", exclude_segments=("buyers",)).model_dump(mode="json", exclude_defaults=True)
    (tmp_path / "campaigns" / "spring.yaml").write_text(yaml.safe_dump(spring))
    monkeypatch.setenv("TRADEWIND_CAMPAIGNS", str(tmp_path / "campaigns"))

    def built() -> set[str]:
        return {str(segment.name) for segment in activity_segments(read_catalogue(definitions)).segments}

    assert built() == {"baskets", "visitors", "starred", "buyers", "busy_buyers", "recent"}
    (tmp_path / "campaigns" / "broken.yaml").write_text("id: [")
    assert built() == {"baskets", "visitors", "starred", "buyers", "busy_buyers", "recent"}


def test_definitions_cannot_read_files(people: DataPaths) -> None:
    with open_warehouse(people) as connection:
        build._lock_down(connection)

        with pytest.raises(duckdb.PermissionException):
            connection.execute("from read_text('/etc/hostname')")
        with pytest.raises(duckdb.InvalidInputException):
            connection.execute("set enable_external_access = true")


def test_time_without_time_zone_is_rejected(paths: DataPaths) -> None:
    with pytest.raises(ValueError, match="time zone"):
        build_segments(paths, segment_run="one", as_of=datetime(2026, 11, 24))
