"""Typed rows of the ledger: chunks and plans."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypedDict

from sqlalchemy import ColumnElement, Connection, select

from include.ledger.tables import chunks, plans


@dataclass(frozen=True, slots=True)
class Chunk:
    """Up to 1,000 people who share one request.

    The people are rows of the root chunk, which is `root_size` rows of `file` from `first_row` on. `selection` names the
    rows of this chunk; None means all. `not_after` and `send_at` are Unix seconds.
    """

    plan_id: str
    chunk: int
    root: int
    file: str
    first_row: int
    root_size: int
    recipients: int
    content: str
    provider: str
    state: str
    attempt: int
    selection: str | None
    zone: str | None
    send_at: float | None
    not_after: float | None
    posted_at: float | None
    x_message_id: str | None
    reason: str | None

    @property
    def wire_id(self) -> str:
        """The value of tw_chunk in the chunk's requests and events."""
        return f"{self.plan_id}.{self.chunk}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The frozen plan of one campaign at one occurrence. `settings` is the campaign as planned, in JSON."""

    plan_id: str
    campaign: str
    occurrence: str
    kind: str
    state: str
    stop_reason: str | None
    batch_id: str | None
    batch_status: str | None
    batch_status_at: float | None
    settings: str
    segment_run: str
    content_hash: str
    folder: str
    manifest_sha256: str
    suppressions_seen: int
    selected: int
    planned: int
    suppressed: int
    capped: int
    held_out: int
    planned_at: float
    stopped_by: str | None = None

    @property
    def is_stopped_by_operator(self) -> bool:
        """Whether a person paused or cancelled it; otherwise SendGrid, the circuit breaker or a restore stopped it."""
        return self.state in ("paused", "cancelled") and self.stopped_by is not None


class DuePlan(TypedDict):
    """The occurrence of a campaign that another run of its DAG has to send."""

    campaign: str
    occurrence: str


_CHUNK = select(*(chunks.c[field.name] for field in fields(Chunk)))
_PLAN = select(*(plans.c[field.name] for field in fields(Plan)))


def read_chunks(connection: Connection, *where: ColumnElement[bool]) -> list[Chunk]:
    """The chunks that match all conditions, ordered by number."""
    return [Chunk(*row) for row in connection.execute(_CHUNK.where(*where).order_by(chunks.c.plan_id, chunks.c.chunk))]


def read_plans(connection: Connection, *where: ColumnElement[bool]) -> list[Plan]:
    """The plans that match all conditions, oldest first."""
    return [Plan(*row) for row in connection.execute(_PLAN.where(*where).order_by(plans.c.planned_at))]
