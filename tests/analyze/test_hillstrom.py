"""A real experiment: 64,000 customers of a retailer, drawn into two e-mails and none (Hillstrom, MineThatData, 2008).

The marts are computed from it as from our own sends, and must say what an independent statistician finds in the file. It is
at `../shared/data`, beside the project.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from include.analyze.experiments import experiment_rows
from include.analyze.ledger_facts import Design
from include.core.paths import PROJECT
from include.warehouse.connection import configure, prepare
from tests.analyze.counted import count

FILE = PROJECT.parent / "shared" / "data" / "hillstrom.csv"
SENDS = """
insert into dispatch.sends by name
select
    uuid() as message_key, 'plan' as plan_id, 'hillstrom' as campaign, '2008-03' as occurrence, person as subscriber_id,
    person as address_key, 'gmail' as mailbox_provider, 1 as attempt, true as tracked,
    if(segment = 'No E-Mail', 'held_out', 'accepted') as state, if(segment = 'No E-Mail', null, 0) as chunk,
    if(segment = 'Mens E-Mail', 'mens', 'womens') as variant, timestamptz '2008-03-20 00:00:00Z' as planned_at
from customers
"""
VISITS = """
insert into engagement.events by name
select
    concat(event, person) as dedup_key, sends.message_key, person as subscriber_id, 'hillstrom' as campaign,
    '2008-03' as occurrence, event, timestamptz '2008-03-21 00:00:00Z' as occurred_at, occurred_at as received_at,
    if(event = 'clicked', 'human', null) as verdict, 'f' as spool_file
from customers
inner join dispatch.sends on sends.subscriber_id = customers.person and sends.state = 'accepted'
cross join (values ('delivered'), ('clicked')) as events (event)
where event = 'delivered' or customers.visit = 1
"""
PURCHASES = """
insert into core.purchases by name
select concat('after', person) as purchase_id, person as subscriber_id, timestamptz '2008-03-25 00:00:00Z' as purchased_at,
    spend as amount, 'USD' as currency, 'landed' as landed_run
from customers
where conversion = 1
union all
select concat('before', person), person, timestamptz '2008-02-25 00:00:00Z', history, 'USD', 'landed'
from customers
"""

Row = dict[str, Any]


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    if not FILE.exists():
        pytest.skip(f"the real experiment is not at {FILE}")
    customers = pd.read_csv(FILE)
    return customers.assign(person=[f"c{number}" for number in range(len(customers))])


@pytest.fixture(scope="module")
def results(customers: pd.DataFrame) -> list[Row]:
    design = Design((("mens", 1), ("womens", 1)), held_out=1 / 3)
    with duckdb.connect() as connection:
        configure(connection)
        prepare(connection)
        connection.register("customers", customers)
        connection.execute("insert into core.exchange_rates values ('USD', 1, 'USD')")
        for statement in (SENDS, VISITS, PURCHASES):
            connection.execute(statement)
        count(connection, datetime(2008, 4, 30, tzinfo=UTC))
        table = experiment_rows(connection, {("hillstrom", "2008-03"): design})
    rows: list[Row] = table.to_pylist()
    return rows


def one(results: list[Row], comparison: str, metric: str, variant: str) -> Row:
    (row,) = [row for row in results if (row["comparison"], row["metric"], row["variant"]) == (comparison, metric, variant)]
    return row


def arm(customers: pd.DataFrame, name: str) -> pd.DataFrame:
    segments = {"mens": ["Mens E-Mail"], "womens": ["Womens E-Mail"], "held_out": ["No E-Mail"]}
    return customers[customers.segment.isin(segments.get(name, ["Mens E-Mail", "Womens E-Mail"]))]


def test_arms(customers: pd.DataFrame, results: list[Row]) -> None:
    people = {row["variant"]: row["people"] for row in results if row["comparison"] == "hold_out"}

    assert people == {"mens": 21_307, "womens": 21_387, "held_out": 21_306, "treated": 42_694}
    assert {row["status"] for row in results} == {"final"}
    assert one(results, "hold_out", "purchase_14d", "treated")["sample_ratio_p_value"] == pytest.approx(
        stats.binomtest(21_306, 64_000, 1 / 3).pvalue, abs=0.01
    )


@pytest.mark.parametrize("variant", ["mens", "womens", "treated"])
def test_purchases_against_no_mail(customers: pd.DataFrame, results: list[Row], variant: str) -> None:
    mailed, held_out = arm(customers, variant).conversion, arm(customers, "held_out").conversion

    row = one(results, "hold_out", "purchase_14d", variant)

    table = [[mailed.sum(), held_out.sum()], [(1 - mailed).sum(), (1 - held_out).sum()]]
    assert row["lift"] == pytest.approx(mailed.mean() - held_out.mean())
    assert row["p_value"] == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    low, high = stats.ttest_ind(mailed, held_out, equal_var=False).confidence_interval()
    assert (row["confidence_low"], row["confidence_high"]) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@pytest.mark.parametrize("variant", ["mens", "womens", "treated"])
def test_revenue_against_no_mail(customers: pd.DataFrame, results: list[Row], variant: str) -> None:
    mailed, held_out = arm(customers, variant), arm(customers, "held_out")

    row = one(results, "hold_out", "revenue_14d", variant)

    welch = stats.ttest_ind(mailed.spend, held_out.spend, equal_var=False)
    low, high = welch.confidence_interval()
    assert row["lift"] == pytest.approx(mailed.spend.mean() - held_out.spend.mean())
    assert row["p_value"] == pytest.approx(welch.pvalue, rel=1e-4)
    assert (row["confidence_low"], row["confidence_high"]) == (pytest.approx(low, rel=1e-4), pytest.approx(high, rel=1e-4))


def test_adjusted_revenue_equals_a_regression_on_what_people_spent_before(
    customers: pd.DataFrame, results: list[Row]
) -> None:
    row = one(results, "hold_out", "revenue_14d", "treated")

    is_mailed = (customers.segment != "No E-Mail").astype(float)
    columns = sm.add_constant(np.column_stack([is_mailed, customers.history - customers.history.mean()]))
    regression = sm.OLS(customers.spend, columns).fit(cov_type="HC1")
    low, high = regression.conf_int().to_numpy()[1]
    assert row["adjusted_lift"] == pytest.approx(regression.params.iloc[1], rel=1e-3)
    assert row["adjusted_p_value"] == pytest.approx(regression.pvalues.iloc[1], rel=0.05)
    assert (row["adjusted_low"], row["adjusted_high"]) == (pytest.approx(low, rel=0.01), pytest.approx(high, rel=0.01))


def test_visits_of_one_mail_against_the_other(customers: pd.DataFrame, results: list[Row]) -> None:
    mens, womens = arm(customers, "mens").visit, arm(customers, "womens").visit

    row = one(results, "variants", "human_click", "womens")

    assert row["baseline"] == "mens"
    assert row["lift"] == pytest.approx(womens.mean() - mens.mean())
    assert row["confidence_high"] < 0
    assert row["always_valid_low"] < row["confidence_low"] < row["confidence_high"] < row["always_valid_high"]
