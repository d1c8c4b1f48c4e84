"""Traces of sends, and the switch of all telemetry: OpenTelemetry, if `TRADEWIND_TELEMETRY` is on; else nothing is imported.

All spans of a plan are in one trace, whichever task, retry or machine they are from: the trace id is the plan's id, a UUID,
without hyphens. Where to export to is set by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, …). Telemetry
never raises and never waits long: what cannot be exported is dropped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from include.core.settings import settings

if TYPE_CHECKING:
    from include.core.otlp import Signals

ATTRIBUTES = {
    "plan_id": "the plan's id; without hyphens, the trace id",
    "campaign": "the campaign, or the journey and its step",
    "occurrence": "the occurrence, such as 2026-W48",
    "kind": "live or test",
    "found": "whether an earlier run froze the plan",
    "first": "the first chunk of a range",
    "last": "the last chunk of a range",
    "chunk": "the number of the chunk",
    "attempt": "the number of the request for the chunk",
    "recipients": "people in the request",
    "response": "the class of SendGrid's response",
    "status": "its HTTP status",
    "requests": "requests that were made",
    "selected": "people in the audience",
    "planned": "people in chunks",
    "accepted": "people whose message SendGrid accepted",
    "rejected": "people whose message SendGrid refused for good",
    "suppressed": "people who may not be mailed",
    "capped": "people within the frequency cap",
    "held_out": "people in the hold-out",
    "in_doubt": "people whose message may or may not have been accepted",
    "pending": "people not sent to yet",
    "skipped": "people skipped by policy",
    "error": "the class of the exception that ended the span",
}
"""Every attribute of a span, exported as `tradewind.<name>`. None holds an address, a name or a message key."""

Value = str | bool | int


class Span(Protocol):
    """An open span."""

    def set(self, **attributes: Value | None) -> None: ...


class _NoSpan:
    def set(self, **attributes: Value | None) -> None:
        """Do nothing: telemetry is off."""


_OFF = _NoSpan()


@contextmanager
def span(name: str, plan_id: str, *, is_request: bool = False, **attributes: Value | None) -> Iterator[Span]:
    """A span in the plan's trace, inside of the open span of the same trace; an exception marks it as failed.

    `is_request`: it is a request to another service. When the outermost span of a process ends, everything is exported,
    since Airflow ends task processes without cleaning up.
    """
    if (signals := active()) is None:
        yield _OFF
        return
    with signals.span(name, UUID(plan_id), is_request, {"plan_id": plan_id, **attributes}) as opened:
        yield opened


def root(name: str, plan_id: str, started_at: float, **attributes: Value | None) -> None:
    """Record the root of a plan's trace, from a time (seconds since the epoch) until now. Call it once for each plan."""
    if (signals := active()) is not None:
        signals.root(name, UUID(plan_id), started_at, {"plan_id": plan_id, **attributes})


def flush() -> None:
    """Export what is recorded, outside of spans: before a task or a callback ends."""
    if (signals := active()) is not None:
        signals.flush()


def active() -> Signals | None:
    """The exporters of this process; None if telemetry was off when it was first asked, which costs a look-up."""
    return _signals(os.getpid())


@lru_cache(maxsize=1)
def _signals(_process: int) -> Signals | None:
    """One for each process: threads that export do not survive a fork."""
    if not settings().telemetry:
        return None
    from include.core.otlp import Signals

    return Signals()
