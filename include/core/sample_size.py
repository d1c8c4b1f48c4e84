"""How many people an experiment needs, and what it can find with the people it has.

Cohen's effect size of two proportions, by statsmodels; the usual 80 % power at a significance of 5 %, two-sided.
"""

from __future__ import annotations

import math

POWER = 0.8
SIGNIFICANCE = 0.05


def people_needed(rate: float, lift: float) -> int:
    """People per arm, in arms of one size, to find a relative `lift` of a `rate` (0.05: from 2 % to 2.1 %).

    Raises `ValueError` unless both rates are between 0 and 1 and the lift is not 0.
    """
    from statsmodels.stats.power import NormalIndPower
    from statsmodels.stats.proportion import proportion_effectsize

    lifted = rate * (1 + lift)
    if not (0 < rate < 1 and 0 < lifted < 1 and lift):
        raise ValueError(f"a rate of {rate:g} cannot have a lift of {lift:g}")
    effect = proportion_effectsize(lifted, rate)
    people: float = NormalIndPower().solve_power(abs(effect), power=POWER, alpha=SIGNIFICANCE)
    return math.ceil(people)


def smallest_lift(rate: float, people: int, baseline_people: int) -> float | None:
    """The smallest relative lift of the baseline's `rate` that is found with `POWER`; None if even 100 % is too little."""
    from statsmodels.stats.power import NormalIndPower

    if not (0 < rate < 1 and people and baseline_people):
        return None
    ratio = baseline_people / people
    effect = NormalIndPower().solve_power(nobs1=people, ratio=ratio, power=POWER, alpha=SIGNIFICANCE)
    angle = math.asin(math.sqrt(rate)) + effect / 2
    return None if angle >= math.pi / 2 else math.sin(angle) ** 2 / rate - 1
