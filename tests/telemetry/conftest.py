"""The receiver of traces and metrics."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.core import telemetry
from tests.telemetry.receiver import OtlpReceiver


@pytest.fixture
def otlp(monkeypatch: pytest.MonkeyPatch) -> Iterator[OtlpReceiver]:
    """A receiver to which this process, and those that it starts, export."""
    started = OtlpReceiver()
    monkeypatch.setenv("TRADEWIND_TELEMETRY", "on")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", started.url)
    telemetry._signals.cache_clear()
    yield started
    if signals := telemetry.active():
        signals._tracers.shutdown()
        signals._meters.shutdown()
    telemetry._signals.cache_clear()
    started.stop()
