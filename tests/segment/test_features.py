"""Features for any purchases: independent of order, monotone, equal for equal values, and a partition of the list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.shop import load_shop
from include.segment.catalogue import read_catalogue
from include.segment.features import build_features
from include.segment.members import select_members
from include.warehouse.connection import configure, prepare

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
PEOPLE = """
insert into core.subscribers by name
select
    'person-' || i as subscriber_id, 'key-' || i as address_key, 'gmail' as mailbox_provider, 'subscribed' as status,
    timestamptz '2025-01-01 00:00:00Z' as signed_up_at, true as tracking_consent, signed_up_at as updated_at,
    'landed' as landed_run
from range(12) as people (i)
"""
PURCHASES = """
insert into core.purchases by name
select
    'p' || row_number() over () as purchase_id, subscriber_id, purchased_at, amount::decimal(18, 2) as amount,
    currency, 'landed' as landed_run
from bought
"""
RATES = {"EUR": Decimal(1), "JPY": Decimal("0.0061")}
SCHEMA = pa.schema(
    [
        ("subscriber_id", pa.string()),
        ("purchased_at", pa.timestamp("us", "UTC")),
        ("amount", pa.float64()),
        ("currency", pa.string()),
    ]
)
CATALOGUE = read_catalogue()
Purchase = dict[str, Any]
"""A row of core.purchases, as Hypothesis draws it."""
Features = dict[str, Any]
"""A row of segment.features, as Arrow returns it."""

purchases = st.lists(
    st.fixed_dictionaries(
        {
            "subscriber_id": st.integers(0, 11).map(lambda number: f"person-{number}"),
            "purchased_at": st.integers(-10, 1400).map(lambda halves: AS_OF - timedelta(hours=12 * halves)),
            "amount": st.sampled_from([0.0, 9.99, 20.0, 1000.0, -9.99, -0.01]),
            "currency": st.sampled_from(["EUR", "EUR", "JPY", "XTS"]),
        }
    ),
    max_size=40,
)


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """Twelve subscribers in memory; every example inserts its own purchases."""
    with duckdb.connect() as connection:
        configure(connection)
        prepare(connection)
        connection.execute("set threads = 1")
        connection.execute(PEOPLE)
        shop = load_shop().model_copy(update={"currency": "EUR", "exchange_rates": {"JPY": 0.0061}})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("include.segment.features.load_shop", lambda: shop)
            yield connection


def features(warehouse: duckdb.DuckDBPyConnection, bought: list[Purchase]) -> list[Features]:
    """The features of the twelve subscribers after these purchases."""
    warehouse.register("bought", pa.Table.from_pylist(bought, schema=SCHEMA))
    warehouse.execute("delete from core.purchases")
    warehouse.execute(PURCHASES)
    build_features(warehouse, AS_OF, whole=True)
    rows: list[Features] = warehouse.execute("from segment.features order by subscriber_id").to_arrow_table().to_pylist()
    return rows


def segment_sizes(warehouse: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many people each shipped definition selects."""
    built, broken = select_members(warehouse, CATALOGUE, AS_OF, seconds=60)
    counted = warehouse.execute("select segment, count(*) from temp.selected_membership group by segment").fetchall()
    assert not broken
    return dict.fromkeys((str(one.name) for one in built), 0) | dict(counted)


def test_what_is_summed_for_the_facts_does_not_stay(warehouse: duckdb.DuckDBPyConnection) -> None:
    features(warehouse, [])
    kept = warehouse.execute("select table_name from duckdb_tables() where temporary and table_name like '%by_person'")
    assert kept.fetchall() == []


@settings(max_examples=40, deadline=None)
@given(purchases)
def test_revenue_and_purchases_equal_a_sum_in_python(warehouse: duckdb.DuckDBPyConnection, bought: list[Purchase]) -> None:
    """Refunds lower revenue and are not purchases, gifts are; amounts without a rate are excluded."""
    for row in features(warehouse, bought):
        known = [one for one in bought if one["subscriber_id"] == row["subscriber_id"] and one["purchased_at"] <= AS_OF]
        times = sorted(one["purchased_at"] for one in known if one["amount"] >= 0)
        worth = [Decimal(str(one["amount"])) * RATES[one["currency"]] for one in known if one["currency"] in RATES]
        assert (row["purchases"], row["purchase_days"]) == (len(times), len({time.date() for time in times}))
        assert (row["first_purchased_at"], row["last_purchased_at"]) == ((times[0], times[-1]) if times else (None, None))
        assert abs(row["revenue"] - sum(worth, Decimal(0))) <= Decimal("0.005")
        assert row["unconverted"] == sum(one["currency"] not in RATES for one in known)
        assert (row["lifecycle_stage"] == "prospect") == (not times)
        assert (row["recency_score"] is None) == (not times)


@settings(max_examples=15, deadline=None)
@given(purchases, st.randoms(use_true_random=False))
def test_features_do_not_depend_on_row_order(
    warehouse: duckdb.DuckDBPyConnection, bought: list[Purchase], random: Any
) -> None:
    shuffled = list(bought)
    random.shuffle(shuffled)

    assert features(warehouse, bought) == features(warehouse, shuffled)


@settings(max_examples=25, deadline=None)
@given(purchases)
def test_scores_are_monotone_and_equal_for_equal_values(
    warehouse: duckdb.DuckDBPyConnection, bought: list[Purchase]
) -> None:
    rows = features(warehouse, bought)
    buyers = [row for row in rows if row["purchases"]]

    assert all(1 <= row[score] <= 5 for row in buyers for score in ("recency_score", "frequency_score", "monetary_score"))
    scored = {"recency_score": "last_purchased_at", "frequency_score": "purchase_days", "monetary_score": "revenue"}
    for left, right in combinations(buyers, 2):
        for score, value in scored.items():
            if left[value] == right[value]:
                assert left[score] == right[score]
            else:
                assert (left[value] < right[value]) == (left[score] < right[score]) or left[score] == right[score]


@settings(max_examples=25, deadline=None)
@given(purchases)
def test_stages_and_levels_partition_the_list_and_later_purchases_are_ignored(
    warehouse: duckdb.DuckDBPyConnection, bought: list[Purchase]
) -> None:
    rows, sizes = features(warehouse, bought), segment_sizes(warehouse)
    known = [purchase for purchase in bought if purchase["purchased_at"] <= AS_OF and purchase["amount"] >= 0]

    assert len(rows) == 12
    assert sum(row["purchases"] for row in rows) == len(known)
    customers = len({purchase["subscriber_id"] for purchase in known})
    assert sizes["active_customers"] + sizes["lapsing_customers"] + sizes["lost_customers"] == customers
    assert sizes["loyal_customers"] <= sizes["active_customers"]
    assert sizes["newsletter_readers"] + sizes["dormant_readers"] == 12
