"""Copies plans and outcomes from the ledger to the warehouse, for analysis.

The ledger is authoritative; `dispatch.plans` and `dispatch.sends` are copies, replaced per plan when the ledger has changed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, func, select

from include.core import segment_set
from include.dispatch.plan_files import PlanReader, format_selection, parse_selection
from include.ledger import plans
from include.ledger.chunk import Chunk, Plan, read_chunks
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import chunks, outcomes
from include.warehouse.connection import fetch, open_warehouse, run, transaction

_SPANS = pa.schema(
    [
        ("root", pa.int32()),
        ("first", pa.int32()),
        ("stop", pa.int32()),
        ("chunk", pa.int32()),
        ("content", pa.string()),
        ("state", pa.string()),
        ("attempt", pa.int32()),
        ("x_message_id", pa.string()),
        ("posted_at", pa.float64()),
        ("reason", pa.string()),
    ]
)
_CONTENTS = pa.schema([("plan_id", pa.string()), ("chunk", pa.int32()), ("content", pa.string())])
_OUTCOMES = pa.schema([("message_key", pa.string()), ("state", pa.string()), ("reason", pa.string())])


def record_sends(stores: Stores) -> dict[str, int]:
    """Update the warehouse's copy of all live plans; return the number of plans copied."""
    with open_warehouse(stores.paths) as warehouse:
        return {"plans_recorded": record_into(warehouse, stores)}


def record_new(stores: Stores) -> int:
    """Copy the plans that are not in the warehouse, so that their first events match; return their number."""
    with open_warehouse(stores.paths) as warehouse:
        known = set(fetch(warehouse, "dispatch", "recorded_plans")["plan_id"].to_pylist())
        fresh = [plan for plan in plans.all_plans(stores.ledger) if plan.plan_id not in known]
        return sum(record_plan(warehouse, stores, plan) for plan in fresh)


def record_into(warehouse: duckdb.DuckDBPyConnection, stores: Stores) -> int:
    """As `record_sends`, on an open warehouse."""
    _backfill_tracked(warehouse, stores.ledger)
    return sum(record_plan(warehouse, stores, plan) for plan in plans.all_plans(stores.ledger))


def _backfill_tracked(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Fill column `tracked` of sends that an earlier version copied, from the ledger: the plan's files may be deleted."""
    incomplete = fetch(warehouse, "dispatch", "plans_without_tracked")["plan_id"].to_pylist()
    if not incomplete:
        return
    query = select(chunks.c.plan_id, chunks.c.chunk, chunks.c.content).where(chunks.c.plan_id.in_(incomplete))
    with ledger.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    warehouse.register("chunk_contents", pa.Table.from_pylist(rows, schema=_CONTENTS))
    with transaction(warehouse):
        run(warehouse, "dispatch", "sends_update_tracked")
        for plan_id in incomplete:
            run(warehouse, "dispatch", "changes_insert", {"plan_id": plan_id})
    warehouse.unregister("chunk_contents")


def record_plan(warehouse: duckdb.DuckDBPyConnection, stores: Stores, plan: Plan) -> bool:
    """Update the warehouse's copy of one plan; returns whether it had changed."""
    with stores.ledger.read() as connection:
        mark = _mark(connection, plan)
        known = fetch(warehouse, "dispatch", "recorded_ledger_mark", {"plan_id": plan.plan_id}).to_pylist()
        if known and known[0]["ledger_mark"] == mark:
            return False
        spans, persons = _spans(connection, plan.plan_id), _outcomes(connection, plan.plan_id)
    audience = PlanReader(stores.paths.root / plan.folder, plan.manifest_sha256).audience()
    _replace(warehouse, _params(plan, mark, audience), spans, persons)
    return True


def _replace(warehouse: duckdb.DuckDBPyConnection, params: dict[str, Any], spans: pa.Table, persons: pa.Table) -> None:
    warehouse.register("chunk_spans", spans)
    warehouse.register("person_outcomes", persons)
    with transaction(warehouse):
        for step in ("plan_delete", "sends_delete", "plan_insert", "sends_insert", "changes_insert"):
            run(warehouse, "dispatch", step, params)
    warehouse.unregister("chunk_spans")
    warehouse.unregister("person_outcomes")


def _params(plan: Plan, mark: str, audience: Path) -> dict[str, Any]:
    settings = json.loads(plan.settings)
    names = (
        "plan_id",
        "campaign",
        "occurrence",
        "segment_run",
        "state",
        "stop_reason",
        "content_hash",
        "planned_at",
        "selected",
    )
    return {
        **{name: getattr(plan, name) for name in names},
        "segment": segment_set.describe(settings["segment"]),
        "cost_per_thousand": settings["cost_per_thousand"],
        "ledger_mark": mark,
        "audience_file": str(audience),
    }


def _mark(connection: Connection, plan: Plan) -> str:
    """A value that changes with every change of the plan, its chunks or its individual outcomes."""
    steps = connection.execute(
        select(func.count(), func.sum(chunks.c.fence), func.max(chunks.c.settled_at)).where(chunks.c.plan_id == plan.plan_id)
    ).one()
    states = select(chunks.c.state, func.count()).where(chunks.c.plan_id == plan.plan_id).group_by(chunks.c.state)
    by_state = sorted(tuple(row) for row in connection.execute(states))
    individual = connection.scalar(select(func.count()).where(outcomes.c.plan_id == plan.plan_id))
    return json.dumps([plan.state, list(steps), by_state, individual], default=str)


def _spans(connection: Connection, plan_id: str) -> pa.Table:
    """Which rows of which root chunk are in which leaf chunk, with that chunk's state."""
    rows = []
    for chunk in read_chunks(connection, chunks.c.plan_id == plan_id):
        if chunk.state == "split":
            selection = _selection_without_child(connection, chunk)
        else:
            selection = chunk.selection if chunk.selection is not None else f"0:{chunk.root_size}"
        rows += _span_rows(chunk, selection)
    return pa.Table.from_pylist(rows, schema=_SPANS)


def _span_rows(chunk: Chunk, selection: str) -> list[dict[str, object]]:
    """One row per span of a selection, with the state of the chunk."""
    shared = {name: getattr(chunk, name) for name in _SPANS.names if name not in ("first", "stop")}
    spans = [span.split(":") for span in selection.split(",") if span]
    return [{**shared, "first": int(first), "stop": int(stop)} for first, stop in spans]


def _selection_without_child(connection: Connection, parent: Chunk) -> str:
    """The people of a split chunk who are in no child: they have an individual outcome."""
    rows = set(parse_selection(parent.selection, parent.root_size))
    children = select(chunks.c.selection).where(chunks.c.plan_id == parent.plan_id, chunks.c.parent == parent.chunk)
    for selection in connection.scalars(children):
        rows -= set(parse_selection(selection, parent.root_size))
    return format_selection(sorted(rows))


def _outcomes(connection: Connection, plan_id: str) -> pa.Table:
    query = select(outcomes.c.message_key, outcomes.c.state, outcomes.c.reason).where(outcomes.c.plan_id == plan_id)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return pa.Table.from_pylist(rows, schema=_OUTCOMES)
