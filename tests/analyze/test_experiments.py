"""The rows of marts.experiment_results, from sends, events and purchases in a warehouse."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from include.analyze.experiments import SCHEMA, experiment_rows
from include.analyze.ledger_facts import Design, Designs
from include.warehouse.connection import configure, prepare
from tests.analyze.counted import count

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
SENDS = """
insert into dispatch.sends by name
select
    'm' || i as message_key, 'plan' as plan_id, 'winback' as campaign, '2026-11' as occurrence, 's' || i as subscriber_id,
    'k' || i as address_key, if(i % 2 = 0, 'plain', 'question') as variant, 'gmail' as mailbox_provider,
    if(i >= 400, 'held_out', 'accepted') as state, 1 as attempt, if(i >= 400, null, 0) as chunk,
    i < 400 as tracked, timestamptz '2026-11-01 00:00:00Z' as planned_at
from range(500) as people (i)
"""
EVENTS = """
insert into engagement.events by name
select
    event || i as dedup_key, 'm' || i as message_key, 's' || i as subscriber_id, 'winback' as campaign,
    '2026-11' as occurrence, event, timestamptz '2026-11-02 00:00:00Z' as occurred_at, occurred_at as received_at,
    if(event = 'delivered', null, 'human') as verdict, 'f' as spool_file
from range(400) as people (i), (values ('delivered'), ('opened')) as events (event)
where event = 'delivered' or i < 100 or (i < 200 and i % 2 = 1)
"""
PURCHASES = """
insert into core.purchases by name
select
    'p' || i as purchase_id, 's' || i as subscriber_id, timestamptz '2026-11-03 00:00:00Z' as purchased_at,
    10 as amount, 'EUR' as currency, 'landed' as landed_run
