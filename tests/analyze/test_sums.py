"""Sums hold for any data; a broken sum fails the run with the name of the check."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.analyze.marts import build_marts
from include.analyze.reconcile import check_sums
from include.core.errors import ConservationBroken
from include.core.paths import DataPaths
from include.ledger.stores import Stores
from include.warehouse.connection import configure, open_warehouse, prepare
from tests.built import run_statement
from tests.frozen_segment import freeze_segment

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
STATES = ("accepted", "rejected", "suppressed", "capped", "held_out", "in_doubt", "pending", "skipped")
KINDS = ("processed", "dropped", "deferred", "delivered", "bounced", "opened", "clicked", "complained", "unsubscribed")
PLAN = """
insert into dispatch.plans by name
select
    $plan as plan_id, 'newsletter' as campaign, $plan as occurrence, 'all' as segment, 'run' as segment_run, 'done' as state,
    'hash' as content_hash, timestamptz '2026-11-01 00:00:00Z' as planned_at, $selected as selected, 1.0 as cost_per_thousand
"""
SENDS = """
insert into dispatch.sends by name
select
    message_key, plan_id, 'newsletter' as campaign, plan_id as occurrence, message_key as subscriber_id,
    message_key as address_key, 'only' as variant, provider as mailbox_provider, state, 1 as attempt,
    timestamptz '2026-11-01 00:00:00Z' as planned_at
from given_sends
"""
EVENTS = """
insert into engagement.events by name
select
    'e' || row_number() over () as dedup_key, message_key, message_key as subscriber_id, 'newsletter' as campaign,
    'x' as occurrence, event, timestamptz '2026-11-02 00:00:00Z' as occurred_at, occurred_at as received_at, verdict,
    is_certain::boolean as is_certain,
    bounce_class, 'f' as spool_file
