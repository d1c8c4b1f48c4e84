"""Runs of simulated shops, in the counts that the drift rules compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from include.validate.drift import RunCounts

COUNTRIES = ("DE", "AT", "CH", "FR", "GB", "none")
PROVIDERS = ("gmail", "microsoft", "yahoo", "apple", "other")
_BASE = {
    "status": (("subscribed", "unsubscribed", "pending"), (0.86, 0.11, 0.03)),
    "country": (COUNTRIES, (0.62, 0.14, 0.1, 0.07, 0.04, 0.03)),
    "locale": (("de", "de-at", "fr", "en-gb", "none"), (0.7, 0.12, 0.1, 0.06, 0.02)),
    "mailbox_provider": (PROVIDERS, (0.38, 0.17, 0.06, 0.05, 0.34)),
    "tracking_consent": (("yes", "no"), (0.55, 0.45)),
    "consent": (("yes", "no", "not subscribed"), (0.84, 0.02, 0.14)),
    "domain": (("largest", "other"), (0.31, 0.69)),
}
EMPTY = {"country": 0.03, "locale": 0.02, "first_name": 0.12, "timezone": 0.4, "email": 0.0, "attributes": 1.0}


@dataclass
class Shop:
    """A shop with a list that grows by `growth` a day, `saturdays` times as fast on Saturdays, and loses 0.1 % a day.

    New people differ from old ones: other countries, fewer empty values.
    """

    growth: float
    saturdays: float = 3.0
    size: int = 5_000
    seed: int = 0
    _counts: dict[str, np.ndarray] = field(default_factory=dict)

    def full_passes(self, days: int) -> Iterator[RunCounts]:
        """One full pass a day."""
        random = np.random.default_rng(self.seed)
        counts = {name: random.multinomial(self.size, shares) for name, (_, shares) in _BASE.items()}
        empty = {name: random.binomial(self.size, share) for name, share in EMPTY.items()}
        rows = self.size
        for day in range(days):
            joined = random.poisson(rows * self.growth * (self.saturdays if day % 7 == 5 else 1.0))
            left = random.binomial(rows, 0.001)
            for name, (_, shares) in _BASE.items():
                new = random.dirichlet(np.array(shares) * 30)
                counts[name] = counts[name] + random.multinomial(joined, new)
                counts[name] = counts[name] - random.multivariate_hypergeometric(counts[name], left)
            for name, share in EMPTY.items():
                gone = random.hypergeometric(empty[name], rows + joined - empty[name], left)
                empty[name] += random.binomial(joined, share * 0.8) - gone
            rows += joined - left
            yield _run(rows, counts, empty)

    def hourly_passes(self, hours: int) -> Iterator[RunCounts]:
        """Incremental passes: a few hundred changed or new people, more by day, in a mix that differs from hour to hour."""
        random = np.random.default_rng(self.seed)
        for hour in range(hours):
            rows = int(random.lognormal(np.log(160 + 200 * np.sin(hour / 24 * 2 * np.pi) ** 2), 0.5)) + 1
            counts = {name: random.multinomial(rows, random.dirichlet(np.array(s) * 60)) for name, (_, s) in _BASE.items()}
            empty = {name: random.binomial(rows, share) for name, share in EMPTY.items()}
            yield _run(rows, counts, empty)


def _run(rows: int, counts: dict[str, np.ndarray], empty: dict[str, int]) -> RunCounts:
    made = RunCounts(rows, filled={name: rows - count for name, count in empty.items()})
    for name, (values, _) in _BASE.items():
        made.values[name] = {value: int(count) for value, count in zip(values, counts[name], strict=True) if count}
    return made


def moved(run: RunCounts, column: str, value: str, share: float) -> RunCounts:
    """The run with this share of its rows moved to a value of a column, from its other values alike."""
    counts = run.values[column]
    changed = {name: round(count * (1 - share)) for name, count in counts.items()}
    changed[value] = changed.get(value, 0) + sum(counts.values()) - sum(changed.values())
    made = RunCounts(run.rows, filled=dict(run.filled))
    made.values.update(run.values | {column: changed})
    return made
