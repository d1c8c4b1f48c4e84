"""One arm of an experiment against its baseline: difference, tests and intervals, from sums that SQL computed.

Libraries do the arithmetic (statsmodels, scipy, tea-tasting), except for the interval that is valid on any day, for which
no maintained one exists (ADR 200). They are imported where they are used: they take seconds to import, and most runs of
collect_engagement have no winner to choose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE


@dataclass(frozen=True)
class Sample:
    """The outcome of an arm's people: its mean and sample variance.

    For a rate the mean is the share of people who did it. `before` is the same people's outcome before the message, which
    CUPED uses: its mean and variance, and its covariance with the outcome. None if there is none.
    """

    people: int
    mean: float
    variance: float
    before: Before | None = None


@dataclass(frozen=True)
class Before:
    """The outcome before the message: mean, sample variance, and sample covariance with the outcome after it."""

    mean: float
    variance: float
    covariance: float


@dataclass(frozen=True)
class Comparison:
    """Mean of an arm minus mean of the baseline, with p-value and 95 % interval; None where it cannot be computed."""

    lift: float | None = None
    p_value: float | None = None
    confidence_low: float | None = None
    confidence_high: float | None = None


def rate_sample(converted: int, people: int) -> Sample:
    """The sample of a rate."""
    rate = converted / people if people else 0.0
    return Sample(people, rate, rate * (1 - rate))


def compare_rates(arm: Sample, baseline: Sample) -> Comparison:
    """Two-proportion z-test (pooled) and Newcombe's interval of the difference; empty if an arm has no people."""
    from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

    if not arm.people or not baseline.people:
        return Comparison()
    converted, base_converted = round(arm.mean * arm.people), round(baseline.mean * baseline.people)
    with np.errstate(invalid="ignore", divide="ignore"):
        _, p_value = proportions_ztest((converted, base_converted), (arm.people, baseline.people))
    low, high = confint_proportions_2indep(converted, arm.people, base_converted, baseline.people, method="newcomb")
    return Comparison(arm.mean - baseline.mean, _finite(p_value), _finite(low), _finite(high))


def compare_means(arm: Sample, baseline: Sample) -> Comparison:
    """Welch's t-test and interval of the difference of means; empty with fewer than two people in an arm."""
    return _compare_means(arm, baseline, adjust=False)


def compare_adjusted_means(arm: Sample, baseline: Sample) -> Comparison:
    """As `compare_means`, less what the outcome before the message explains (CUPED).

    Deng, Xu, Kohavi, Walker: Improving the sensitivity of online controlled experiments by utilizing pre-experiment data,
    WSDM 2013. Empty if there is no outcome before, or all people had the same.
    """
    if not arm.before or not baseline.before or not arm.before.variance + baseline.before.variance:
        return Comparison()
    return _compare_means(arm, baseline, adjust=True)


def _compare_means(arm: Sample, baseline: Sample, *, adjust: bool) -> Comparison:
    from tea_tasting.metrics import Mean

    if min(arm.people, baseline.people) < 2:
        return Comparison()
    if not arm.variance + baseline.variance:
        return Comparison(arm.mean - baseline.mean)
    metric = Mean("after", covariate="before" if adjust else None, confidence_level=CONFIDENCE, use_t=True, equal_var=False)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = metric.analyze_aggregates(control=_aggregates(baseline), treatment=_aggregates(arm))
    return Comparison(
        float(found.effect_size),
        _finite(found.pvalue),
        _finite(found.effect_size_ci_lower),
        _finite(found.effect_size_ci_upper),
    )


def always_valid(arm: Sample, baseline: Sample, *, expected_variance: float) -> tuple[float, float] | None:
    """The interval of the difference that holds on all days together with 95 %, however often somebody looks.

    The boundary of Robbins' normal mixture: the variance of the difference at the time of the look is the clock, so it holds
    while outcomes arrive. It is tightest where that variance is `expected_variance` (`difference_variance`, a guess from
    before the send: a guess from the outcome would make the interval invalid), and valid everywhere. Howard, Ramdas,
    McAuliffe, Sekhon: Time-uniform, nonparametric, nonasymptotic confidence sequences, Annals of Statistics 2021, (14);
    Waudby-Smith et al.: Time-uniform central limit theory and asymptotic confidence sequences, 2024, for the tuning.
    None if the difference does not vary.
    """
    variance = difference_variance(arm, baseline)
    if not variance or not expected_variance:
        return None
    log = -2 * math.log(ALPHA)
    scale = (log + math.log(log + 1)) / expected_variance
    radius = math.sqrt((variance + 1 / scale) * (math.log1p(scale * variance) + log))
    lift = arm.mean - baseline.mean
    return lift - radius, lift + radius


def difference_variance(arm: Sample, baseline: Sample) -> float:
    """The variance of the difference of the arms' means, by the variance of all their people together.

    Each arm's own variance would be far too small for a small arm in which nobody has bought yet. 0 if an arm is empty.
    """
    if not arm.people or not baseline.people:
        return 0.0
    both = arm.people + baseline.people
    within = (arm.people * arm.variance + baseline.people * baseline.variance) / both
    between = arm.people * baseline.people / both**2 * (arm.mean - baseline.mean) ** 2
    return (within + between) * (1 / arm.people + 1 / baseline.people)


def sample_ratio_p_value(people: Sequence[int], shares: Sequence[float]) -> float | None:
    """How likely it is that a draw with these `shares` differs from them as much as these numbers of people do (chi²).

    Under 0.001 the arms were not drawn as planned, and no result of the experiment can be trusted. Fabijan et al.:
    Diagnosing sample ratio mismatch in online controlled experiments, KDD 2019. None with one arm or without people.
    """
    from scipy.stats import chisquare

    total, whole = sum(people), sum(shares)
    if len(people) < 2 or not total or not all(shares):
        return None
    return float(chisquare(people, [total * share / whole for share in shares]).pvalue)


def _aggregates(sample: Sample) -> Any:
    from tea_tasting.aggr import Aggregates

    before = sample.before or Before(0, 0, 0)
    return Aggregates(
        count_=sample.people,
        mean_={"after": sample.mean, "before": before.mean},
        var_={"after": sample.variance, "before": before.variance},
        cov_={("after", "before"): before.covariance},
    )


def _finite(value: float) -> float | None:
    """The value as a float; None for the NaN of a test in which both arms converted nobody or everybody."""
    return float(value) if np.isfinite(value) else None
