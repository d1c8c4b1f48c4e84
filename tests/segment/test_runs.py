"""Members of each run, whatever happens after it: later runs, repeated ones, broken definitions, runs that come too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.core.errors import SegmentsBroken
from include.core.paths import DataPaths
from include.segment.build import build_segments
from include.warehouse.connection import open_warehouse

PEOPLE = 5
SEGMENTS = ("a", "b", "c")
AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
HEADER = "-- name: {name}\n-- owner: marketing\n-- grain: one row per subscriber\n-- params: none\n-- purpose: Test.\n"
SUBSCRIBERS = """
insert into core.subscribers by name
select
    i::varchar as subscriber_id, 'key-' || i as address_key, 'gmail' as mailbox_provider, 'subscribed' as status,
    timestamptz '2026-11-01 00:00:00Z' as signed_up_at, true as tracking_consent, signed_up_at as updated_at,
    'l' as landed_run
from range($people) as people (i)
"""
PURCHASE = """
insert into core.purchases by name
select
    $segment || person as purchase_id, person::varchar as subscriber_id,
    timestamptz '2026-11-02 00:00:00Z' as purchased_at, 10 as amount, $segment as currency, 'l' as landed_run
from (select unnest($people::integer[]) as person) as people
"""

Members = dict[str, set[int]]
members = st.fixed_dictionaries({name: st.sets(st.integers(0, PEOPLE - 1)) for name in SEGMENTS})
runs = st.tuples(st.integers(0, 4), members, st.sets(st.sampled_from(SEGMENTS), max_size=2))
"""The number of a run (a run may be repeated, or be older than others), its members, and the segments that are broken."""


def build(paths: DataPaths, folder: Path, number: int, wanted: Members, broken: set[str]) -> None:
    """A segment has the buyers in its own currency, and is broken or not; it never reads another."""
    for name in SEGMENTS:
        text = "select" if name in broken else f"select distinct subscriber_id from core.purchases where currency = '{name}'"
        (folder / f"{name}.sql").write_text(HEADER.format(name=name) + text)
    with open_warehouse(paths) as connection:
        connection.execute("delete from core.purchases")
        for name, people in wanted.items():
            connection.execute(PURCHASE, {"segment": name, "people": sorted(people)})
    try:
        build_segments(paths, segment_run=f"run-{number}", as_of=AS_OF + timedelta(hours=number), definitions=folder)
    except SegmentsBroken:
        assert broken


def expected(history: list[tuple[int, Members, set[str]]]) -> dict[tuple[str, str], set[str]]:
    """The members by run and segment: of the last try that built the segment before a later run did."""
    found: dict[tuple[str, str], set[str]] = {}
    newest = dict.fromkeys(SEGMENTS, -1)
    for number, wanted, broken in history:
        for name in SEGMENTS:
            if name not in broken and number >= newest[name]:
                newest[name] = number
                found[f"run-{number}", name] = {str(person) for person in wanted[name]}
    return found


@settings(max_examples=15, deadline=None)
@given(st.lists(runs, min_size=2, max_size=6))
@example([(0, {"a": {1}, "b": set(), "c": set()}, set()), (0, {"a": {2}, "b": {1}, "c": set()}, set())])
@example(
    [
        (1, {"a": {1}, "b": set(), "c": set()}, set()),
        (2, {"a": {2}, "b": set(), "c": set()}, set()),
        (2, {"a": {1, 3}, "b": set(), "c": set()}, set()),
        (1, {"a": {4}, "b": set(), "c": set()}, set()),
    ]
)
def test_members_of_each_run_stay_as_it_froze_them(history: list[tuple[int, Members, set[str]]]) -> None:
    with TemporaryDirectory() as folder:
        paths, definitions = DataPaths(Path(folder) / "data"), Path(folder) / "definitions"
        definitions.mkdir()
        with open_warehouse(paths) as connection:
            connection.execute(SUBSCRIBERS, {"people": PEOPLE})
        for number, wanted, broken in history:
            build(paths, definitions, number, wanted, broken)
        with open_warehouse(paths) as connection:
            for (run, name), people in expected(history).items():
                rows = connection.execute(f"select subscriber_id from segment.members_in('{run}', ['{name}'])").fetchall()
                assert sorted(row[0] for row in rows) == sorted(people), (run, name)
            sizes = dict(connection.execute("select (segment_run, segment), members from segment.sizes").fetchall())
            query = "select segment, list(subscriber_id order by subscriber_id) from segment.membership group by segment"
            now = dict(connection.execute(query).fetchall())
            assert sizes == {key: len(people) for key, people in expected(history).items()}
            assert now == _newest(expected(history))


def _newest(found: dict[tuple[str, str], set[str]]) -> dict[str, list[str]]:
    """The members in the newest run of each segment, of segments that have any."""
    last = {name: people for (_, name), people in sorted(found.items(), key=lambda one: one[0])}
    return {name: sorted(people) for name, people in last.items() if people}
