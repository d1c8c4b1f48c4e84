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
    """Write the outcome under the fence; return people by state (`pending` people are to be sent again).

    Raises `CampaignStopped` for a response that every further request would get too, `FenceLost` if the lease was lost.
    """
    size = len(request.rows)
    match response.kind:
        case Kind.ACCEPTED:
            return {chunks.accept(ledger, request.claim, 202, response.message_id): size}
        case Kind.DOUBT:
            return {chunks.put_in_doubt(ledger, request.claim, response.status, response.reason): size}
        case Kind.THROTTLED | Kind.NOT_SENT:
            state = chunks.release(ledger, request.claim, response.status, response.reason, wait_seconds=wait_seconds)
            return {state: size}
        case Kind.STOP:
            chunks.release(ledger, request.claim, response.status, response.reason)
            raise stop_campaign(ledger, request.claim.plan_id, response.reason)
        case Kind.TOO_LARGE:
            return _halve(ledger, request, response)
        case Kind.REFUSED:
            return _refused(ledger, request, response)


def split_untracked(ledger: Ledger, request: Request, untracked: Sequence[int], content: str) -> None:
    """Split a claimed chunk before its request: tracking is set per request, so `untracked` rows need their own."""
    excluded = set(untracked)
    rest = [row for row in request.rows if row not in excluded]
    parts = [(format_selection(part), len(part)) for part in (rest, untracked) if part]
    contents = {format_selection(untracked): f"{content.removesuffix(TRACKED)}{UNTRACKED}"}
    chunks.split(ledger, request.claim, None, "some of its people may no longer be tracked", parts, contents=contents)


def stop_campaign(ledger: Ledger, plan_id: str, reason: str) -> CampaignStopped:
    """Stop the plan for all processes that send it; return the error to raise."""
    plans.change_state(ledger, plan_id, "stopped", from_states=("sending",), reason=reason)
    return CampaignStopped(
        f"the campaign was stopped: {reason}.",
        where=f"plan {plan_id}",
        remedy="The other recipients are pending. Fix the cause and run the DAG again (docs/runbook.md).",
    )


def _refused(ledger: Ledger, request: Request, response: ResponseClass) -> dict[str, int]:
    """Record a 400: the request itself is invalid, named recipients are, or one recipient that must be found."""
    if response.whole_request:
        chunks.reject(ledger, request.claim, 400, response.reason)
        raise stop_campaign(ledger, request.claim.plan_id, response.reason)
    rejected = [request.rows[index] for index in sorted(response.rejected_indexes) if index < len(request.rows)]
    if not rejected:
        return _halve(ledger, request, response)
    outcomes = [Outcome(request.key(row), row, "rejected", response.reason) for row in rejected]
    rest = [row for row in request.rows if row not in set(rejected)]
    parts = [(format_selection(rest), len(rest))] if rest else []
    chunks.split(ledger, request.claim, 400, response.reason, parts, outcomes)
    return {"rejected": len(rejected), "pending": len(rest)}


def _halve(ledger: Ledger, request: Request, response: ResponseClass) -> dict[str, int]:
    """Split the chunk into halves; a chunk of one recipient is rejected."""
    rows = request.rows
    if len(rows) == 1:
        chunks.reject(ledger, request.claim, response.status or 400, response.reason)
        return {"rejected": 1}
    middle = len(rows) // 2
    halves = [(format_selection(half), len(half)) for half in (rows[:middle], rows[middle:])]
    chunks.split(ledger, request.claim, response.status or 400, response.reason, halves)
    return {"pending": len(rows)}
