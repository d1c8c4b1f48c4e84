"""Bounds that are learnt from earlier runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_quality import drift
from data_quality.drift import FULL, MIN_RUNS

EVEN = {f"value {number}": 2_500 for number in range(40)}


def test_chance_in_a_small_batch_is_no_shift_of_values() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        counts = random.multinomial(100, [1 / len(EVEN)] * len(EVEN))
        now = {value: int(count) for value, count in zip(EVEN, counts, strict=True) if count}
        shift, bounds, _ = drift.value_shift(now, [EVEN] * MIN_RUNS, FULL.values)
        assert shift > FULL.values
        assert bounds.position(shift) <= 1
    shift, bounds, value = drift.value_shift({"value 7": 100}, [EVEN] * MIN_RUNS, FULL.values)
    assert bounds.position(shift) > 1
    assert value == "value 7"


def test_chance_in_a_small_batch_widens_the_bounds_of_a_share() -> None:
    earlier = [(30_000, 100_000)] * MIN_RUNS
    small, large = drift.share_bounds(earlier, 100, FULL.share), drift.share_bounds(earlier, 100_000, FULL.share)
    assert small.position(0.45) <= 1 < large.position(0.45)
    assert small.position(0.7) > 1


def test_one_odd_run_does_not_move_the_bounds() -> None:
    steady = [(300, 10_000)] * (MIN_RUNS - 1)
    usual, odd = (drift.share_bounds([*steady, last], 10_000, FULL.share) for last in ((300, 10_000), (9_000, 10_000)))
    assert (usual.low, usual.high) == (odd.low, odd.high)


def test_growth_by_a_factor_is_regular() -> None:
    bounds = drift.volume_bounds([round(1_000 * 1.05**day) for day in range(28)], FULL.volume)
    assert 0 <= bounds.position(math.log(1_000 * 1.05**28)) <= 1
    assert bounds.position(math.log(1_000 * 1.05**28 * 1.3)) > 1
    assert bounds.position(math.log(1_000 * 1.05**28 / 1.3)) < 0


def test_a_source_that_varies_has_wider_bounds() -> None:
    calm = drift.share_bounds([(50 + number % 2, 1_000) for number in range(10)], 1_000, FULL.share)
    lively = drift.share_bounds([(50 + 40 * (number % 5), 1_000) for number in range(10)], 1_000, FULL.share)
    assert calm.position(0.3) > 1 >= lively.position(0.3)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(500, 900)), min_size=7, max_size=28), st.integers(100, 10_000))
def test_the_median_is_always_within_the_bounds(earlier: list[tuple[int, int]], rows: int) -> None:
    bounds = drift.share_bounds(earlier, rows, FULL.share)
    median = float(np.median([part / whole for part, whole in earlier]))
    assert 0 <= bounds.position(median) <= 1
    assert bounds.beyond(median) == 0
    assert bounds.beyond(bounds.most) == 0


def test_beyond_is_the_distance_from_everything_seen() -> None:
    bounds = drift.Bounds(low=0.2, high=0.4, least=0.25, most=0.35)
    assert bounds.beyond(0.4) == 0
    assert bounds.beyond(0.6) == pytest.approx(0.25)
    assert bounds.beyond(0.1) == pytest.approx(0.15)
