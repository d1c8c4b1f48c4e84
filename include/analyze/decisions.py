"""People's decisions about campaigns and journeys for the marts, from the ledger."""

from __future__ import annotations

import re

import duckdb
import pyarrow as pa
from sqlalchemy import select

from include.core.journey_mail import journey_of
from include.ledger.database import Ledger
from include.ledger.decisions import OF_JOURNEY
from include.ledger.tables import decisions, plans
from include.warehouse.connection import run

_SCHEMA = pa.schema(
    [("decided_at", pa.float64()), *((name, pa.string()) for name in ("decided_by", "action", "journey")),
     *((name, pa.string()) for name in ("campaign", "occurrence", "note"))]
)  # fmt: skip
_ADDRESS = re.compile(r"[^\s@<>\"]+(@|%40)[^\s@<>\"]+")


def build_decisions(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Build marts.decisions: those about plans, about whole journeys, and about plans that were not made."""
    connection.register("ledger_decisions", pa.Table.from_pylist(_rows(ledger), schema=_SCHEMA))
    run(connection, "analyze", "decisions")
    connection.unregister("ledger_decisions")


def _rows(ledger: Ledger) -> list[dict[str, object]]:
    this = decisions.c
    query = select(
        this.plan_id, this.decided_at, this.decided_by, this.action, this.note, plans.c.campaign, plans.c.occurrence,
        plans.c.kind,
    ).outerjoin_from(decisions, plans, plans.c.plan_id == this.plan_id)  # fmt: skip
    with ledger.read() as connection:
        found = connection.execute(query.order_by(this.seq)).all()
    return [
        {
            "decided_at": row.decided_at, "decided_by": user(row.decided_by), "action": row.action,
            "journey": journey_of(row.campaign) if row.campaign else _journey(row.plan_id),
            "campaign": row.campaign, "occurrence": row.occurrence, "note": without_addresses(row.note),
        }
        for row in found
        if row.kind != "test"
    ]  # fmt: skip


def _journey(plan_id: str) -> str | None:
    return plan_id.removeprefix(OF_JOURNEY) if plan_id.startswith(OF_JOURNEY) else None


def user(name: str) -> str:
    """The user's name without the domain of an address: the published file contains no addresses."""
    return name.partition("@")[0]


def without_addresses(text: str) -> str:
    """The text with an ellipsis for each thing that looks like an address."""
    return _ADDRESS.sub("…", text)
