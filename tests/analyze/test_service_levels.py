"""Error budgets from what happened to messages and events, and their alerts at a real PagerDuty-compatible receiver."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.analyze.marts import build_marts
from include.analyze.service_levels import Burn, build_service_levels, burn, check_service_levels
from include.core.alert import Route
from include.core.alert_channels import PagerDuty
from include.core.errors import ConfigurationError
from include.core.paths import PROJECT
from include.core.service_levels import load_service_levels
from include.ledger.stores import Stores
from include.publish.file import publish
from include.warehouse.connection import open_warehouse, transaction
from tests.alerts.receiver import Receiver
from tests.docs.headings import headings

TODAY = date(2026, 11, 24)
NIGHT = datetime(2026, 11, 24, 2, tzinfo=UTC)
EVENT = """
insert into engagement.events by name
select
    'd' || n as dedup_key, 'm' || n as message_key, 'S' as subscriber_id, 'c' as campaign, 'o' as occurrence,
    'delivered' as event, $at::timestamptz as occurred_at, $at::timestamptz as received_at, $file as spool_file
from range($first, $first + $count) as numbers (n)
"""
FILE = """
insert into engagement.spool_files by name
select
    $file as name, $at::timestamptz as received_at, $at::timestamptz + to_minutes($minutes) as loaded_at,
    1 as events, 1 as new_events, 0 as duplicates, 0 as quarantined
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.stop()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's clock is at the night."""
    monkeypatch.setattr("include.core.clock.now", lambda: NIGHT)


def load_events(stores: Stores, at: datetime, minutes: int, first: int, count: int) -> None:
    """Events that happened at a time, and were loaded some minutes later."""
    file = f"f{first}"
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(FILE, {"file": file, "at": at, "minutes": minutes})
        warehouse.execute(EVENT, {"file": file, "at": at, "first": first, "count": count})


def count_days(stores: Stores, as_of: datetime) -> None:
    """The part of building the marts that is tested here."""
    with open_warehouse(stores.paths) as warehouse, transaction(warehouse):
        warehouse.execute("create table if not exists marts.reconciliation (holds boolean, must_hold boolean)")
        build_service_levels(warehouse, as_of)


def levels(stores: Stores, objective: str) -> list[tuple[Any, ...]]:
    query = "select day, good, total, round(budget_left, 2) from marts.service_levels where objective = $name order by day"
    with open_warehouse(stores.paths) as warehouse:
        return warehouse.execute(query, {"name": objective}).fetchall()


def test_a_late_event_costs_budget_and_an_event_that_arrives_later_is_counted_later(stores: Stores) -> None:
    day = NIGHT - timedelta(days=1)
    load_events(stores, day, minutes=10, first=0, count=199)
    load_events(stores, day, minutes=20, first=200, count=1)
    count_days(stores, NIGHT)
    assert levels(stores, "event_lag") == [(day.date(), 199, 200, 0.5)]
    load_events(stores, day, minutes=1_000, first=300, count=1)
    count_days(stores, NIGHT + timedelta(days=1))
    assert levels(stores, "event_lag") == [(day.date(), 199, 201, 0.0)]


def test_days_that_are_over_are_kept_and_not_counted_again(stores: Stores) -> None:
    load_events(stores, NIGHT - timedelta(days=2), minutes=1, first=0, count=10)
    count_days(stores, NIGHT)
    load_events(stores, NIGHT - timedelta(days=2), minutes=1, first=20, count=5)
    count_days(stores, NIGHT + timedelta(days=6))
    assert [row[2] for row in levels(stores, "event_lag")] == [10]


def test_publishing_and_sums_are_counted(stores: Stores, now: None) -> None:
    """Sums on the night of the build; publishing on the night after."""
    build_marts(stores, as_of=NIGHT)
    ((day, good, total, left),) = levels(stores, "sums_hold")
    assert (day, good, left) == (TODAY, total, 1.0)
    assert levels(stores, "published_in_time") == []
    publish(stores.paths)
    count_days(stores, NIGHT + timedelta(days=2))
    assert [row[:3] for row in levels(stores, "published_in_time")] == [(TODAY, 1, 1), (TODAY + timedelta(days=1), 0, 1)]


def test_a_burning_budget_is_one_incident_that_is_resolved(stores: Stores, receiver: Receiver, now: None) -> None:
    route = Route((PagerDuty("key", receiver.host),), "https://git.example/main")
    load_events(stores, NIGHT - timedelta(days=1), minutes=20, first=0, count=100)
    count_days(stores, NIGHT)
    assert check_service_levels(stores.paths, dag="nightly_analytics", run="r", route=route)["event_lag"] < 0
    (event,) = receiver.posted
    assert event["payload"]["severity"] == "critical"
    assert event["payload"]["summary"] == "event_lag: the error budget of 28 days is used up"
    assert event["links"][0]["href"] == "https://git.example/main/docs/runbook/error-budget.md#event-lag"
    load_events(stores, NIGHT - timedelta(hours=1), minutes=1, first=200, count=100_000)
    count_days(stores, NIGHT)
    check_service_levels(stores.paths, dag="nightly_analytics", run="r2", route=route)
    trigger, resolved = receiver.posted
    assert (resolved["event_action"], resolved["dedup_key"]) == ("resolve", trigger["dedup_key"])


GOOD_DAY = {"day": TODAY, "budget_left": 0.9, "burn_rate_1d": 0.5, "burn_rate_7d": 0.5}


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({}, None),
        ({"budget_left": 0.0}, "critical"),
        ({"burn_rate_1d": 7.0}, "critical"),
        ({"burn_rate_1d": 6.9, "burn_rate_7d": 1.9}, None),
        ({"burn_rate_7d": 2.0}, "warning"),
        ({"budget_left": -1.0, "day": TODAY - timedelta(days=4)}, None),
        ({"budget_left": -1.0, "day": TODAY - timedelta(days=3)}, "critical"),
    ],
)
def test_alerts_by_burn_rate(change: dict[str, Any], severity: str | None) -> None:
    found = burn({**GOOD_DAY, **change}, TODAY)
    assert (found.severity if isinstance(found, Burn) else None) == severity


def test_every_objective_has_a_section_on_its_runbook_page() -> None:
    names = {name.replace("_", "-") for name in load_service_levels().by_name()}
    assert names <= headings(PROJECT / "docs" / "runbook" / "error-budget.md")


@pytest.mark.parametrize(("before", "after"), [("0.99", "1.0"), ("event_lag", "event_lagg"), ("minutes: 15", "minutes: 0")])
def test_a_mistake_in_the_file_is_refused(before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "service_levels.yaml"
    path.write_text((PROJECT / "include" / "service_levels.yaml").read_text().replace(before, after))
    with pytest.raises(ConfigurationError, match=r"service_levels\.yaml"):
        load_service_levels(path)