from range(500) as people (i)
where i % 10 = 0 or (i < 400 and i % 10 = 1)
"""

RATES = "insert into core.exchange_rates values ('EUR', 1, 'EUR')"

Result = dict[str, Any]
"""A row of marts.experiment_results, as Arrow returns it."""


def results(connection: duckdb.DuckDBPyConnection, designs: Designs | None = None, as_of: datetime = AS_OF) -> list[Result]:
    count(connection, as_of)
    found: list[Result] = experiment_rows(connection, designs or {}).to_pylist()
    return found


@pytest.fixture
def rows() -> list[Result]:
    """200 people per variant: 50 plain and 100 question readers open; 80 of 400 treated and 10 of 100 held out buy."""
    with duckdb.connect() as connection:
        configure(connection)
        prepare(connection)
        for statement in (SENDS, EVENTS, PURCHASES, RATES):
            connection.execute(statement)
        return results(connection, {("winback", "2026-11"): Design((("question", 1), ("plain", 1)), held_out=0.2)})


STOPPED = """
insert into dispatch.sends by name
select
    'm' || i as message_key, 'plan' as plan_id, 'winback' as campaign, '2026-11' as occurrence, 's' || i as subscriber_id,
    'k' || i as address_key, 'only' as variant, 'gmail' as mailbox_provider, 1 as attempt,
    case when i % 10 = 0 then 'held_out' when i < 4000 then 'accepted' else 'skipped' end as state,
    if(i % 10 = 0, null, i // 100) as chunk, timestamptz '2026-11-01 00:00:00Z' as planned_at
from range(20000) as people (i)
"""
BUY_ANYWAY = """
insert into core.purchases by name
select
    'p' || i as purchase_id, 's' || i as subscriber_id, timestamptz '2026-11-03 00:00:00Z' as purchased_at,
    10 as amount, 'EUR' as currency, 'landed' as landed_run
from range(20000) as people (i)
where i // 10 % if(i < 4000, 12, 18) = 0
"""


def test_stopped_send_without_effect_has_no_lift() -> None:
    """The engaged (the first 4,000) are sent to first and buy more, with or without mail; then the send is stopped."""
    with duckdb.connect() as connection:
        configure(connection)
        prepare(connection)
        for statement in (STOPPED, BUY_ANYWAY):
            connection.execute(statement)
        treated = one(results(connection), "purchase_14d", "treated")

    assert (treated["people"], treated["status"]) == (18_000, "final")
    assert abs(treated["lift"]) < 0.001
    assert treated["p_value"] > 0.9


def test_open_window_has_the_interval_that_holds_on_any_day_and_no_other() -> None:
    with duckdb.connect() as connection:
        configure(connection)
        prepare(connection)
        for statement in (SENDS, PURCHASES):
            connection.execute(statement)
        rows = results(connection, as_of=datetime(2026, 11, 14, 23, 59, tzinfo=UTC))

    treated = one(rows, "purchase_14d", "treated")
    assert (treated["status"], treated["people"], treated["converted"]) == ("window_open", 400, 80)
    assert treated["lift"] == pytest.approx(0.1)
    assert treated["always_valid_low"] < 0.1 < treated["always_valid_high"]
    assert {treated[name] for name in ("p_value", "confidence_low", "confidence_high", "adjusted_lift")} == {None}


def one(rows: list[Result], metric: str, variant: str, comparison: str | None = None) -> Result:
    found = [row for row in rows if row["metric"] == metric and row["variant"] == variant]
    (row,) = [row for row in found if comparison is None or row["comparison"] == comparison]
    return row


def test_revenue_is_compared_per_person_drawn(rows: list[Result]) -> None:
    treated, plain = one(rows, "revenue_14d", "treated"), one(rows, "revenue_14d", "plain", "variants")

    assert (treated["revenue_per_person"], treated["people"], treated["converted"]) == (2.0, 400, None)
    assert treated["lift"] == pytest.approx(1.0)
    assert treated["confidence_low"] < 1.0 < treated["confidence_high"]
    assert (plain["baseline"], plain["people"]) == ("question", 200)
    assert one(rows, "revenue_14d", "plain", "hold_out")["baseline"] == "held_out"


def test_arms_of_another_size_than_planned_have_no_result() -> None:
    """Drawn 400 to 100; had the file asked for half of the people, somebody would have lost them on the way."""
    with duckdb.connect() as connection:
        configure(connection)
        prepare(connection)
        for statement in (SENDS, EVENTS, PURCHASES, RATES):
            connection.execute(statement)
        found = results(connection, {("winback", "2026-11"): Design((("question", 2), ("plain", 1)), held_out=0.5)})

    treated, plain = one(found, "purchase_14d", "treated"), one(found, "human_open", "plain")
    assert (treated["status"], treated["planned_share"], treated["lift"]) == ("sample_ratio_mismatch", 0.5, None)
    assert (plain["status"], plain["planned_share"]) == ("sample_ratio_mismatch", pytest.approx(1 / 3))
    assert treated["sample_ratio_p_value"] < 1e-9


def test_drawn_as_planned(rows: list[Result]) -> None:
    assert {row["status"] for row in rows} == {"final"}
    assert one(rows, "purchase_14d", "treated")["sample_ratio_p_value"] == 1.0


def test_variants_are_compared_with_first_variant_of_the_campaign(rows: list[Result]) -> None:
    plain, question = one(rows, "human_open", "plain"), one(rows, "human_open", "question")

    assert question["baseline"] == plain["baseline"] == "question"
    assert (question["open_rate"], plain["open_rate"], plain["lift"]) == (0.5, 0.25, -0.25)
    assert plain["p_value"] == pytest.approx(proportions_ztest([50, 100], [200, 200])[1])
    low, high = confint_proportions_2indep(50, 200, 100, 200, method="newcomb")
    assert (plain["confidence_low"], plain["confidence_high"]) == (pytest.approx(low), pytest.approx(high))
    assert (question["lift"], question["p_value"], question["confidence_low"]) == (None, None, None)


def test_no_p_value_without_clicks(rows: list[Result]) -> None:
    plain = one(rows, "human_click", "plain")

    assert (plain["click_rate"], plain["lift"], plain["p_value"]) == (0.0, 0.0, None)
    assert plain["confidence_low"] < 0 < plain["confidence_high"]


def test_treated_are_compared_with_held_out(rows: list[Result]) -> None:
    treated, held_out = one(rows, "purchase_14d", "treated"), one(rows, "purchase_14d", "held_out")

    assert (treated["people"], treated["converted"], treated["conversion_rate"]) == (400, 80, 0.2)
    assert (held_out["people"], held_out["converted"], held_out["lift"]) == (100, 10, None)
    assert treated["lift"] == pytest.approx(0.1)
    assert treated["p_value"] == pytest.approx(proportions_ztest([80, 10], [400, 100])[1])
    assert (treated["accepted"], treated["open_rate"]) == (None, None)


def test_without_sends_the_table_is_empty_and_has_all_columns() -> None:
    with duckdb.connect() as connection:
        prepare(connection)

        count(connection, AS_OF)
        table = experiment_rows(connection, {})

    assert (table.num_rows, table.schema) == (0, SCHEMA)
