"""Applies a response class to the chunk in the ledger: one branch per row of the table in `docs/dispatch.md`."""

from __future__ import annotations

from collections.abc import Sequence

from include.core.errors import CampaignStopped
from include.dispatch.plan_files import format_selection
from include.dispatch.send.request import TRACKED, UNTRACKED, Request
from include.ledger import chunks, plans
from include.ledger.chunks import Outcome
from include.ledger.database import Ledger
from include.sendgrid.response_class import Kind, ResponseClass


def record(ledger: Ledger, request: Request, response: ResponseClass, wait_seconds: float) -> dict[str, int]:
    """Write the outcome under the fence; returns people by what became of them (`pending` ones are to be sent again).

    Raises `CampaignStopped` after a response that the next request would get too, `FenceLost` where the lease was lost.
    """
    size = len(request.places)
    match response.kind:
        case Kind.ACCEPTED:
            return {chunks.accept(ledger, request.claim, 202, response.message_id): size}
        case Kind.DOUBT:
            return {chunks.put_in_doubt(ledger, request.claim, response.status, response.reason): size}
        case Kind.THROTTLED | Kind.NOT_SENT:
            became = chunks.release(ledger, request.claim, response.status, response.reason, wait_seconds=wait_seconds)
            return {became: size}
        case Kind.STOP:
            chunks.release(ledger, request.claim, response.status, response.reason)
            raise stop_campaign(ledger, request.claim.plan_id, response.reason)
        case Kind.TOO_LARGE:
            return _halve(ledger, request, response)
        case Kind.REFUSED:
            return _refused(ledger, request, response)


def split_untracked(ledger: Ledger, request: Request, untracked: Sequence[int], content: str) -> None:
    """No request was made: tracking is a matter of a request, so who may no longer be tracked goes in one of their own."""
    apart = set(untracked)
    rest = [place for place in request.places if place not in apart]
    parts = [(format_selection(part), len(part)) for part in (rest, untracked) if part]
    contents = {format_selection(untracked): f"{content.removesuffix(TRACKED)}{UNTRACKED}"}
    chunks.split(ledger, request.claim, None, "some of its people may no longer be tracked", parts, contents=contents)


def stop_campaign(ledger: Ledger, plan_id: str, reason: str) -> CampaignStopped:
    """Stop the plan for every process that sends it, and say so."""
    plans.change_state(ledger, plan_id, "stopped", from_states=("sending",), reason=reason)
    return CampaignStopped(
        f"the campaign was stopped: {reason}.",
        where=f"plan {plan_id}",
        remedy="The remaining recipients are pending. Fix the cause and run the DAG again (docs/runbook.md).",
    )


def _refused(ledger: Ledger, request: Request, response: ResponseClass) -> dict[str, int]:
    """400: the request's own fault, the fault of recipients that were named, or of one that must be found."""
    if response.whole_request:
        chunks.reject(ledger, request.claim, 400, response.reason)
        raise stop_campaign(ledger, request.claim.plan_id, response.reason)
    named = [request.places[index] for index in sorted(response.rejected_indexes) if index < len(request.places)]
    if not named:
        return _halve(ledger, request, response)
    rejected_indexes = [Outcome(request.key(place), place, "rejected", response.reason) for place in named]
    rest = [place for place in request.places if place not in set(named)]
    parts = [(format_selection(rest), len(rest))] if rest else []
    chunks.split(ledger, request.claim, 400, response.reason, parts, rejected_indexes)
    return {"rejected": len(named), "pending": len(rest)}


def _halve(ledger: Ledger, request: Request, response: ResponseClass) -> dict[str, int]:
    """Two halves as new chunks; one recipient alone is the culprit."""
    places = request.places
    if len(places) == 1:
        chunks.reject(ledger, request.claim, response.status or 400, response.reason)
        return {"rejected": 1}
    middle = len(places) // 2
    halves = [(format_selection(half), len(half)) for half in (places[:middle], places[middle:])]
    chunks.split(ledger, request.claim, response.status or 400, response.reason, halves)
    return {"pending": len(places)}
