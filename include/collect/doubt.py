"""Evidence for chunks in doubt: an event that carries key, chunk and attempt proves that SendGrid took the message."""

from __future__ import annotations

import logging

import pyarrow as pa

from include.ledger.doubt import Proof, in_doubt_chunks, prove
from include.ledger.replay import LOST_BY_RESTORE
from include.ledger.stores import Stores
from include.warehouse.connection import fetch, open_warehouse

log = logging.getLogger(__name__)

_SCHEMA = pa.schema([("plan_id", pa.string()), ("chunk", pa.int32()), ("attempt", pa.int32()), ("chunk_key", pa.string())])


def resolve_doubt(stores: Stores) -> dict[str, int]:
    """Prove what events prove. Returns counts: chunks in doubt, messages in doubt, evidence found, proved (new).

    Looks at all events of the chunks that are in doubt now, not only at new ones: an event may have come first. Absence
    proves nothing here; how long to wait is the campaign's policy.
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
        found += fetch(warehouse, "collect", "evidence_after_restore", {"reason": LOST_BY_RESTORE}).to_pylist()
    proofs = [_proof(row) for row in found]
    proved = prove(stores.ledger, proofs)
    messages = sum(chunk.recipients for chunk in doubtful)
    log.info("%d chunks in doubt, evidence for %d messages, %d of them new", len(rows), len(proofs), proved)
    return {"chunks": len(rows), "messages": messages, "evidence": len(proofs), "proved": proved}


def _proof(row: dict[str, object]) -> Proof:
    event = row.pop("event")
    return Proof(evidence=f"{event} event", **row)  # type: ignore[arg-type]
