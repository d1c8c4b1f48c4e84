"""Applies a campaign's `on_doubt` policy to messages that may or may not have been sent.

`skip` (default): nothing; they stay in doubt. `resend_after_24h`: a message is sent again after 24 hours in which the
webhook was healthy and had no event of it. `ask`: an operator decides, in Airflow's required actions. Messages that were
proved in the meantime are not affected. After a restore of the whole installation, missing events are no evidence: the lost
one may have received them. Then an operator decides in place of `resend_after_24h`.
"""

from __future__ import annotations

import logging

import duckdb

from include.core import clock
from include.core.campaign import Campaign
from include.core.errors import TradewindError
from include.dispatch.plan_files import PlanReader, format_selection, parse_selection
from include.ledger import doubt, plans
from include.ledger.chunk import Chunk, DuePlan, Plan
from include.ledger.database import Ledger
from include.ledger.gap import LOST_IN_GAP
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

HEALTHY_HOURS = 24


class ReopenedPlan(DuePlan):
    """A plan with reopened messages, which another run of its campaign must send."""

    plan_id: str


def awaiting_decision(ledger: Ledger, plan_id: str) -> int:
    """The number of people in doubt who need an operator's decision; 0 for another policy or a cancelled plan."""
    plan = _plan(ledger, plan_id)
    chunks = [chunk for chunk in doubt.in_doubt_chunks(ledger) if chunk.plan_id == plan_id]
    policy = Campaign.model_validate_json(plan.settings).on_doubt
    asks = policy == "ask" or (policy == "resend_after_24h" and any(_is_of_gap(chunk) for chunk in chunks))
    return sum(_unproved(ledger, chunk) for chunk in chunks) if asks and plan.state != "cancelled" else 0


def reopen(stores: Stores, plan_id: str, *, decision: str) -> dict[str, int]:
    """Make all people of the plan in doubt pending again, as new attempts; return their number.

    `decision` says who decided, and is stored on the chunks. People whose message is proved keep their outcome.
    """
    plan = _plan(stores.ledger, plan_id)
    reader = PlanReader(stores.paths.root / plan.folder, plan.manifest_sha256)
    people = 0
    for chunk in doubt.in_doubt_chunks(stores.ledger):
        if chunk.plan_id == plan_id:
            people += _reopen_chunk(stores.ledger, reader, plan_id, chunk.chunk, decision)
    plans.change_state(stores.ledger, plan_id, "sending", from_states=("done", "stopped"))
    log.warning("%s %s: resending to %d people in doubt (%s)", plan.campaign, plan.occurrence, people, decision)
    return {"reopened": people}


def reopen_due(stores: Stores) -> list[ReopenedPlan]:
    """Reopen chunks in doubt that `resend_after_24h` makes due; return their plans."""
    waiting: dict[str, float] = {}
    chunks = doubt.in_doubt_chunks(stores.ledger)
    of_gap = {chunk.plan_id for chunk in chunks if _is_of_gap(chunk)}
    for chunk in chunks:
        if chunk.plan_id in of_gap:
            continue
        posted = chunk.posted_at or 0.0
        waiting[chunk.plan_id] = max(posted, waiting.get(chunk.plan_id, 0.0))
    due: list[ReopenedPlan] = []
    with open_warehouse(stores.paths) as warehouse:
        for plan_id, posted in waiting.items():
            plan = _plan(stores.ledger, plan_id)
            policy = Campaign.model_validate_json(plan.settings).on_doubt
            if plan.state == "cancelled":
                continue
            if plan.kind == plans.LIVE and policy == "resend_after_24h" and _absence_counts(warehouse, posted):
                due.append({"plan_id": plan_id, "campaign": plan.campaign, "occurrence": plan.occurrence})
    for entry in due:
        reopen(stores, entry["plan_id"], decision="no event within 24 healthy hours")
    return due


def _is_of_gap(chunk: Chunk) -> bool:
    return chunk.reason == LOST_IN_GAP


def _absence_counts(warehouse: duckdb.DuckDBPyConnection, posted: float) -> bool:
    """Whether missing events are evidence: the webhook was healthy for `HEALTHY_HOURS` since the request."""
    if clock.now().timestamp() - posted < HEALTHY_HOURS * 3600:
        return False
    return bool(fetch(warehouse, "dispatch", "healthy_hours", {"since": posted})["hours"][0].as_py() >= HEALTHY_HOURS)


def _reopen_chunk(ledger: Ledger, reader: PlanReader, plan_id: str, chunk: int, decision: str) -> int:
    """Split a chunk in doubt: people with an individual outcome keep it, the others become a pending chunk."""
    found, resolved = doubt.chunk_in_doubt(ledger, plan_id, chunk)
    if found is None:
        return 0
    keys = reader.people(found.file, found.first_row, found.root_size)["message_key"].to_pylist()
    rest = [row for row in parse_selection(found.selection, found.root_size) if keys[row] not in resolved]
    parts = [(format_selection(rest), len(rest))] if rest else []
    return len(rest) if doubt.reopen_chunk(ledger, plan_id, chunk, parts, decision) else 0


def _unproved(ledger: Ledger, chunk: Chunk) -> int:
    _, resolved = doubt.chunk_in_doubt(ledger, chunk.plan_id, chunk.chunk)
    return chunk.recipients - len(resolved)


def _plan(ledger: Ledger, plan_id: str) -> Plan:
    plan = plans.find_plan(ledger, plan_id)
    if plan is None:
        raise TradewindError("was never frozen.", where=f"plan {plan_id}", remedy="Check the campaign and occurrence.")
    return plan
