"""The suites for segments, sends, events and marts: what they find, what they say, and what a critical rule stops."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from data_quality import catalogue, stages
from include.analyze.marts import build_marts
from include.core import clock
from include.core.errors import QualityStop
from include.core.paths import DataPaths
from include.ledger.stores import Stores
from include.validate.stage_checks import check_stage
from include.warehouse.connection import open_warehouse
from tests.validate.conftest import query

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)


def execute(paths: DataPaths, *statements: str) -> None:
    with open_warehouse(paths) as warehouse:
        for statement in statements:
            warehouse.execute(statement)


def alerts(paths: DataPaths) -> list[str]:
    return sorted(json.loads(path.read_text())["happened"] for path in paths.alerts.glob("*.json"))


def build(paths: DataPaths, number: int, list_size: int = 1_000, **sizes: int) -> str:
    """Record a run of segments with these sizes; returns its id."""
    rows = ", ".join(f"('r{number}', '{name}', {members}, 0, 0, 0)" for name, members in sizes.items())
    at = f"timestamptz '2026-11-01 00:00:00Z' + interval {number} hour"
    execute(
        paths,
        f"insert into segment.runs (segment_run, as_of, built_at, list_size) values ('r{number}', {at}, {at}, {list_size})",
        f"insert into segment.sizes (segment_run, segment, members, entered, left_segment, stayed) values {rows}",
    )
    return f"r{number}"


def test_a_segment_that_lost_its_members_is_alerted_once(paths: DataPaths) -> None:
    assert check_stage(paths, "segments", run=build(paths, 1, buyers=210, everybody=30))["segment_emptied"] == 0
    found = check_stage(paths, "segments", run=build(paths, 2, buyers=0, everybody=1_000))
    assert {name for name, broken in found.items() if broken} == {"segment_emptied", "segment_everybody"}
    everybody, emptied = alerts(paths)
    assert "buyers: no member; the previous run had 210." in emptied
    assert "everybody: all 1,000 people are members; before, it was 3%." in everybody
    assert check_stage(paths, "segments", run=build(paths, 3, buyers=0, everybody=1_000))["segment_empty"] == 1
    assert len(alerts(paths)) == 2


def test_a_jump_of_a_segments_share_is_found_after_seven_runs(paths: DataPaths) -> None:
    runs = [build(paths, number, buyers=200 + number % 3) for number in range(8)]
    assert not any(check_stage(paths, "segments", run=runs[-1]).values())
    assert check_stage(paths, "segments", run=build(paths, 8, buyers=320))["segment_share_drift"] == 1
    (said,) = alerts(paths)
    assert "buyers: 32.0% of the list are members; it was 20.0% to 20.2%" in said
    assert check_stage(paths, "segments", run=build(paths, 9, buyers=320))["segment_share_drift"] == 1
    assert len(alerts(paths)) == 1, "an alert when it begins, not at each run"
    assert len(list((paths.alerts / "open").iterdir())) == 1
    assert not check_stage(paths, "segments", run=build(paths, 10, buyers=201))["segment_share_drift"]
    assert not list((paths.alerts / "open").iterdir()), "it is resolved when the rule holds again"


PLAN = f"""
insert into dispatch.plans by name
select 'p' as plan_id, 'news' as campaign, 'W48' as occurrence, 's' as segment, 'r' as segment_run, 'sent' as state,
    'h' as content_hash, timestamptz '{clock.now().isoformat()}' as planned_at, 3 as selected
"""
SEND = f"""
insert into dispatch.sends by name
select 'm' || n as message_key, 'p' as plan_id, 'news' as campaign, 'W48' as occurrence, 'S' || (n % 3) as subscriber_id,
    'k' as address_key, 'v' as variant, 'gmail' as mailbox_provider, 'accepted' as state, 1 as attempt,
    timestamptz '{clock.now().isoformat()}' as planned_at
