"""The metrics of Tradewind, all of them: name, unit, meaning, and labels with few values. None has a person or a campaign.

They cost nothing while telemetry is off (telemetry.py). The dashboard in docs/observability/ reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from include.core import telemetry

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, _Gauge

    from include.core.otlp import Signals


@dataclass(frozen=True)
class Metric:
    """One metric. A `counter` adds up, a `histogram` has the distribution of values, a `gauge` the last value."""

    name: str
    kind: Literal["counter", "histogram", "gauge"]
    unit: str
    meaning: str
    labels: tuple[str, ...] = ()

    def record(self, value: float, **labels: str) -> None:
        """Add to the counter, or note a value."""
        if (signals := telemetry.active()) is None:
            return
        assert set(labels) == set(self.labels), labels
        instrument = _instrument(signals, self)
        if self.kind == "counter":
            instrument.add(value, labels)  # type: ignore[union-attr]
        elif self.kind == "histogram":
            instrument.record(value, labels)  # type: ignore[union-attr]
        else:
            instrument.set(value, labels)  # type: ignore[union-attr]


@lru_cache(maxsize=64)
def _instrument(signals: Signals, metric: Metric) -> Counter | Histogram | _Gauge:
    create = getattr(signals.meter, f"create_{metric.kind}")
    made: Counter | Histogram | _Gauge = create(metric.name, metric.unit, metric.meaning)
    return made


PLANNED = Metric(
    "tradewind.plan.people", "counter", "{person}", "People of frozen plans, by what became of them.", ("state",)
)
MESSAGES = Metric(
    "tradewind.send.messages", "counter", "{message}", "Messages whose outcome the sender recorded.", ("state",)
)
REQUESTS = Metric(
    "tradewind.send.requests", "counter", "{request}", "Requests to mail/send, by class of response.", ("response",)
)
REQUEST_SECONDS = Metric(
    "tradewind.send.request.duration", "histogram", "s", "Time from a request to mail/send to its response.", ("response",)
)
EVENTS = Metric("tradewind.collect.events", "counter", "{event}", "Events that were read from the spool.", ("status",))
ALERTS = Metric(
    "tradewind.alerts", "counter", "{alert}", "Alerts that were raised, repetitions included.", ("kind", "severity")
)
GOOD = Metric("tradewind.slo.good.ratio", "gauge", "1", "Share that was good on the last day with anything.", ("objective",))
BUDGET = Metric("tradewind.slo.budget.left.ratio", "gauge", "1", "Share of the error budget that is left.", ("objective",))
