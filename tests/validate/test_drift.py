"""Drift is found, and shops that are only alive do not alarm: simulated runs, and real batches through the stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from data_quality.drift import JUMPS, MIN_RUNS, WINDOW_RUNS
from demo_shop.source import build
from include.core.errors import QualityStop
from include.core.manifest import source_fingerprint
from include.core.paths import DataPaths
from include.extract.land import land
from include.validate.alerts import alert_on_warnings
from include.validate.batch import validate_batch
from include.validate.drift import Measure, RunCounts, check_drift, measures
from include.validate.landed_batch import LandedBatch, load_batch
from include.validate.merge import merge_batch
from include.warehouse.connection import open_warehouse, run
from tests.rows import Row, sqlite_source, subscriber
from tests.validate.conftest import query
from tests.validate.shop_runs import Shop, moved

RUNS = 200
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
MAX_FALSE_ALARMS = 0.01
"""The share of normal runs with any alarm, of about thirty measures each."""
SHOPS = {
    "steady": Shop(growth=0.001, seed=1),
    "growing": Shop(growth=0.006, seed=2),
    "seasonal": Shop(growth=0.002, saturdays=12.0, seed=3),
    "small": Shop(growth=0.004, size=150, seed=4),
}


def broken(now: RunCounts, earlier: list[RunCounts], *, full: bool = True) -> list[Measure]:
    found = measures(now, earlier, "subscribers", full=full)
    return [one for one in found if not 0 <= one.position <= 1]


def alarms(runs: list[RunCounts], *, full: bool) -> float:
    """The share of the runs after the first window that alarm."""
    checked = [broken(runs[at], runs[at - WINDOW_RUNS : at][::-1], full=full) for at in range(WINDOW_RUNS, len(runs))]
    assert len(checked) == RUNS
    return sum(map(bool, checked)) / RUNS


@pytest.mark.parametrize("name", ["growing", "seasonal", "small"])
def test_two_hundred_normal_full_passes_do_not_alarm(name: str) -> None:
    assert alarms(list(SHOPS[name].full_passes(RUNS + WINDOW_RUNS)), full=True) <= MAX_FALSE_ALARMS


def test_two_hundred_normal_hourly_passes_do_not_alarm() -> None:
    assert alarms(list(Shop(growth=0.0, seed=5).hourly_passes(RUNS + WINDOW_RUNS)), full=False) <= MAX_FALSE_ALARMS


def empty(run: RunCounts, column: str, share: float) -> RunCounts:
    changed = RunCounts(run.rows, filled=run.filled | {column: round(run.filled[column] * (1 - share))})
    changed.values.update(run.values)
    return changed


INJECTED: dict[str, Callable[[RunCounts], RunCounts]] = {
    "null_share country": lambda run: empty(run, "country", 0.31),
    "null_share email": lambda run: empty(run, "email", 0.05),
    "domain email": lambda run: moved(run, "domain", "largest", 0.15),
    "consent consent": lambda run: moved(run, "consent", "no", 0.1),
    "consent tracking_consent": lambda run: moved(run, "tracking_consent", "yes", 0.2),
    "value status": lambda run: moved(run, "status", "pending", 0.15),
    "value country": lambda run: moved(run, "country", "US", 0.2),
    "value locale": lambda run: moved(run, "locale", "en-gb", 0.2),
    "value mailbox_provider": lambda run: moved(run, "mailbox_provider", "other", 0.2),
    "volume rows": lambda run: replace(run, rows=round(run.rows * 1.6)),
}


@pytest.mark.parametrize("what", INJECTED)
@pytest.mark.parametrize("name", ["steady", "growing", "seasonal"])
def test_each_kind_of_injected_drift_is_found(what: str, name: str) -> None:
    *earlier, now = SHOPS[name].full_passes(WINDOW_RUNS + 1)
    found = broken(INJECTED[what](now), earlier[::-1])
    assert what in {f"{one.family} {one.column}" for one in found}


JUMPED: dict[str, Callable[[RunCounts], RunCounts]] = {
    "null_share country": lambda run: empty(run, "country", 0.6),
    "domain email": lambda run: moved(run, "domain", "largest", 0.7),
    "consent consent": lambda run: moved(run, "consent", "no", 0.4),
    "consent tracking_consent": lambda run: moved(run, "tracking_consent", "yes", 0.9),
    "value status": lambda run: moved(run, "status", "pending", 0.7),
    "value country": lambda run: moved(run, "country", "US", 0.6),
    "volume rows": lambda run: replace(run, rows=run.rows * 4),
}


@pytest.mark.parametrize("what", JUMPED)
def test_each_stated_extreme_is_a_jump_and_smaller_drift_is_not(what: str) -> None:
    *earlier, now = SHOPS["steady"].full_passes(WINDOW_RUNS + 1)
    family, column = what.split()
    for change, is_jump in ((JUMPED[what], True), (INJECTED[what], False)):
        found = measures(change(now), earlier[::-1], "subscribers", full=True)
        (one,) = [one for one in found if (one.family, one.column) == (family, column)]
        assert (one.beyond > JUMPS[family]) is is_jump


def test_the_words_say_what_it_is_and_what_it_was() -> None:
    *earlier, now = SHOPS["steady"].full_passes(WINDOW_RUNS + 1)
    (found,) = broken(INJECTED["null_share country"](now), earlier[::-1])
    assert found.sentence == "33 % of subscribers have no country; in the last 28 runs it was 3.3 to 3.4 %"


def test_fewer_than_seven_runs_are_silent() -> None:
    *earlier, now = SHOPS["steady"].full_passes(MIN_RUNS + 1)
    drifted = INJECTED["null_share country"](now)
    assert broken(drifted, earlier[::-1])
    assert not broken(drifted, earlier[1:][::-1])
    assert not broken(replace(drifted, rows=99), earlier[::-1]), "a small batch"


def test_an_accepted_change_is_learnt_anew() -> None:
    *earlier, now = SHOPS["steady"].full_passes(WINDOW_RUNS + 1)
    accepted = replace(earlier[-1], accepted=frozenset({"null_share_jump"}))
    drifted = INJECTED["null_share country"](now)
    assert not broken(drifted, [accepted, *earlier[:-1][::-1]])
    assert broken(INJECTED["value country"](now), [accepted, *earlier[:-1][::-1]]), "other families keep their bounds"


def people(count: int, **changes: object) -> list[Row]:
    return [
        subscriber(number, country="DE" if number % 3 else "GB", updated_at="2026-11-23 00:00:00") | changes
        for number in range(count)
    ]


def ingest(paths: DataPaths, rows: list[Row], run: str, accept: tuple[str, ...] = ()) -> None:
    url = sqlite_source(paths.root.parent / "shop.sqlite", subscribers=rows)
    manifest = land(paths, url, "subscribers", run=run, since=None)
    validate_batch(paths, manifest, accept=accept)
    merge_batch(paths, manifest)


@pytest.fixture
def week(paths: DataPaths) -> DataPaths:
    """A shop after a week of daily full passes: one real run, and six like it."""
    ingest(paths, people(120), "day 1")
    query(paths, "select 1")
    with duckdb.connect(str(paths.warehouse)) as warehouse:
        for day in range(2, MIN_RUNS + 1):
            for table in ("runs", "profiles", "distributions"):
                earlier = ", validated_at - interval 1 second as validated_at" if table == "runs" else ""
                warehouse.execute(
                    f"insert into quality.{table} by name select * replace ('day {day}' as landed_run{earlier}) "
                    f"from quality.{table} where landed_run = 'day 1'"
                )
    return paths


def test_a_drifted_batch_is_merged_with_a_warning_and_one_alert(week: DataPaths) -> None:
    drifted = [row | {"country": None if number % 4 == 0 else row["country"]} for number, row in enumerate(people(120))]
    ingest(week, drifted, "day 8")
    ((warnings,),) = query(week, "select warnings from quality.runs where landed_run = 'day 8'")
    assert "null_share_drift: 25 % of subscribers have no country; in the last 7 runs it was 0 %" in warnings
    observed = "select observed, lower_bound, upper_bound, success from quality.results where expectation = "
    ((share, low, high, success),) = query(week, f"{observed}'null_share_drift' and column_name = 'country'")
    assert (share, low, success) == (0.25, 0.0, False)
    assert 0.03 < high < 0.2
    assert alert_on_warnings(week, run="day 8") == 2, "null_share_drift and value_drift"
    ingest(week, drifted, "day 9")
    assert alert_on_warnings(week, run="day 9") == 0, "an alert is not repeated on each day"


def test_an_extreme_stops_the_batch_until_it_is_accepted(week: DataPaths) -> None:
    jumped = people(120, locale=None)
    with pytest.raises(QualityStop, match=r"100 % of subscribers have no locale; in the last 7 runs it was 0 %"):
        ingest(week, jumped, "day 8", accept=("columns_vanished",))
    ingest(week, jumped, "day 9", accept=("columns_vanished", "null_share_jump", "value_jump"))
    assert query(week, "select accepted from quality.runs where landed_run = 'day 9'") == [
        (["columns_vanished", "null_share_jump", "value_jump"],)
    ]
    ingest(week, jumped, "day 10")
    learning = "select distinct expectation from quality.results where landed_run = 'day 10' and checked_rows = 0"
    assert set(query(week, learning)) == {("null_share_drift",), ("value_drift",)}


def test_the_demo_shop_does_not_alarm_after_two_months(paths: DataPaths) -> None:
    results = []
    for number, day in enumerate((date(2026, 9, 1), date(2026, 11, 1))):
        build(paths.root.parent / "demo.sqlite", day)
        for relation in ("subscribers", "purchases"):
            url = f"sqlite:///{paths.root.parent}/demo.sqlite"
            batch = load_batch(paths, land(paths, url, relation, run=f"{relation} {number}", since=None))
            with open_warehouse(paths) as warehouse:
                run(warehouse, "validate", "profiles_insert", batch.params)
                results += check_drift(warehouse, batch, batch.rows)
                if number == 0:
                    repeat_as_a_week(warehouse, batch)
    assert [one for one in results if one.unexpected] == []
    assert sum(one.checked for one in results) > 30


def repeat_as_a_week(warehouse: duckdb.DuckDBPyConnection, batch: LandedBatch) -> None:
    """Record the batch as the accepted runs of a week."""
    for number in range(MIN_RUNS):
        params = {"run": f"{batch.run}, {number}", "relation": batch.relation, "source": batch.source, "rows": batch.rows}
        for table in ("profiles", "distributions"):
            warehouse.execute(
                f"insert into quality.{table} by name select * replace ($run as landed_run) from quality.{table} "
                "where landed_run = $first and relation = $relation",
                {"run": params["run"], "first": batch.run, "relation": batch.relation},
            )
        warehouse.execute(
            "insert into quality.runs by name select $run as landed_run, $relation as relation, now() as validated_at, "
            "$rows as raw_rows, $rows as valid_rows, 0 as quarantined_rows, 'accepted' as verdict, true as is_full, "
            "$source as source",
            params,
        )


def test_an_hourly_pass_is_compared_with_hourly_passes_and_never_stopped(week: DataPaths) -> None:
    jumped = people(120, attributes=None)
    url = sqlite_source(week.root.parent / "shop.sqlite", subscribers=jumped)
    silent = validate_batch(week, land(week, url, "subscribers", run="hour 1", since=SINCE))
    assert silent["status"] == "accepted"
    checked = "select max(checked_rows) from quality.results where expectation = 'null_share_drift' and landed_run = "
    assert query(week, f"{checked} 'hour 1'") == [(0,)], "the runs before were full passes"
    query(week, "update quality.runs set is_full = false")
    assert validate_batch(week, land(week, url, "subscribers", run="hour 2", since=SINCE))["status"] == "accepted"
    broken_rules = "select expectation, column_name from quality.results where landed_run = 'hour 2' and not success"
    assert ("null_share_drift", "attributes") in query(week, broken_rules)


def test_an_address_in_a_code_column_is_not_stored(paths: DataPaths) -> None:
    ingest(
        paths,
        people(120, locale="ada@secret.test", country="ada@secret.test", status="ada@secret.test"),
        "day 1",
        accept=("quarantined_share",),
    )
    stored = str(query(paths, "select * from quality.distributions"))
    assert "secret" not in stored
    assert query(paths, "select value, value_rows from quality.distributions where column_name = 'country'") == [
        ("other", 120)
    ]


def test_the_source_is_known_by_where_it_is(tmp_path: Path) -> None:
    one = source_fingerprint("postgresql://shop:secret@db.test:5432/shop?sslmode=require")
    assert one == source_fingerprint("postgresql://other:password@db.test:5432/shop")
    assert one != source_fingerprint("postgresql://shop:secret@db.test:5432/other")
    assert one != source_fingerprint(f"sqlite:///{tmp_path}/shop.sqlite")


def test_every_family_has_a_drift_and_a_jump() -> None:
    assert set(JUMPS) == {"volume", "null_share", "domain", "consent", "value"}