from given_events
"""

sends = st.lists(
    st.fixed_dictionaries(
        {
            "plan_id": st.sampled_from(["p1", "p2"]),
            "state": st.sampled_from(STATES),
            "provider": st.sampled_from(["gmail", "yahoo"]),
        }
    ),
    max_size=30,
)
events = st.lists(
    st.fixed_dictionaries(
        {
            "message_key": st.integers(0, 30).map(lambda number: f"m{number}"),
            "event": st.sampled_from(KINDS),
            "verdict": st.sampled_from(["human", "machine", None]),
            "is_certain": st.sampled_from(["true", "false", None]),
            "bounce_class": st.sampled_from(["hard", "soft", "other", None]),
        }
    ),
    max_size=60,
)
SEND_SCHEMA = pa.schema([(name, pa.string()) for name in ("message_key", "plan_id", "state", "provider")])
EVENT_SCHEMA = pa.schema([(name, pa.string()) for name in ("message_key", "event", "verdict", "is_certain", "bounce_class")])


def fill(connection: duckdb.DuckDBPyConnection, rows: list[dict[str, str]], happened: list[dict[str, str]]) -> None:
    """Two plans whose ledger selected as many people as there are sends."""
    keyed = [row | {"message_key": f"m{number}"} for number, row in enumerate(rows)]
    connection.register("given_sends", pa.Table.from_pylist(keyed, schema=SEND_SCHEMA))
    connection.register("given_events", pa.Table.from_pylist(happened, schema=EVENT_SCHEMA))
    connection.execute(SENDS)
    connection.execute(EVENTS)
    for plan in ("p1", "p2"):
        selected = sum(row["plan_id"] == plan for row in rows)
        connection.execute(PLAN, {"plan": plan, "selected": selected})


@settings(max_examples=25, deadline=None)
@given(sends, events)
def test_every_person_is_in_one_state_and_counted_once(rows: list[dict[str, str]], happened: list[dict[str, str]]) -> None:
    with duckdb.connect() as connection:
        configure(connection)
        prepare(connection)
        fill(connection, rows, happened)
        for name in ("sends", "campaign_performance", "mailbox_provider_health"):
            run_statement(connection, "analyze", name)
        report = connection.table("marts.campaign_performance").to_arrow_table().to_pylist()
        health = connection.table("marts.mailbox_provider_health").to_arrow_table().to_pylist()
        assert len(connection.table("marts.sends")) == len(rows)

    assert sum(row["selected"] for row in report) == len(rows)
    for row in report:
        people = row["selected"]
        assert people == sum(row[state] for state in STATES)
        assert row["bounced_hard"] + row["bounced_soft"] + row["bounced_other"] <= people
        assert all(
            row[name] <= people for name in ("delivered", "human_opens", "human_clicks", "unsubscribes", "complaints")
        )
        for what, did in (("opens", "openers"), ("clicks", "clickers")):
            lower, upper = row[f"human_{what}_lower"], row[f"human_{what}_upper"]
            assert lower <= row[f"human_{what}"] <= upper <= row[f"raw_{did}"] <= row[f"raw_{what}"]
        assert (row["delivery_rate"] is None) == (row["accepted"] == 0)
    for name in ("accepted", "delivered", "bounced_hard", "complaints", "human_opens", "deferred", "dropped"):
        assert sum(row[name] for row in health) == sum(row[name] for row in report)


BREAKS = {
    "plan_adds_up": "update dispatch.plans set selected = selected + 1 where plan_id = 'p1'",
    "sends_unique": "insert into dispatch.sends select * from dispatch.sends limit 1",
    "address_once": """
        insert into dispatch.sends by name
        select * replace ('m99' as message_key, 'twin' as subscriber_id) from dispatch.sends where message_key = 'm0'""",
    "events_unique": "insert into engagement.events select * from engagement.events limit 1",
    "sends_planned": "update dispatch.sends set plan_id = 'stranger' where message_key = 'm0'",
    "events_for_unsent": """
        insert into engagement.events by name
        select * replace ('late' as dedup_key, 'm7' as message_key) from engagement.events where event = 'delivered'""",
    "batch_adds_up": """
        insert into quality.runs by name
        select 'r' as landed_run, 'subscribers' as relation, now() as validated_at, 10 as raw_rows, 8 as valid_rows,
            1 as quarantined_rows, 'accepted' as verdict""",
    "spool_adds_up": """
        insert into engagement.spool_files by name
        select 'f' as name, now() as received_at, now() as loaded_at, 10 as events, 8 as new_events, 1 as duplicates,
            0 as quarantined""",
    "membership_unique": """
        insert into segment.members select 'anna', 0, 1 from range(2)""",
    "keys_unique": "insert into segment.runs from segment.runs",
    "features_unique": """
        insert into segment.scales by name
        select false as is_previous, now() as as_of, 30 as engaged_days, 90 as warm_days, 180 as cooling_days,
            false as is_whole;
        insert into segment.facts by name
        select 'anna' as subscriber_id, true as tracking_consent, 0 as purchases, 0 as purchase_days, 0 as revenue,
            0 as unconverted, 0 as human_opens_90d, 0 as human_clicks_90d, 0 as human_opens_30d, 0 as human_clicks_30d,
            0 as activities_7d, 0 as activities_30d
        from range(2)""",
}


@pytest.fixture
def filled(stores: Stores) -> Stores:
    """Stores in which every sum holds."""
    with open_warehouse(stores.paths) as connection:
        rows = [{"plan_id": "p1", "state": state, "provider": "gmail"} for state in STATES]
        happened = [
            {"message_key": "m0", "event": "delivered"},
            {"message_key": "m0", "event": "opened", "verdict": "human"},
        ]
        fill(connection, rows, happened)
        connection.execute(
            "insert into segment.runs (segment_run, as_of, built_at, list_size) values ('run', now(), now(), 2)"
        )
        freeze_segment(connection, "all", "select unnest(['bob', 'cleo']) as subscriber_id", "run")
    return stores


def test_sums_that_hold_pass(filled: Stores) -> None:
    build_marts(filled, as_of=AS_OF)

    checks = check_sums(filled.paths)

    assert set(checks) >= set(BREAKS)
    assert {name for name, holds in checks.items() if not holds} == {"events_loaded"}  # no spool file is on record here


@pytest.mark.parametrize("check", BREAKS)
def test_broken_sum_fails_with_name_of_the_check(filled: Stores, check: str) -> None:
    with open_warehouse(filled.paths) as connection:
        connection.execute(BREAKS[check])
    build_marts(filled, as_of=AS_OF)

    with pytest.raises(ConservationBroken, match=rf"{check} does not hold in [12] places? "):
        check_sums(filled.paths)


def test_delivery_of_unsent_message_fails_with_campaign_and_count(filled: Stores) -> None:
    with open_warehouse(filled.paths) as connection:
        connection.execute(BREAKS["events_for_unsent"])
    build_marts(filled, as_of=AS_OF)

    with pytest.raises(ConservationBroken, match=r"events_for_unsent .*first: newsletter p1, difference 1\)"):
        check_sums(filled.paths)


def test_check_sums_without_marts_fails(paths: DataPaths) -> None:
    with pytest.raises(ConservationBroken, match="build_marts"):
        check_sums(paths)


TEST_SEND = """
insert into engagement.quarantined_events by name
select
    'e-of-a-test' as dedup_key, 'unknown_message' as reason, now() as received_at, 'f9' as spool_file,
    '{"message_key": "0197f0a0-0000-8000-8000-000000000000", "event": "delivered"}' as raw_event
"""
ITS_FILE = """
insert into engagement.spool_files by name
select
    'f9' as name, now() as received_at, now() as loaded_at, 1 as events, 0 as new_events, 0 as duplicates, 1 as quarantined
"""
DIFFERENCES = "select check_name, scope, difference from marts.reconciliation where not holds order by all"


def test_events_of_a_test_send_leave_no_difference(filled: Stores) -> None:
    build_marts(filled, as_of=AS_OF)
    with open_warehouse(filled.paths) as connection:
        before = connection.execute(DIFFERENCES).fetchall()
        events = len(connection.table("marts.events"))
        connection.execute(TEST_SEND)
        connection.execute(ITS_FILE)

    build_marts(filled, as_of=AS_OF)

    with open_warehouse(filled.paths) as connection:
        assert connection.execute(DIFFERENCES).fetchall() == before
        assert len(connection.table("marts.events")) == events
