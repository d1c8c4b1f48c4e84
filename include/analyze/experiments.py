"""The comparisons of marts.experiment_results: variants with the first one, and mail with no mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import duckdb
import pyarrow as pa

from include.analyze.ledger_facts import Design, Designs
from include.analyze.statistics import (
    Before,
    Comparison,
    Sample,
    always_valid,
    compare_adjusted_means,
    compare_means,
    compare_rates,
    difference_variance,
    rate_sample,
    sample_ratio_p_value,
)
from include.warehouse.connection import fetch

SCHEMA = pa.schema(
    [
        ("campaign", pa.string()),
        ("occurrence", pa.string()),
        ("comparison", pa.string()),
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
        ("revenue_per_person", pa.float64()),
        ("status", pa.string()),
        ("lift", pa.float64()),
        ("p_value", pa.float64()),
        ("confidence_low", pa.float64()),
        ("confidence_high", pa.float64()),
        ("always_valid_low", pa.float64()),
        ("always_valid_high", pa.float64()),
        ("adjusted_lift", pa.float64()),
        ("adjusted_p_value", pa.float64()),
        ("adjusted_low", pa.float64()),
        ("adjusted_high", pa.float64()),
        ("planned_share", pa.float64()),
        ("sample_ratio_p_value", pa.float64()),
        ("sent_to_rest", pa.string()),
    ]
)
"""Columns of marts.experiment_results."""
FINAL, WINDOW_OPEN, MISMATCH = "final", "window_open", "sample_ratio_mismatch"
"""Statuses. A `final` comparison has its result; one whose `window_open` has the interval that is valid on any day. The
others (`sending`, `stopped_early`, `sample_ratio_mismatch`) have counts only."""
MISMATCH_BELOW = 0.001
"""The p-value of the sample ratio under which the arms count as not drawn as planned (`sample_ratio_p_value`)."""
PURCHASE_WINDOW_DAYS = 14
"""A purchase counts for a campaign up to so many days after its plan: two weeks, the usual window of a hold-out test."""
DAYS_BEFORE = 90
"""The revenue of so many days before the plan is what CUPED adjusts by."""
WINDOWS = {"purchase_window_days": PURCHASE_WINDOW_DAYS, "days_before": DAYS_BEFORE}
"""The parameters of the statements that count purchases."""
OPEN, CLICK = "human_open", "human_click"
PURCHASE, REVENUE = f"purchase_{PURCHASE_WINDOW_DAYS}d", f"revenue_{PURCHASE_WINDOW_DAYS}d"
"""Metrics. The names and texts of the last two in comments.yaml and the report name the window."""
VARIANTS, HOLD_OUT = "variants", "hold_out"
"""Comparisons: a variant with the first one of the campaign file, and people drawn to get the mail with people held out."""
TREATED, HELD_OUT = "treated", "held_out"
"""The arms of a hold-out; the one that got no mail is the baseline."""
USUAL_RATES = {OPEN: 0.3, CLICK: 0.03, PURCHASE: 0.03}
"""Guesses from before the send, where `always_valid` is tightest. Wrong ones make the interval wider, never invalid."""


@dataclass(frozen=True)
class Arm:
    """One arm under one metric, with the columns that only some metrics have."""

    campaign: str
    occurrence: str
    comparison: str
    metric: str
    variant: str
    status: str
    sample: Sample
    drawn: int
    facts: dict[str, Any]


def experiment_rows(connection: duckdb.DuckDBPyConnection, designs: Designs) -> pa.Table:
    """Rows of marts.experiment_results: engagement of variants, purchases and revenue of variants and of hold-outs.

    From the counts that the build keeps.
    """
    purchases = fetch(connection, "analyze", "experiment_purchases").to_pylist()
    drawn = {(row["campaign"], row["occurrence"], row["arm"]): row["people"] for row in purchases}
    engagement = fetch(connection, "analyze", "variant_counts").to_pylist()
    arms = [*_engagement(engagement, drawn), *_purchases(purchases)]
    arms.sort(key=lambda arm: (*_experiment(arm), arm.metric, arm.variant))
    rows: list[dict[str, Any]] = []
    for (campaign, occurrence, comparison), group in groupby(arms, key=_experiment):
        design = designs.get((campaign, occurrence), Design())
        tested = _with_sample_ratio(list(group), design)
        for metric, of_metric in groupby(tested, key=lambda arm: arm.metric):
            rows += _rows(list(of_metric), HELD_OUT if comparison == HOLD_OUT else design.baseline, metric)
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _experiment(arm: Arm) -> tuple[str, str, str]:
    return arm.campaign, arm.occurrence, arm.comparison


def _engagement(rows: list[dict[str, Any]], drawn: dict[tuple[str, str, str], int]) -> Iterator[Arm]:
    """The arms of opens and clicks, from rows of variant_counts."""
    for row in rows:
        key = (row["campaign"], row["occurrence"])
        facts = {name: row[name] for name in ("accepted", "delivered", "delivered_tracked", "human_opens", "human_clicks")}
        for metric, converted in ((OPEN, row["human_opens"]), (CLICK, row["human_clicks"])):
            sample = rate_sample(converted, row["delivered_tracked"])
            people = drawn.get((*key, row["variant"]), 0)
            yield Arm(
                *key, VARIANTS, metric, row["variant"], row["status"], sample, people, facts | {"converted": converted}
            )


def _purchases(rows: list[dict[str, Any]]) -> Iterator[Arm]:
    """The arms of purchases and revenue, from rows of purchase_outcomes."""
    for row in rows:
        people, place = row["people"], (row["campaign"], row["occurrence"], row["comparison"])
        bought = rate_sample(row["buyers"], people)
        before = Before(row["before_mean"], row["before_variance"], row["covariance"])
        spent = Sample(people, row["revenue_mean"], row["revenue_variance"], before)
        revenue = {"revenue_per_person": row["revenue_mean"]}
        yield Arm(*place, PURCHASE, row["arm"], row["status"], bought, people, {"converted": row["buyers"]})
        yield Arm(*place, REVENUE, row["arm"], row["status"], spent, people, revenue)


def _with_sample_ratio(arms: list[Arm], design: Design) -> list[Arm]:
    """The arms of one comparison with the share each was planned to get, its sample ratio, and the winner."""
    comparison = arms[0].comparison
    planned = design.shares(comparison)
    drawn = {arm.variant: arm.drawn for arm in arms if comparison == VARIANTS or arm.variant in (TREATED, HELD_OUT)}
    p_value = sample_ratio_p_value(list(drawn.values()), [planned.get(name, 0.0) for name in drawn])
    mismatched = p_value is not None and p_value < MISMATCH_BELOW
    sent = dict([design.sent_to_rest]) if design.sent_to_rest and comparison == VARIANTS else {}
    return [
        replace(
            arm,
            status=MISMATCH if mismatched else arm.status,
            facts=arm.facts
            | {
                "planned_share": planned.get(arm.variant),
                "sample_ratio_p_value": p_value,
                "sent_to_rest": sent.get(arm.variant),
            },
        )
        for arm in arms
    ]


def _rows(arms: list[Arm], baseline_variant: str | None, metric: str) -> list[dict[str, Any]]:
    """The rows of one comparison under one metric."""
    baseline = next((arm for arm in arms if arm.variant == baseline_variant), arms[0])
    return [_identity(arm, baseline) | _rates(arm) | _result(arm, baseline, metric) for arm in arms]


def _identity(arm: Arm, baseline: Arm) -> dict[str, Any]:
    named = ("campaign", "occurrence", "comparison", "metric", "variant", "status")
    return {name: getattr(arm, name) for name in named} | {"baseline": baseline.variant, "people": arm.sample.people}


def _rates(arm: Arm) -> dict[str, Any]:
    facts = arm.facts
    return facts | {
        "open_rate": _rate(facts.get("human_opens"), facts.get("delivered_tracked")),
        "click_rate": _rate(facts.get("human_clicks"), facts.get("delivered_tracked")),
        "conversion_rate": _rate(facts.get("converted"), arm.sample.people),
    }


def _result(arm: Arm, baseline: Arm, metric: str) -> dict[str, Any]:
    """Lift and intervals; none for the baseline itself, and none of those that only hold at the end before it."""
    if arm is baseline or arm.status not in (FINAL, WINDOW_OPEN):
        return {}
    compare: Callable[[Sample, Sample], Comparison] = compare_means if metric == REVENUE else compare_rates
    found = compare(arm.sample, baseline.sample)
    low, high = always_valid(arm.sample, baseline.sample, expected_variance=_expected_variance(arm, baseline)) or (
        None,
        None,
    )
    looked = {"lift": found.lift, "always_valid_low": low, "always_valid_high": high}
    if arm.status != FINAL:
        return looked
    adjusted = compare_adjusted_means(arm.sample, baseline.sample) if metric == REVENUE else Comparison()
    return looked | {
        "p_value": found.p_value,
        "confidence_low": found.confidence_low,
        "confidence_high": found.confidence_high,
        "adjusted_lift": adjusted.lift,
        "adjusted_p_value": adjusted.p_value,
        "adjusted_low": adjusted.confidence_low,
        "adjusted_high": adjusted.confidence_high,
    }


def _expected_variance(arm: Arm, baseline: Arm) -> float:
    """The variance of the difference at the end of the window, guessed from what was known before the send."""
    return difference_variance(*(_usual(each) for each in (arm, baseline)))


def _usual(arm: Arm) -> Sample:
    """The usual outcome of the arm's people: of the metric, or what they spent before, for the days of the window."""
    people, before = arm.sample.people, arm.sample.before
    if before is None:
        rate = USUAL_RATES[arm.metric]
        return Sample(people, rate, rate * (1 - rate))
    return Sample(people, 0.0, before.variance * PURCHASE_WINDOW_DAYS / DAYS_BEFORE)


def _rate(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None
