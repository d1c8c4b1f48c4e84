"""Compare variants with the first one, and mail with no mail: rates, lift and confidence interval, by statsmodels."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import groupby

import duckdb
import numpy as np
import pyarrow as pa
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from include.analyze.ledger_facts import Baselines
from include.warehouse.connection import fetch

SCHEMA = pa.schema(
    [
        ("campaign", pa.string()),
        ("occurrence", pa.string()),
        ("metric", pa.string()),
        ("variant", pa.string()),
        ("baseline", pa.string()),
        ("accepted", pa.int64()),
        ("delivered", pa.int64()),
        ("delivered_tracked", pa.int64()),
        ("human_opens", pa.int64()),
        ("human_clicks", pa.int64()),
        ("open_rate", pa.float64()),
        ("click_rate", pa.float64()),
        ("people", pa.int64()),
        ("converted", pa.int64()),
        ("conversion_rate", pa.float64()),
        ("status", pa.string()),
        ("lift", pa.float64()),
        ("p_value", pa.float64()),
        ("confidence_low", pa.float64()),
        ("confidence_high", pa.float64()),
    ]
)
"""Columns of marts.experiment_results."""
FINAL = "final"
"""Status of a comparison that has a result. The others (`window_open`, `sending`, `stopped_early`) have counts only."""
PURCHASE_WINDOW_DAYS = 14
"""A purchase counts for a campaign up to so many days after its plan: two weeks, the usual window of a hold-out test."""
PURCHASE = f"purchase_{PURCHASE_WINDOW_DAYS}d"
"""The metric of treated against held out. Its name and texts in comments.yaml and the report name the window."""
HELD_OUT = "held_out"
"""The arm that got no mail: the baseline of `PURCHASE`."""


@dataclass(frozen=True)
class Arm:
    """One variant under one metric: `converted` of its `people` opened, clicked or bought."""

    campaign: str
    occurrence: str
    metric: str
    variant: str
    people: int
    converted: int
    status: str = FINAL
    accepted: int | None = None
    delivered: int | None = None
    delivered_tracked: int | None = None
    human_opens: int | None = None
    human_clicks: int | None = None


@dataclass(frozen=True)
class Comparison:
    """Rate of an arm minus rate of the baseline, with p-value and 95 % interval; None where it cannot be computed."""

    lift: float | None = None
    p_value: float | None = None
    confidence_low: float | None = None
    confidence_high: float | None = None


def experiment_rows(connection: duckdb.DuckDBPyConnection, baselines: Baselines, as_of: datetime) -> pa.Table:
    """Rows of marts.experiment_results: variants by human opens and clicks, treated against held out by purchases."""
    variants = fetch(connection, "analyze", "variant_counts").to_pylist()
    opens = [
        Arm(**row, metric="human_open", people=row["delivered_tracked"], converted=row["human_opens"]) for row in variants
    ]
    clicks = [replace(arm, metric="human_click", converted=arm.human_clicks or 0) for arm in opens]
    params = {"as_of": as_of, "purchase_window_days": PURCHASE_WINDOW_DAYS}
    purchases = [Arm(**row, metric=PURCHASE) for row in fetch(connection, "analyze", "hold_out_counts", params).to_pylist()]
    arms = sorted(opens + clicks + purchases, key=lambda arm: (arm.campaign, arm.occurrence, arm.metric, arm.variant))
    rows = []
    for (campaign, occurrence, metric), group in groupby(arms, key=lambda arm: (arm.campaign, arm.occurrence, arm.metric)):
        baseline = HELD_OUT if metric == PURCHASE else baselines.get((campaign, occurrence))
        rows += _rows(list(group), baseline)
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def compare(arm: Arm, baseline: Arm) -> Comparison:
    """Two-proportion z-test (pooled) and Newcombe's interval of the difference; empty if an arm has no people."""
    if not arm.people or not baseline.people:
        return Comparison()
    counts, sizes = (arm.converted, baseline.converted), (arm.people, baseline.people)
    with np.errstate(invalid="ignore", divide="ignore"):
        _, p_value = proportions_ztest(counts, sizes)
    low, high = confint_proportions_2indep(arm.converted, arm.people, baseline.converted, baseline.people, method="newcomb")
    return Comparison(
        arm.converted / arm.people - baseline.converted / baseline.people,
        _finite(p_value),
        _finite(low),
        _finite(high),
    )


def _rows(arms: list[Arm], baseline_variant: str | None) -> list[dict[str, object]]:
    baseline = next((arm for arm in arms if arm.variant == baseline_variant), arms[0])
    return [
        asdict(arm)
        | asdict(Comparison() if arm is baseline or arm.status != FINAL else compare(arm, baseline))
        | {
            "baseline": baseline.variant,
            "open_rate": _rate(arm.human_opens, arm.delivered_tracked),
            "click_rate": _rate(arm.human_clicks, arm.delivered_tracked),
            "conversion_rate": _rate(arm.converted, arm.people),
        }
        for arm in arms
    ]


def _rate(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _finite(value: float) -> float | None:
    """The value as a float; None for the NaN of a test in which both arms converted nobody or everybody."""
    return float(value) if np.isfinite(value) else None
