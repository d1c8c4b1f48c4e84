"""The nightly check of the consent log's hash chain, and its history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypedDict

import duckdb

from include.core import clock
from include.ledger import consent_journal
from include.ledger.consent_chain import ChainCheck, Head
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse, run

WHERE = "an earlier check in marts.consent_checks"


class CheckSummary(TypedDict):
    """The result of a check that found no fault."""

    rows: int
    last_seq: int


def check_consent(stores: Stores) -> CheckSummary:
    """Recompute the chain, compare it with the journal and with every head of an earlier check, and record the result.

    Then the journal gets the rows that it lacks. Raises `ConsentChainBroken` with the first row that was changed, removed,
    inserted or moved, and the remedy. The head is published with the marts: who can change ledger, journal and warehouse
    cannot change the copies that analysts have.
    """
    with open_warehouse(stores.paths) as warehouse:
        checked = consent_journal.check(stores.paths, stores.ledger, _earlier_heads(warehouse, stores))
        _record(warehouse, checked)
    checked.require_intact()
    consent_journal.catch_up(stores.paths, stores.ledger)
    return {"rows": checked.rows, "last_seq": checked.head.seq}


def _earlier_heads(warehouse: duckdb.DuckDBPyConnection, stores: Stores) -> list[Head]:
    since = datetime.fromtimestamp(consent_journal.accepted_at(stores.ledger), UTC)
    rows = fetch(warehouse, "analyze", "consent_heads", {"since": since}).to_pylist()
    return [Head(row["last_seq"], row["head_hash"], WHERE) for row in rows]


def _record(warehouse: duckdb.DuckDBPyConnection, checked: ChainCheck) -> None:
    params = {
        "at": clock.now(),
        "row_count": checked.rows,
        "last_seq": checked.head.seq,
        "head_hash": checked.head.row_hash,
        "fault": str(checked.fault) if checked.fault else None,
    }
    run(warehouse, "analyze", "consent_checks_insert", params)
