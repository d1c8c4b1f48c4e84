"""Segments that read segments, with parameters: order, members, and every way in which a reference can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.core import segment_name
from include.core.errors import SegmentsBroken
from include.core.paths import DataPaths
from include.segment.build import build_segments
from include.segment.catalogue import read_catalogue
from include.warehouse.connection import open_warehouse

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
HEADER = "-- name: {name}\n-- owner: marketing\n-- grain: one row per subscriber\n-- params: {params}\n-- purpose: A test.\n"
PEOPLE = """
insert into core.subscribers by name
select
    'person-' || i as subscriber_id, 'key-' || i as address_key, 'gmail' as mailbox_provider, 'subscribed' as status,
    timestamptz '2026-11-24 00:00:00Z' - to_days(i::integer) as signed_up_at, true as tracking_consent,
    signed_up_at as updated_at, 'landed' as landed_run, if(i % 2 = 0, 'DE', 'FR') as country
from range(30) as people (i)
"""
RECENT = "select subscriber_id from segment.features where days_since_signup <= $days"
GERMANS = "select subscriber_id from core.subscribers where country = $country"

Define = Callable[..., Path]


@pytest.fixture
def people(paths: DataPaths) -> DataPaths:
    with open_warehouse(paths) as connection:
        connection.execute(PEOPLE)
    return paths


@pytest.fixture
def define(tmp_path: Path) -> Define:
    folder = tmp_path / "definitions"
    folder.mkdir()

    def write(name: str, statement: str, params: str = "none") -> Path:
        (folder / f"{name}.sql").write_text(HEADER.format(name=name, params=params) + statement)
        return folder

    return write


def failure(paths: DataPaths, definitions: Path) -> str:
    with pytest.raises(SegmentsBroken) as raised:
        build_segments(paths, segment_run="one", as_of=AS_OF, definitions=definitions)
    return str(raised.value)


def test_segment_reads_other_segments_in_whatever_order_of_names(people: DataPaths, define: Define) -> None:
    define("a_both", "select subscriber_id\nfrom segment.recent\njoin segment.germans as g using (subscriber_id)")
    define("recent", RECENT, "days = 9")
    definitions = define("germans", GERMANS, "country = 'DE'")

    sizes = build_segments(people, segment_run="one", as_of=AS_OF, definitions=definitions)

    assert sizes == {"a_both": 5, "germans": 15, "recent": 10}


def test_parameters_are_overridden_by_a_segment_and_each_choice_is_frozen(people: DataPaths, define: Define) -> None:
    define("recent", RECENT, "days = 9")
    define("germans", GERMANS, "country = 'DE'")
    define("narrow", "select subscriber_id from segment.recent(days := 2)")
    define("french", "select g.subscriber_id from segment.germans(country := 'FR') as g")
    define("named", "select subscriber_id from segment.germans where $name = 'O''Hara'", "name = 'Ann'")
    define("irish", "select n.subscriber_id from segment.named(name := 'O''Hara') as n")
    definitions = define(
        "window", "select recent.subscriber_id from segment.recent(\n    days := $days\n)\nwhere true", "days = 4"
    )

    sizes = build_segments(people, segment_run="one", as_of=AS_OF, definitions=definitions)

    assert sizes == {
        "recent": 10, "recent(days=2)": 3, "recent(days=4)": 5, "narrow": 3, "window": 5,
        "germans": 15, "germans(country='FR')": 15, "french": 15, "named": 0, "named(name='O''Hara')": 15, "irish": 15,
    }  # fmt: skip


def test_chosen_parameters_are_built_too_and_a_default_is_no_choice(people: DataPaths, define: Define) -> None:
    definitions = define("recent", RECENT, "days = 9")
    chosen = [segment_name.read(text) for text in ("recent(days=9)", "recent(days=1)", "recent(weeks=1)", "unknown")]

    catalogue = read_catalogue(definitions, chosen)

    assert [str(one.name) for one in catalogue.segments] == ["recent", "recent(days=1)"]
    assert catalogue.broken == {}


def test_cycle_is_named_in_full_and_the_others_are_built(people: DataPaths, define: Define) -> None:
    define("one", "select subscriber_id\nfrom segment.two")
    define("two", "select subscriber_id from segment.three")
    define("three", "select subscriber_id from segment.one")
    define("itself", "select subscriber_id from segment.itself")
    define("outside", "select subscriber_id from segment.one")
    definitions = define("recent", RECENT, "days = 9")

    message = failure(people, definitions)

    assert "one.sql, line 7: is read by what it reads: one reads two reads three reads one." in message
    assert "two.sql, line 6: is read by what it reads: two reads three reads one reads two." in message
    assert "itself.sql, line 6: is read by what it reads: itself reads itself." in message
    assert "outside.sql, line 6: reads segment.one, which could not be built. Fix one;" in message
    assert "5 of 6 segments" in message


def test_broken_base_breaks_its_dependents_by_name(people: DataPaths, define: Define) -> None:
    define("base", "select subscriber_id from segment.features where colour = 'red'")
    define("middle", "select subscriber_id from segment.base")
    define("top", "select subscriber_id from segment.recent union select subscriber_id\nfrom segment.middle")
    definitions = define("recent", RECENT, "days = 9")

    message = failure(people, definitions)

    assert "base.sql, line 6: there is no column colour" in message
    assert "middle.sql, line 6: reads segment.base, which could not be built. Fix base;" in message
    assert "top.sql, line 7: reads segment.middle, which could not be built." in message
    with open_warehouse(people) as connection:
        assert connection.execute("select segment, members from segment.sizes").fetchall() == [("recent", 10)]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("segment.recnt", "reads segment.recnt, which does not exist: did you mean recent?"),
        ("segment.recent(day := 3)", "recent has no parameter day: did you mean days?"),
        ("segment.recent(days := 'x')", "the parameter days of recent is a whole number, not a text."),
        ("segment.recent(days := 2.5)", "the parameter days of recent is a whole number, not a number."),
        ("segment.recent(30)", "an argument that is no literal and no parameter: 30"),
        ("segment.recent(days := 1 + 1)", "an argument that is no literal and no parameter: days"),
        ("segment.recent(days := $as_of)", "the parameter $as_of, which it does not declare"),
        ("segment.germans(country := 'DE')", "germans has no parameter country; there are none."),
    ],
)
def test_wrong_reference_is_refused_with_line(people: DataPaths, define: Define, reference: str, words: str) -> None:
    define("recent", RECENT, "days = 9")
    define("germans", GERMANS.replace("$country", "'DE'"))
    params = "as_of" if "as_of" in reference else "none"

    message = failure(people, define("reader", f"select subscriber_id\nfrom {reference} as r", params))

    assert "reader.sql, line 7: " in message
    assert words in message


@pytest.mark.parametrize(
    ("params", "statement", "words"),
    [
        ("days", RECENT, "declares the parameter days without a default"),
        ("days = ninety", RECENT, "declares params that cannot be read: '= ninety'"),
        ("days = 9, weeks = 1", RECENT, "declares the params days, weeks and binds days"),
        ("as_of = 3", "select subscriber_id from segment.features where $as_of = 3", "gives as_of a default"),
        ("Days = 9", RECENT.replace("$days", "$Days"), "without a default"),
    ],
)
def test_wrong_parameter_is_refused(people: DataPaths, define: Define, params: str, statement: str, words: str) -> None:
    assert words in failure(people, define("recent", statement, params))


def test_value_of_the_wrong_type_for_its_column_breaks_only_that_segment(people: DataPaths, define: Define) -> None:
    define("recent", RECENT, "days = 9")
    definitions = define("odd", "select subscriber_id from segment.features where purchases = $text", "text = 'many'")

    assert "odd.sql, line 6: fails when it runs (ConversionException)" in failure(people, definitions)


def test_segment_cannot_have_the_name_of_a_table(people: DataPaths, define: Define) -> None:
    assert "has the name of the table segment.features" in failure(people, define("features", RECENT, "days = 9"))


@pytest.mark.parametrize(
    "text", ["", "Engaged", "engaged(", "engaged(days)", "engaged(days=30) or 1=1", "a(b=1, b=2)", "a;b"]
)
def test_text_that_is_no_segment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        segment_name.read(text)


@pytest.mark.parametrize(
    "text", ["engaged", "engaged(days=30)", "fans(genre='rock ''n'' roll, jazz', since=date '2026-01-01', top=[1, 2])"]
)
def test_name_is_read_as_it_is_written(text: str) -> None:
    assert str(segment_name.read(text)) == text
