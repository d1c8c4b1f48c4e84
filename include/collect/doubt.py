"""Resolves doubt from events: one with the message key, chunk and attempt proves that SendGrid accepted the message."""

from __future__ import annotations

import logging
from typing import Any

import pyarrow as pa

from include.ledger.doubt import Proof, in_doubt_chunks, prove
from include.ledger.gap import LOST_IN_GAP
from include.ledger.replay import LOST_BY_RESTORE
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

_SCHEMA = pa.schema([("plan_id", pa.string()), ("chunk", pa.int32()), ("attempt", pa.int32()), ("chunk_key", pa.string())])


def resolve_doubt(stores: Stores) -> dict[str, int]:
    """Record evidence for messages in doubt. Returns counts: chunks and messages in doubt, evidence found, and proved (new).

    Reads all events of the chunks in doubt, not only new ones, because an event may arrive before its chunk is in doubt.
    Missing events prove nothing; the campaign's `on_doubt` determines how long to wait.
    """
    doubtful = in_doubt_chunks(stores.ledger)
    if not doubtful:
        return {"chunks": 0, "messages": 0, "evidence": 0, "proved": 0}
    rows = [
        {"plan_id": chunk.plan_id, "chunk": chunk.chunk, "attempt": chunk.attempt, "chunk_key": chunk.wire_id}
        for chunk in doubtful
    ]
    with open_warehouse(stores.paths) as warehouse:
        warehouse.register("in_doubt", pa.Table.from_pylist(rows, schema=_SCHEMA))
        found = fetch(warehouse, "collect", "evidence").to_pylist()
        found += fetch(
            warehouse, "collect", "evidence_after_restore", {"reasons": [LOST_BY_RESTORE, LOST_IN_GAP]}
        ).to_pylist()
    proofs = [_proof(row) for row in found]
    proved = prove(stores.ledger, proofs)
    messages = sum(chunk.recipients for chunk in doubtful)
    log.info("%d chunks in doubt, evidence for %d messages, %d of them new", len(rows), len(proofs), proved)
    return {"chunks": len(rows), "messages": messages, "evidence": len(proofs), "proved": proved}


def _proof(row: dict[str, Any]) -> Proof:
    """A row of evidence.sql as a proof."""
    evidence = f"{row['event']} event"
    return Proof(row["plan_id"], row["chunk"], row["attempt"], row["message_key"], evidence, row["happened_at"])
