"""Exports spans and metrics by OTLP over HTTP. Imported only if telemetry is on.

The providers are this project's own and not OpenTelemetry's global ones, which Airflow uses for its own telemetry.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from include.core.telemetry import ATTRIBUTES, Value

SERVICE = "tradewind"
EXPORT_SECONDS = 2.0
"""An export that takes longer is given up, so that a slow collector delays no task by more than a few seconds."""
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_root_of: ContextVar[UUID | None] = ContextVar("root_of", default=None)


class Signals:
    """The exporters of one process. Counts are deltas, since several short processes report the same series."""

    def __init__(self) -> None:
        resource = Resource.create({} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": SERVICE})
        self._tracers = TracerProvider(resource=resource, id_generator=_PlanIds())
        self._tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=EXPORT_SECONDS)))
        self._tracer = self._tracers.get_tracer(SERVICE)
        deltas: dict[type, AggregationTemporality] = dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA)
        exporter = OTLPMetricExporter(timeout=EXPORT_SECONDS, preferred_temporality=deltas)
        self._meters = MeterProvider([PeriodicExportingMetricReader(exporter)], resource)
        self.meter: Meter = self._meters.get_meter(SERVICE)

    @contextmanager
    def span(self, name: str, plan: UUID, is_request: bool, attributes: Mapping[str, Value | None]) -> Iterator[_Span]:
        """An open span of a plan's trace."""
        current = trace.get_current_span().get_span_context()
        is_inner = current.trace_id == plan.int
        parent = contexts.get_current() if is_inner else _below_root(plan)
        links = [Link(current)] if current.is_valid and not is_inner else []  # To the span of Airflow's own traces.
        kind = SpanKind.CLIENT if is_request else SpanKind.INTERNAL
        opened = self._tracer.start_span(name, parent, kind, _named(attributes), links)
        token = contexts.attach(trace.set_span_in_context(opened))
        try:
            yield _Span(opened)
        except BaseException as error:
            opened.set_attributes(_named({"error": type(error).__name__}))  # Its text may hold a value.
            opened.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            contexts.detach(token)
            opened.end()
            if not is_inner:
                self.flush()

    def root(self, name: str, plan: UUID, started_at: float, attributes: Mapping[str, Value | None]) -> None:
        """The span above all others of the plan's trace, whose id they know."""
        token = _root_of.set(plan)
        try:
            start, above = min(int(started_at * 1e9), time.time_ns()), contexts.Context()
            self._tracer.start_span(name, above, attributes=_named(attributes), start_time=start).end()
        finally:
            _root_of.reset(token)
        self.flush()

    def flush(self) -> None:
        milliseconds = int(EXPORT_SECONDS * 1_000)
        self._tracers.force_flush(milliseconds)
        self._meters.force_flush(milliseconds)


class _Span:
    def __init__(self, opened: trace.Span) -> None:
        self._opened = opened

    def set(self, **attributes: Value | None) -> None:
        self._opened.set_attributes(_named(attributes))


class _PlanIds(IdGenerator):
    """Random ids, except for the root of a plan's trace, whose ids are those of the plan."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()

    def generate_trace_id(self) -> int:
        plan = _root_of.get()
        return plan.int if plan else self._random.generate_trace_id()

    def generate_span_id(self) -> int:
        plan = _root_of.get()
        return _root_span_id(plan) if plan else self._random.generate_span_id()


def _root_span_id(plan: UUID) -> int:
    return plan.int & (2**64 - 1)


def _below_root(plan: UUID) -> contexts.Context:
    """The context of a span without an open parent in this process: below the root, which may be recorded later."""
    root = SpanContext(plan.int, _root_span_id(plan), is_remote=True, trace_flags=_SAMPLED)
    return trace.set_span_in_context(trace.NonRecordingSpan(root), contexts.Context())


def _named(attributes: Mapping[str, Value | None]) -> dict[str, Value]:
    assert attributes.keys() <= ATTRIBUTES.keys(), attributes.keys() - ATTRIBUTES.keys()
    return {f"tradewind.{name}": value for name, value in attributes.items() if value is not None}
