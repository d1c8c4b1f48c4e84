"""Features that are brought up to date for the people with something new equal those that are computed for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.segment import features
from include.segment.features import build_features
from include.warehouse.connection import configure, prepare

START = datetime(2026, 2, 20, tzinfo=UTC)
READ = ("features", "activity_counts", "previous_features", "previous_activity_counts")
PERSON = """
insert into core.subscribers by name
select $person as subscriber_id, 'key-' || $person as address_key, 'gmail' as mailbox_provider, 'subscribed' as status,
    $at::timestamptz as signed_up_at, $flag as tracking_consent, $at::timestamptz as updated_at, 'landed' as landed_run,
    json_object('birthday', $text) as attributes
"""
CHANGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "joins": (PERSON, ("person", "at", "flag", "text")),
    "leaves": ("update core.subscribers set deleted_at = $at where subscriber_id = $person", ("person", "at")),
    "consents": ("update core.subscribers set tracking_consent = $flag where subscriber_id = $person", ("person", "flag")),
    "buys": (
        "insert into core.purchases by name select $text as purchase_id, $person as subscriber_id, $at::timestamptz as "
        "purchased_at, $amount::decimal(18, 2) as amount, 'EUR' as currency, 1 as items, 'landed' as landed_run",
        ("text", "person", "at", "amount"),
    ),
    "returns": ("delete from core.purchases where subscriber_id = $person and amount = $amount", ("person", "amount")),
    "acts": (
        "insert into core.activities by name select $text as activity_id, $person as subscriber_id, $text as name, "
        "$at::timestamptz as happened_at, 'landed' as landed_run",
        ("text", "person", "at"),
    ),
    "is forgotten": ("delete from core.activities where subscriber_id = $person and name = $text", ("person", "text")),
    "opens": (
        "insert into engagement.events by name select $text as dedup_key, 'm' as message_key, $person as subscriber_id, "
        "'c' as campaign, 'o' as occurrence, if($flag, 'opened', 'clicked') as event, $at::timestamptz as occurred_at, "
        "$at::timestamptz as received_at, 'human' as verdict, 'f' as spool_file",
        ("text", "person", "flag", "at"),
    ),
    "is a machine": ("update engagement.events set verdict = if($flag, 'machine', 'human') where subscriber_id = $person",
                     ("flag", "person")),
}  # fmt: skip
SOURCES = {
    "buys": "purchases", "returns": "purchases", "acts": "activities", "is forgotten": "activities", "opens": "events",
    "is a machine": "events",
}  # fmt: skip
"""Changes that their writers note; people are compared."""

person = st.integers(0, 6).map(lambda number: f"person-{number}")
change = st.fixed_dictionaries(
    {
        "what": st.sampled_from(sorted(CHANGES)),
        "person": person,
        "hours": st.one_of(st.integers(-100, 2400), st.sampled_from([0, 168, 720, 2160])),
        "flag": st.booleans(),
        "amount": st.sampled_from([-5, 0, 10, 10, 20]),
        "text": st.sampled_from(["02-29", "1985-04-30", "12-01", "nonsense"]),
    }
)
runs = st.lists(
    st.tuples(st.lists(change, max_size=5), st.sampled_from([0, 1, 24, 168, 719, 720, 2160]), st.booleans()),
    min_size=2,
    max_size=5,
)
"""Runs: what changes before each, by how many hours it is later, and whether it builds the segments of activities only."""


@pytest.fixture(scope="module")
def both() -> Iterator[list[duckdb.DuckDBPyConnection]]:
    """Two warehouses: one whose features follow what changed, and one that computes everybody."""
    connections = [duckdb.connect(), duckdb.connect()]
    for connection in connections:
        configure(connection)
        prepare(connection)
        connection.execute("set threads = 1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "MAX_SHARE", 1.0)
        patch.setattr(features, "WHOLE_AFTER", timedelta(days=10_000))
        yield connections
    for connection in connections:
        connection.close()


@settings(max_examples=40, deadline=None)
@given(runs)
def test_who_changed_is_enough(both: list[duckdb.DuckDBPyConnection], history: list[tuple[list[Any], int, bool]]) -> None:
    """Over any history of changes and times: the same features, now and before, as of computing everybody each time."""
    for connection in both:
        _empty(connection)
    as_of = START
    for number, (changed, later, is_partial) in enumerate(history):
        as_of += timedelta(hours=later)
        for connection in both:
            for one in changed:
                _apply(connection, one, as_of)
            build_features(connection, as_of, whole=connection is both[1])
            connection.execute(
                "insert into segment.runs by name select $run as segment_run, $as_of::timestamptz as as_of, "
                "$as_of::timestamptz as built_at, $is_partial as is_partial",
                {"run": f"run-{number}", "as_of": as_of, "is_partial": is_partial},
            )
        followed, whole = (_read(connection) for connection in both)
        assert followed == whole


def test_only_who_changed_is_computed(both: list[duckdb.DuckDBPyConnection]) -> None:
    """A purchase of one person leaves their activities and the row of another as stored, also where that is wrong."""
    followed = both[0]
    _empty(followed)
    for name in ("person-1", "person-2"):
        _apply(followed, _change("joins", name), START)
    build_features(followed, START)
    followed.execute("update segment.facts set activities_30d = 77, purchases = 55")
    _apply(followed, _change("buys", "person-1"), START)
    build_features(followed, START + timedelta(hours=1))

    found = followed.execute("select subscriber_id, purchases, activities_30d from segment.features order by all").fetchall()
    assert found == [("person-1", 1, 77), ("person-2", 55, 77)]
    assert not followed.execute("from segment.changes").fetchall(), "applied and forgotten: not computed again each time"


@pytest.mark.parametrize("what", ["buys", "acts", "opens", "consents"])
def test_what_is_not_summed_again_stays(both: list[duckdb.DuckDBPyConnection], what: str) -> None:
    """One source of a person with purchases, activities and clicks changes, or the consent: the others stay."""
    for connection in both:
        _empty(connection)
        for happens in ("joins", "buys", "acts", "opens"):
            _apply(connection, {**_change(happens, "person-1"), "flag": False}, START)
        build_features(connection, START)
        _apply(connection, {**_change(what, "person-1"), "text": "later"}, START)
        build_features(connection, START + timedelta(hours=1), whole=connection is both[1])

    followed, whole = (_read(connection) for connection in both)
    assert followed == whole
    assert len(followed["features"]) == 1


@pytest.mark.parametrize("why", ["a source changed", "everybody's", "exchange rates", "the last time", "before", "share"])
def test_everybody_is_computed_where_following_would_not_do(
    both: list[duckdb.DuckDBPyConnection], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed, later = both[0], timedelta(hours=1)
    _empty(followed)
    for name in ("person-1", "person-2"):
        _apply(followed, _change("joins", name), START)
    build_features(followed, START)
    followed.execute("update segment.facts set activities_30d = 77")
    match why:
        case "a source changed":
            _apply(followed, _change("buys", "person-1"), START, is_noted=False)
        case "everybody's":
            followed.execute("insert into segment.changes values (null, 'events')")
        case "exchange rates":
            followed.execute("update segment.scales set basis = 'another'")
        case "the last time":
            monkeypatch.setattr(features, "WHOLE_AFTER", timedelta(minutes=60))
        case "before":
            later = timedelta(hours=-1)
        case _:
            monkeypatch.setattr(features, "MAX_SHARE", 0.4)
            _apply(followed, _change("buys", "person-1"), START)
    build_features(followed, START + later)

    counts = followed.execute("select activities_30d from segment.facts").fetchall()
    assert (77,) not in counts


def _change(what: str, name: str) -> dict[str, Any]:
    return {"what": what, "person": name, "hours": 200, "flag": True, "amount": 10, "text": "12-01"}


def _apply(connection: duckdb.DuckDBPyConnection, one: dict[str, Any], as_of: datetime, *, is_noted: bool = True) -> None:
    statement, names = CHANGES[one["what"]]
    values = {**one, "at": as_of - timedelta(hours=one["hours"])}
    if one["what"] == "joins":
        connection.execute("delete from core.subscribers where subscriber_id = $person", {"person": one["person"]})
    connection.execute(statement, {name: values[name] for name in names})
    if is_noted and (source := SOURCES.get(one["what"])):
        connection.execute("insert into segment.changes values ($1, $2)", [one["person"], source])


def _empty(connection: duckdb.DuckDBPyConnection) -> None:
    for table in ("core.subscribers", "core.purchases", "core.activities", "engagement.events", "segment.runs"):
        connection.execute(f"delete from {table}")
    for table in (
        "facts",
        "activity_facts",
        "scales",
        "changes",
        "replaced_facts",
        "replaced_activity_facts",
        "replaced_people",
    ):
        connection.execute(f"delete from segment.{table}")


def _read(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    return {view: connection.execute(f"from segment.{view} order by all").fetchall() for view in READ}
