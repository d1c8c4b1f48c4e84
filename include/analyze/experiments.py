"""Did a variant do better than the first one, and did mail do better than no mail? By statsmodels, from counts."""

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
"""The status of a comparison that may be read. The others (`window_open`, `sending`, `stopped_early`) show counts alone."""


@dataclass(frozen=True)
class Arm:
    """One variant under one metric: of `people`, `converted` did it."""

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
    """Rate of an arm less the rate of the baseline, with a 95 % interval; null where nothing can be said."""

    lift: float | None = None
    p_value: float | None = None
    confidence_low: float | None = None
    confidence_high: float | None = None


def experiment_rows(connection: duckdb.DuckDBPyConnection, baselines: Baselines, as_of: datetime) -> pa.Table:
    """Every comparison: variants by human opens and by human clicks, hold-out against treated by purchases in 14 days."""
    variants = fetch(connection, "analyze", "variant_counts").to_pylist()
    opens = [
        Arm(**row, metric="human_open", people=row["delivered_tracked"], converted=row["human_opens"]) for row in variants
    ]
    clicks = [replace(arm, metric="human_click", converted=arm.human_clicks or 0) for arm in opens]
    bought = [
        Arm(**row, metric="purchase_14d")
        for row in fetch(connection, "analyze", "hold_out_counts", {"as_of": as_of}).to_pylist()
    ]
    arms = sorted(opens + clicks + bought, key=lambda arm: (arm.campaign, arm.occurrence, arm.metric, arm.variant))
    rows = []
    for (campaign, occurrence, metric), group in groupby(arms, key=lambda arm: (arm.campaign, arm.occurrence, arm.metric)):
        first = "held_out" if metric == "purchase_14d" else baselines.get((campaign, occurrence))
        rows += _rows(list(group), first)
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def compare(arm: Arm, baseline: Arm) -> Comparison:
    """Two-proportion z-test (pooled) and Newcombe's interval of the difference, as statsmodels computes them."""
    if not arm.people or not baseline.people:
        return Comparison()
    counts, sizes = (arm.converted, baseline.converted), (arm.people, baseline.people)
    with np.errstate(invalid="ignore", divide="ignore"):
        _, p_value = proportions_ztest(counts, sizes)
    low, high = confint_proportions_2indep(arm.converted, arm.people, baseline.converted, baseline.people, method="newcomb")
    return Comparison(
        _rate(arm.converted, arm.people) - _rate(baseline.converted, baseline.people),  # type: ignore[operator]
        _number(p_value),
        _number(low),
        _number(high),
    )


def _rows(arms: list[Arm], first: str | None) -> list[dict[str, object]]:
    baseline = next((arm for arm in arms if arm.variant == first), arms[0])
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


def _number(value: float) -> float | None:
    """A float, or None for the NaN that a test gives when nobody or everybody did it in both arms."""
    return float(value) if np.isfinite(value) else None
