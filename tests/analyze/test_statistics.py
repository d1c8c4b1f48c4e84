"""Statistics equal those of other implementations, hold what they promise, and are null if they cannot be computed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

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

counts = st.integers(1, 10_000).flatmap(lambda people: st.tuples(st.integers(0, people), st.just(people)))


@given(counts, counts)
def test_interval_contains_the_lift(left: tuple[int, int], right: tuple[int, int]) -> None:
    found = compare_rates(rate_sample(*left), rate_sample(*right))

    assert found.lift is not None
    assert found.confidence_low is not None
    assert found.confidence_high is not None
    assert found.confidence_low - 1e-9 <= found.lift <= found.confidence_high + 1e-9
    assert found.p_value is None or 0 <= found.p_value <= 1


def test_arm_without_people_has_no_comparison() -> None:
    nobody, somebody = rate_sample(0, 0), rate_sample(5, 10)

    assert compare_rates(nobody, somebody) == compare_rates(somebody, nobody) == Comparison()
    assert compare_means(nobody, somebody) == Comparison()
    assert always_valid(nobody, somebody, expected_variance=0.1) is None


def sample(after: np.ndarray, before: np.ndarray) -> Sample:
    covariance = float(np.cov(after, before)[0, 1])
    pre = Before(float(before.mean()), float(before.var(ddof=1)), covariance)
    return Sample(len(after), float(after.mean()), float(after.var(ddof=1)), pre)


def test_means_equal_scipys_welch_test() -> None:
    rng = np.random.default_rng(7)
    arm, baseline = rng.exponential(12, 900), rng.exponential(10, 300)

    found = compare_means(sample(arm, arm), sample(baseline, baseline))

    expected = stats.ttest_ind(arm, baseline, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.lift == pytest.approx(arm.mean() - baseline.mean())
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.confidence_low == pytest.approx(interval.low)
    assert found.confidence_high == pytest.approx(interval.high)


def test_cuped_equals_a_regression_on_the_outcome_before() -> None:
    """The textbook form: subtract theta (covariance by variance, of all people) times the centred outcome before."""
    rng = np.random.default_rng(8)
    before = rng.gamma(2, 20, 4_000)
    after = 0.5 * before + rng.normal(0, 8, 4_000)
    after[:2_000] += 1
    arm, baseline = sample(after[:2_000], before[:2_000]), sample(after[2_000:], before[2_000:])

    plain, adjusted = compare_means(arm, baseline), compare_adjusted_means(arm, baseline)

    theta = np.cov(after, before)[0, 1] / before.var(ddof=1)
    residual = after - theta * (before - before.mean())
    expected = stats.ttest_ind(residual[:2_000], residual[2_000:], equal_var=False)
    assert adjusted.p_value == pytest.approx(expected.pvalue, rel=1e-6)
    assert adjusted.lift == pytest.approx(residual[:2_000].mean() - residual[2_000:].mean())
    assert width(adjusted) < 0.6 * width(plain)


def width(found: Comparison) -> float:
    assert found.confidence_low is not None
    assert found.confidence_high is not None
    return found.confidence_high - found.confidence_low


def test_without_an_outcome_before_nothing_is_adjusted() -> None:
    before = Before(0.0, 0.0, 0.0)
    arm, baseline = Sample(10, 1.0, 2.0, before), Sample(10, 2.0, 2.0, before)

    assert compare_adjusted_means(arm, baseline) == Comparison()
    assert compare_means(Sample(10, 0.0, 0.0), Sample(10, 0.0, 0.0)) == Comparison(0.0)


@pytest.mark.parametrize(("arm", "baseline", "rate"), [(2_000, 2_000, 0.03), (2_000, 200, 0.03), (300, 300, 0.3)])
def test_looking_every_day_finds_no_difference_where_there_is_none(arm: int, baseline: int, rate: float) -> None:
    """Of 1,000 experiments without an effect, looked at daily: at most 5 % alarms; the usual interval gives 20 %."""
    rng = np.random.default_rng(9)
    expected = 0.03 * 0.97 * (1 / arm + 1 / baseline)
    always, usual = 0, 0
    for _ in range(1_000):
        days = [[*([rate / 14] * 14), 1 - rate]]
        bought = [rng.multinomial(people, days[0])[:14].cumsum() for people in (arm, baseline)]
        looks = [(rate_sample(int(one), arm), rate_sample(int(other), baseline)) for one, other in zip(*bought, strict=True)]
        always += any(excludes_zero(always_valid(*look, expected_variance=expected)) for look in looks)
        usual += any(abs(one.mean - other.mean) > 1.96 * difference_variance(one, other) ** 0.5 for one, other in looks)
    assert always <= 50
    assert usual > 150


def excludes_zero(interval: tuple[float, float] | None) -> bool:
    return interval is not None and not interval[0] <= 0 <= interval[1]


def test_a_large_difference_is_found_before_the_end() -> None:
    early = rate_sample(60, 2_000), rate_sample(15, 2_000)

    low, high = always_valid(*early, expected_variance=0.03 * 0.97 / 1_000) or (0, 0)

    assert 0 < low < 0.0225 < high


def test_sample_ratio() -> None:
    assert sample_ratio_p_value([5_000, 5_000], [1, 1]) == 1.0
    assert sample_ratio_p_value([821_588, 815_482], [0.5, 0.5]) == pytest.approx(1.8e-6, rel=0.1)  # KDD 2019, section 2
    assert sample_ratio_p_value([10], [1]) is None
    assert sample_ratio_p_value([0, 0], [1, 1]) is None
    assert sample_ratio_p_value([3, 4], [1, 0]) is None