from range(3) as numbers (n)
"""


def test_a_plan_with_somebody_twice_fails(paths: DataPaths) -> None:
    execute(paths, PLAN, SEND)
    assert not any(check_stage(paths, "sends", run="one").values())
    execute(paths, SEND.replace("range(3)", "range(1)"))
    with pytest.raises(QualityStop, match=r"send_states \(news W48: 3 people were selected, and 4 have a state\)") as caught:
        check_stage(paths, "sends", run="two")
    assert "send_duplicates (news W48: 1 people are in the plan twice)" in str(caught.value)
    recorded = "select expectation from quality.results where landed_run = 'two' and not success"
    assert set(query(paths, recorded)) == {("send_states",), ("send_duplicates",)}


EVENTS = f"""
insert into engagement.events by name
select 'd' || n as dedup_key, 'm' as message_key, 'S1' as subscriber_id, 'news' as campaign, 'W48' as occurrence,
    'opened' as event, timestamptz '{clock.now().isoformat()}' as occurred_at, occurred_at as received_at, 'f' as spool_file
from range(200) as numbers (n)
"""
UNMATCHED = f"""
insert into engagement.quarantined_events
select 'q' || n, 'unknown_message', timestamptz '{clock.now().isoformat()}', 'f', '{{}}' from range(50) as numbers (n)
"""


def test_events_of_another_program_are_a_warning_and_duplicates_fail(paths: DataPaths) -> None:
    execute(paths, EVENTS)
    assert not any(check_stage(paths, "events", run="one").values())
    execute(paths, UNMATCHED)
    assert check_stage(paths, "events", run="two")["event_unmatched"] == 1
    assert "20.0% belong to no known message" in alerts(paths)[0]
    execute(paths, EVENTS)
    with pytest.raises(QualityStop, match="200 events are stored twice"):
        check_stage(paths, "events", run="three")


@pytest.fixture
def built(stores: Stores) -> DataPaths:
    """Marts with one campaign."""
    execute(stores.paths, PLAN, SEND)
    build_marts(stores, as_of=AS_OF)
    return stores.paths


BROKEN = {
    "mart_rates": "update marts.campaign_performance set delivery_rate = 1.5",
    "mart_sums": "update marts.campaign_performance set accepted = 2",
    "mart_negative": "update marts.campaign_performance set raw_opens = -1",
    "mart_duplicates": "insert into marts.campaign_performance from marts.campaign_performance",
}


def test_marts_that_hold_pass(built: DataPaths) -> None:
    assert not any(check_stage(built, "marts", run="night").values())


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_mart_stops_before_the_publish(built: DataPaths, rule: str) -> None:
    execute(built, BROKEN[rule])
    with pytest.raises(QualityStop, match=rf"^marts, run night: {rule} \(campaign_performance: .*Nothing is published"):
        check_stage(built, "marts", run="night")


def test_a_rate_over_one_because_of_missing_events_is_a_warning(built: DataPaths) -> None:
    execute(built, "update marts.campaign_performance set delivered = 6, delivery_rate = 2.0")
    assert check_stage(built, "marts", run="night")["mart_rates_over_one"] == 1


def test_a_check_again_replaces_its_results(built: DataPaths) -> None:
    for _ in range(2):
        check_stage(built, "marts", run="night")
    assert query(built, "select count(*) from quality.results") == [(len(stages.STAGES["marts"]),)]


@pytest.mark.parametrize("stage", stages.STAGES)
def test_the_catalogue_has_the_rules_of_each_stage(stage: str) -> None:
    assert [one.name for one in stages.STAGES[stage]] == list(catalogue.groups()[stage])  # type: ignore[index]
    assert len(stages.suite(stage)) == len(stages.STAGES[stage])


@pytest.mark.parametrize("stage", stages.STAGES)
def test_an_empty_warehouse_passes(paths: DataPaths, stores: Stores, stage: str) -> None:
    build_marts(stores, as_of=AS_OF)
    assert not any(check_stage(paths, stage, run="first").values())
