"""Drift: whether a batch differs from the earlier runs of the same source, within bounds that are learnt from these runs.

A bound is the median of the earlier runs (for the number of rows, their trend) and a margin: `SPREADS` robust standard
deviations (of the median absolute deviation, which a few odd runs do not move), at least the smallest change that matters,
and what chance adds in a batch of this size. Fewer than `MIN_RUNS` earlier runs give no bounds. Drift is a warning; a *jump*
beyond everything that was seen, by more than a stated extreme, stops a full pass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_quality.checks import rule

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

WINDOW_RUNS = 28
"""Four weeks of daily full passes: each day of the week four times."""
MIN_RUNS = 7
"""Rules are silent until there are so many earlier runs: a week of full passes."""
MIN_ROWS = 100
"""Smaller batches are neither compared nor learnt from: a share of them says nothing."""
SPREADS = 5.0
RARE = 1e-6
"""How rarely chance alone may exceed a bound, per measure and run; a run has about thirty measures."""
JUMPS = {"volume": math.log(3), "null_share": 0.5, "domain": 0.4, "consent": 0.3, "value": 0.5}
"""The extremes that stop a full pass, by family: three times as many or few rows; half of the rows empty that were not; 40
points more at one domain; 30 points less or more consent; half of the rows with another value."""
Part = tuple[int, int]
"""How many rows of how many."""


@dataclass(frozen=True)
class Sensitivity:
    """The smallest change that counts as drift: a factor of rows, points of a share, a share of rows with other values."""

    volume: float
    share: float
    values: float


FULL = Sensitivity(volume=1.25, share=0.03, values=0.08)
INCREMENTAL = Sensitivity(volume=10.0, share=0.2, values=0.3)
"""An hourly pass may be a campaign's sign-ups or an import of one country."""


@dataclass(frozen=True)
class Bounds:
    """The accepted range of a measure, and the range in which it was in the earlier runs."""

    low: float
    high: float
    least: float
    most: float

    def position(self, observed: float) -> float:
        """Where a value is: 0 at the lower bound, 1 at the upper."""
        return (observed - self.low) / (self.high - self.low)

    def beyond(self, observed: float) -> float:
        """How far outside everything that was seen; 0 within the bounds."""
        if self.low <= observed <= self.high:
            return 0.0
        return max(observed - self.most, self.least - observed, 0.0)


def volume_bounds(earlier: Sequence[int], smallest: float) -> Bounds:
    """The bounds of the logarithm of the number of rows, around the trend of the earlier runs (oldest first).

    Growth by a factor per run is as regular as none. The trend is Theil and Sen's, which a few odd runs do not move.
    """
    from scipy.stats import theilslopes

    logs = [math.log(rows) for rows in earlier]
    trend = theilslopes(logs)
    residuals = [value - trend.intercept - trend.slope * number for number, value in enumerate(logs)]
    middle, margin = _middle(residuals, math.log(smallest))
    expected = middle + trend.intercept + trend.slope * len(logs)
    return Bounds(expected - margin, expected + margin, min(logs), max(logs))


def share_bounds(earlier: Sequence[Part], rows: int, smallest: float) -> Bounds:
    """The bounds of a share in a batch of `rows` rows: those of the source, widened by the quantiles of the binomial."""
    from scipy.stats import binom

    shares = [part / whole for part, whole in earlier]
    middle, margin = _middle(shares, smallest)
    low = binom.ppf(RARE, rows, max(middle - margin, 0.0)) / rows
    high = binom.ppf(1 - RARE, rows, min(middle + margin, 1.0)) / rows
    return Bounds(float(low), float(high), min(shares), max(shares))


def value_shift(now: Mapping[str, int], earlier: Sequence[Mapping[str, int]], smallest: float) -> tuple[float, Bounds, str]:
    """How many of the rows have another value than usual, as a share, its bounds, and the value that changed most.

    The share is the total variation distance to the mean distribution of the earlier runs. Its bound is learnt from their
    own distances; a distance that a chi-square test of homogeneity explains by chance is within it.
    """
    import numpy as np
    from scipy.spatial.distance import cityblock
    from scipy.stats import chi2_contingency

    values = sorted({value for counts in (now, *earlier) for value in counts})
    table = np.array([[counts.get(value, 0) for value in values] for counts in (now, *earlier)], dtype=float)
    shares = table / table.sum(axis=1, keepdims=True)
    usual = shares[1:].mean(axis=0)
    distance, *distances = [float(cityblock(row, usual)) / 2 for row in shares]
    middle, margin = _middle(distances, smallest)
    explained = len(values) < 2 or chi2_contingency(np.array([table[0], table[1:].sum(axis=0)])).pvalue > RARE
    high = max(middle + margin, distance if explained else 0.0)
    return distance, Bounds(0.0, high, 0.0, max(distances)), values[int(np.argmax(np.abs(shares[0] - usual)))]


def suite() -> list[Expectation]:
    """The drift rules, over a frame with one row per measure.

    The column `<family>_drift` has the position between the bounds, `<family>_jump` how far outside everything that was
    seen, as a multiple of the extreme; null in rows of other families.
    """
    from data_quality.within import ExpectColumnValuesToBeWithin

    drifts = [(f"{family}_drift", 0.0) for family in JUMPS]
    jumps = [(f"{family}_jump", None) for family in JUMPS]
    return [
        ExpectColumnValuesToBeWithin(column=name, min_value=lowest, max_value=1.0, **rule(name, "measures"))
        for name, lowest in [*drifts, *jumps]
    ]


def _middle(values: Sequence[float], smallest: float) -> tuple[float, float]:
    """The median, and the margin around it."""
    import numpy as np
    from scipy.stats import median_abs_deviation

    return float(np.median(values)), max(SPREADS * float(median_abs_deviation(values, scale="normal")), smallest)
