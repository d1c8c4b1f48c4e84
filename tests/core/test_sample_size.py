"""Sample sizes agree with an independent formula and with simulated experiments."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from include.core.sample_size import people_needed, smallest_lift


@pytest.mark.parametrize(("rate", "lift"), [(0.03, 0.05), (0.2, 0.1), (0.5, 0.02), (0.1, -0.2)])
def test_people_needed_is_close_to_the_textbook_formula(rate: float, lift: float) -> None:
    lifted = rate * (1 + lift)
    variance = rate * (1 - rate) + lifted * (1 - lifted)
    textbook = (norm.ppf(0.975) + norm.ppf(0.8)) ** 2 * variance / (lifted - rate) ** 2

    assert people_needed(rate, lift) == pytest.approx(textbook, rel=0.02)


def test_four_of_five_experiments_of_this_size_find_the_lift() -> None:
    people, rng = people_needed(0.1, 0.2), np.random.default_rng(3)
    arm, baseline = rng.binomial(people, 0.12, 4_000) / people, rng.binomial(people, 0.1, 4_000) / people
    pooled = (arm + baseline) / 2
    found = abs(arm - baseline) / np.sqrt(2 * pooled * (1 - pooled) / people) > norm.ppf(0.975)

    assert found.mean() == pytest.approx(0.8, abs=0.03)


def test_smallest_lift_and_people_needed_agree() -> None:
    lift = smallest_lift(0.05, 8_000, 8_000)

    assert lift is not None
    assert people_needed(0.05, lift) == pytest.approx(8_000, abs=2)


def test_a_small_hold_out_finds_less() -> None:
    halves, tenth = smallest_lift(0.05, 5_000, 5_000), smallest_lift(0.05, 9_000, 1_000)

    assert halves is not None
    assert tenth is not None
    assert tenth > 1.5 * halves
    assert smallest_lift(0.05, 5_000, 0) is None
    assert smallest_lift(0.9, 10, 10) is None


@pytest.mark.parametrize(("rate", "lift"), [(0, 0.1), (1, 0.1), (0.9, 0.2), (0.1, 0)])
def test_impossible_rates_are_refused(rate: float, lift: float) -> None:
    with pytest.raises(ValueError, match="cannot have"):
        people_needed(rate, lift)
