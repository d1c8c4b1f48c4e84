"""What all marketing mail is worth: people whom the shop mails against those of its global hold-out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from include.analyze.experiments import DAYS_BEFORE, FINAL, MISMATCH, MISMATCH_BELOW, WINDOW_OPEN
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
from include.core.shop import GlobalHoldOut
from include.warehouse.connection import fetch, run

DRAWS = 10_000
BUYERS, REVENUE = "buyers", "revenue"
"""Metrics: the share of people who bought in the period, and the revenue per person."""
USUAL_BUYERS = 0.1
"""A guess from before the period, where `always_valid` is tightest. A wrong one makes the interval wider, never invalid."""
_NUMBER = pa.float64()
SCHEMA = pa.schema(
    [
        ("hold_out", pa.string()), ("first_day", pa.date32()), ("last_day", pa.date32()), ("percent", _NUMBER),
        ("metric", pa.string()), ("status", pa.string()), ("people_mailed", pa.int64()), ("people_held_out", pa.int64()),
        *((name, _NUMBER) for name in (
            "mean_mailed", "mean_held_out", "lift", "p_value", "confidence_low", "confidence_high", "always_valid_low",
            "always_valid_high", "adjusted_lift", "adjusted_p_value", "adjusted_low", "adjusted_high",
            "sample_ratio_p_value",
        )),
    ]
)  # fmt: skip
"""Columns of marts.global_hold_out."""


def build_hold_out(connection: duckdb.DuckDBPyConnection, found: GlobalHoldOut | None, as_of: datetime) -> None:
    """Build marts.global_hold_out: two rows for the shop's hold-out; none without one, or before its first mail."""
    rows = _rows(connection, found, as_of) if found else []
    connection.register("hold_out_rows", pa.Table.from_pylist(rows, schema=SCHEMA))
    run(connection, "analyze", "global_hold_out")
    connection.unregister("hold_out_rows")


def _rows(connection: duckdb.DuckDBPyConnection, found: GlobalHoldOut, as_of: datetime) -> list[dict[str, Any]]:
    params = {
        "as_of": as_of, "salt": found.name, "share": round(found.percent / 100 * DRAWS), "first_day": found.first_day,
        "last_day": found.last_day, "days_before": DAYS_BEFORE,
    }  # fmt: skip
    arms = {row["arm"]: row for row in fetch(connection, "analyze", "global_hold_out_outcomes", params).to_pylist()}
    if len(arms) < 2:
        return []
    mailed, held_out = arms["mailed"], arms["held_out"]
    shares = (1 - found.percent / 100, found.percent / 100)
    ratio = sample_ratio_p_value((mailed["people"], held_out["people"]), shares)
    status = FINAL if as_of.date() > found.last_day else WINDOW_OPEN
    facts = {
        "hold_out": found.name, "first_day": found.first_day, "last_day": found.last_day, "percent": found.percent,
        "status": MISMATCH if ratio is not None and ratio < MISMATCH_BELOW else status,
        "people_mailed": mailed["people"], "people_held_out": held_out["people"], "sample_ratio_p_value": ratio,
    }  # fmt: skip
    days = (found.last_day - found.first_day + timedelta(days=1)).days
    return [
        facts | {"metric": BUYERS} | _compared(_buyers(mailed), _buyers(held_out), facts["status"], days),
        facts | {"metric": REVENUE} | _compared(_revenue(mailed), _revenue(held_out), facts["status"], days),
    ]


def _buyers(arm: dict[str, Any]) -> Sample:
    return rate_sample(arm["buyers"], arm["people"])


def _revenue(arm: dict[str, Any]) -> Sample:
    before = Before(arm["before_mean"], arm["before_variance"], arm["covariance"])
    return Sample(arm["people"], arm["revenue_mean"], arm["revenue_variance"], before)


def _compared(mailed: Sample, held_out: Sample, status: str, days: int) -> dict[str, Any]:
    """Means, lift and intervals: before the end those that hold on any day, and none if the draw was not as planned."""
    means = {"mean_mailed": mailed.mean, "mean_held_out": held_out.mean}
    if status == MISMATCH:
        return means
    found = compare_means(mailed, held_out) if mailed.before else compare_rates(mailed, held_out)
    expected = difference_variance(_usual(mailed, days), _usual(held_out, days))
    low, high = always_valid(mailed, held_out, expected_variance=expected) or (None, None)
    looked = means | {"lift": found.lift, "always_valid_low": low, "always_valid_high": high}
    if status != FINAL:
        return looked
    adjusted = compare_adjusted_means(mailed, held_out) if mailed.before else Comparison()
    return looked | {
        "p_value": found.p_value, "confidence_low": found.confidence_low, "confidence_high": found.confidence_high,
        "adjusted_lift": adjusted.lift, "adjusted_p_value": adjusted.p_value, "adjusted_low": adjusted.confidence_low,
        "adjusted_high": adjusted.confidence_high,
    }  # fmt: skip


def _usual(arm: Sample, days: int) -> Sample:
    """The usual outcome of the arm's people in so many days, by what was known before."""
    if arm.before is None:
        return Sample(arm.people, USUAL_BUYERS, USUAL_BUYERS * (1 - USUAL_BUYERS))
    return Sample(arm.people, 0.0, arm.before.variance * days / DAYS_BEFORE)
