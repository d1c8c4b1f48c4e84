"""The span of planning, and the metrics of a fresh plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from include.core import metrics, telemetry

if TYPE_CHECKING:
    from include.dispatch.plan.freeze import FrozenPlan, PlanRequest

Frozen = TypeVar("Frozen", bound="FrozenPlan | None")


def traced(request: PlanRequest, freeze: Callable[[], Frozen]) -> Frozen:
    """Freeze or find a plan within the span `dispatch.plan`; what became of its audience is added to span and metrics."""
    campaign, occurrence = request.campaign.id, request.occurrence
    with telemetry.span(
        "dispatch.plan", request.plan_id, campaign=campaign, occurrence=occurrence, kind=request.kind
    ) as span:
        frozen = freeze()
        _report(span, frozen)
    return frozen


def _report(span: telemetry.Span, frozen: FrozenPlan | None) -> None:
    if frozen is None:  # Another process was first.
        return
    people = {
        "planned": frozen["planned"], "suppressed": frozen["suppressed"], "capped": frozen["capped"],
        "held_out": frozen["held_out"],
    }  # fmt: skip
    span.set(found=frozen["found"], selected=frozen["selected"], **people)
    if not frozen["found"]:
        for state, number in people.items():
            metrics.PLANNED.record(number, state=state)
