"""A plan for tests of the ledger: only rows, without files."""

from __future__ import annotations

from sqlalchemy import RowMapping, select

from include.core import clock
from include.ledger import chunks, counts, plans
from include.ledger.chunk import Chunk, read_chunks
from include.ledger.chunks import Claim
from include.ledger.database import Ledger
from include.ledger.tables import chunks as chunks_table

PLAN = "plan"


def freeze(ledger: Ledger, sizes: tuple[int, ...] = (10,), plan_id: str = PLAN, provider: str = "gmail") -> None:
    """Freeze a plan in state `sending` with chunks of these sizes."""
    people = sum(sizes)
    row = {
        **dict.fromkeys(("settings", "segment_run", "content_hash", "folder", "manifest_sha256"), "-"),
        **dict.fromkeys(("suppressions_seen", "suppressed", "capped", "held_out"), 0),
        **{"plan_id": plan_id, "campaign": plan_id, "occurrence": "once", "kind": "live", "state": "sending"},
        **{"selected": people, "planned": people, "planned_at": clock.now().timestamp()},
    }
    shared = {
        "plan_id": plan_id,
        "file": "f",
        "first_row": 0,
        "content": "only.en.tracked",
        "zone": "",
        "provider": provider,
    }
    rows = [
        {**shared, "chunk": chunk, "root": chunk, "root_size": size, "recipients": size, "state": "pending"}
        for chunk, size in enumerate(sizes)
    ]
    assert plans.freeze_plan(ledger, row, rows)


def row(ledger: Ledger, chunk: int = 0, plan_id: str = PLAN) -> RowMapping:
    with ledger.read() as connection:
        this = (chunks_table.c.plan_id == plan_id, chunks_table.c.chunk == chunk)
        return connection.execute(select(chunks_table).where(*this)).mappings().one()


def chunk_of(ledger: Ledger, chunk: int = 0, plan_id: str = PLAN) -> Chunk:
    with ledger.read() as connection:
        (found,) = read_chunks(connection, chunks_table.c.plan_id == plan_id, chunks_table.c.chunk == chunk)
    return found


def claim(ledger: Ledger, chunk: int = 0, plan_id: str = PLAN) -> Claim:
    """Claim a chunk in which nobody is suppressed."""
    taken = chunks.claim(ledger, chunk_of(ledger, chunk, plan_id), lambda _connection: [])
    assert taken is not None
    return taken


def tally(ledger: Ledger, plan_id: str = PLAN) -> counts.Tally:
    with ledger.read() as connection:
        return counts.require_conservation(connection, plan_id)
