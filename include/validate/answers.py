"""What a batch says about consent, taken at once: before the merge, and also from a batch that is stopped.

What cannot be read as a yes is a no, for mail and for tracking. See docs/adr/0079 for the one definition.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from include.validate.landed import Landed
from include.warehouse.connection import run


def take(connection: duckdb.DuckDBPyConnection, batch: Landed, now: datetime, *, believed: bool) -> int:
    """Record who refuses, who may no longer be tracked, and whom an unreadable row holds back; returns how many are held.

    Of a batch that is not `believed` (it was stopped) only what can be no accident of the export counts: refusals in words
    of the contract, and rows whose yes cannot be read. In the transaction of validation; reads the temporary table faults
    and the run's quarantine. May be run again: what is known is not recorded twice.
    """
    params = batch.params | {"at": now, "believed": believed}
    run(connection, "validate", "subscribers_refusing", params)
    for step in ("refusals", "refused", "untracked", "unreadable"):
        run(connection, "validate", f"subscribers_{step}", params)
    run(connection, "validate", "held_back_forget", params)
    run(connection, "validate", "held_back_insert", params)
    row = connection.execute("select count(distinct subscriber_id) from unreadable").fetchone()
    for name in ("refusing", "unreadable"):
        connection.execute(f"drop table {name}")
    return int(row[0]) if row else 0
