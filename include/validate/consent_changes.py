"""Consent changes in a batch, which take effect during validation: before the merge, and also where the batch is stopped.

A value that cannot be read as a yes is a no, for mail and for tracking. ADR 79 has the full definition.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from include.validate.landed_batch import LandedBatch
from include.warehouse.connection import run


def apply_consent_changes(
    connection: duckdb.DuckDBPyConnection, batch: LandedBatch, now: datetime, *, is_accepted: bool
) -> int:
    """Record refusals, end tracking, and suppress subscribers with an unreadable row; returns how many have one.

    In a batch that was stopped (not `is_accepted`), only what cannot be an accident of the export counts: the contract's
    words of refusal, and rows whose consent cannot be read. Runs in the transaction of validation; reads the temporary table
    `faults` and the run's quarantine. Idempotent.
    """
    params = batch.params | {"at": now, "is_accepted": is_accepted}
    for name in ("refusals_incoming", "refusals_insert", "subscribers_update_refused", "subscribers_update_untracked"):
        run(connection, "validate", name, params)
    for name in ("held_back_incoming", "held_back_delete", "held_back_insert"):
        run(connection, "validate", name, params)
    row = connection.execute("select count(distinct subscriber_id) from held_back_incoming").fetchone()
    for name in ("refusals_incoming", "held_back_incoming"):
        connection.execute(f"drop table {name}")
    return int(row[0]) if row else 0
