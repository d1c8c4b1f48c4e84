"""Transitions of pending chunks without a request; other chunks do not change."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from include.core import clock
from include.ledger import chunks, pending
from include.ledger.database import Ledger
from include.ledger.tables import chunks as chunks_table
from tests.ledger.plan import PLAN, chunk_of, claim, freeze, row, tally


@pytest.fixture
def plan(ledger: Ledger) -> Ledger:
    """Four chunks (one accepted, one sending, two pending), and a second plan that must not change."""
    freeze(ledger, (10, 20, 30, 40))
    freeze(ledger, (5, 5, 5), plan_id="another")
    chunks.accept(ledger, claim(ledger, 0), 202, "m")
    claim(ledger, 1)
    return ledger


def untouched(ledger: Ledger) -> bool:
    return all(
        (found["state"], found["reason"]) == ("pending", None)
        for found in (row(ledger, chunk, "another") for chunk in range(3))
    )


def now() -> float:
    return clock.now().timestamp()


def test_pending_chunks_are_selected_by_their_root(plan: Ledger) -> None:
    assert [found.chunk for found in pending.pending_chunks(plan, PLAN, 0, 3)] == [2, 3]
    assert [found.chunk for found in pending.pending_chunks(plan, PLAN, 3, 3)] == [3]
    chunks.split(plan, claim(plan, 2), 413, "large", [("0-9", 10), ("10-29", 20)])
    assert [found.chunk for found in pending.pending_chunks(plan, PLAN, 0, 2)] == [4, 5]
    assert [(found.plan_id, found.chunk) for found in pending.pending_chunks(plan, "another", 1, 2)] == [
        ("another", 1),
        ("another", 2),
    ]


def test_pending_descendants_are_the_chunk_or_its_parts(plan: Ledger) -> None:
    assert [found.chunk for found in pending.pending_descendants(plan, PLAN, 2)] == [2]
    assert pending.pending_descendants(plan, PLAN, 0) == []
    chunks.split(plan, claim(plan, 2), 413, "large", [("0-9", 10), ("10-29", 20)])
    assert [found.chunk for found in pending.pending_descendants(plan, PLAN, 2)] == [4, 5]


def test_pending_chunk_is_divided(plan: Ledger) -> None:
    assert pending.divide(plan, chunk_of(plan, 2), lambda _: [("0-9", 10), ("10-29", 20)], "held: day")
    parent, first, second = (row(plan, chunk) for chunk in (2, 4, 5))
    assert (parent["state"], parent["reason"]) == ("split", "held: day")
    assert parent["settled_at"] == pytest.approx(now(), abs=30)
    assert [
        (part["selection"], part["recipients"], part["root"], part["parent"], part["state"]) for part in (first, second)
    ] == [
        ("0-9", 10, 2, 2, "pending"),
        ("10-29", 20, 2, 2, "pending"),
    ]
    same = ("file", "first_row", "root_size", "content", "attempt", "send_at", "not_after", "zone", "provider")
    assert all(part[name] == parent[name] for part in (first, second) for name in same)
    assert [(part["fence"], part["not_before"]) for part in (first, second)] == [(0, 0.0)] * 2
    assert not pending.divide(plan, chunk_of(plan, 2), lambda _: [("0-29", 30)], "held: day")
    assert not pending.divide(plan, chunk_of(plan, 1), lambda _: [("0-19", 20)], "held: day")
    assert (tally(plan).pending, tally(plan).in_doubt, tally(plan).selected) == (70, 20, 100)
    assert untouched(plan)


def test_pending_chunk_moves_to_its_next_window(plan: Ledger) -> None:
    pending.move_window(plan, chunk_of(plan, 2), 2e9, 3e9)
    moved = row(plan, 2)
    assert (moved["send_at"], moved["not_after"], moved["reason"]) == (2e9, 3e9, "moved to the next send window")
    assert moved["state"] == "pending"
    pending.move_window(plan, chunk_of(plan, 1), 2e9, 3e9)
    assert (row(plan, 1)["not_after"], row(plan, 3)["not_after"]) == (None, None)
    assert untouched(plan)


def test_pending_chunk_is_skipped_and_counted(plan: Ledger) -> None:
    pending.skip(plan, chunk_of(plan, 2), "its window has closed")
    skipped = row(plan, 2)
    assert (skipped["state"], skipped["reason"]) == ("skipped", "its window has closed")
    assert skipped["settled_at"] == pytest.approx(now(), abs=30)
    pending.skip(plan, chunk_of(plan, 1), "its window has closed")
    assert (tally(plan).skipped, tally(plan).in_doubt, tally(plan).pending) == (30, 20, 40)
    assert untouched(plan)


def test_hold_reason_is_recorded_on_pending_chunks(plan: Ledger) -> None:
    pending.record_hold_reason(plan, PLAN, "held: day")
    assert [row(plan, chunk)["reason"] for chunk in range(4)] == [None, None, "held: day", "held: day"]
    assert untouched(plan)


def test_skip_pending_changes_only_pending_chunks(plan: Ledger) -> None:
    with plan.write() as connection:
        assert pending.skip_pending(connection, PLAN, "cancelled") == 2
    assert (tally(plan).skipped, tally(plan).accepted, tally(plan).in_doubt) == (70, 10, 20)
    assert (row(plan, 2)["reason"], row(plan, 1)["reason"]) == ("cancelled", None)
    assert row(plan, 3)["settled_at"] == pytest.approx(now(), abs=30)
    assert untouched(plan)


@pytest.mark.parametrize("until", [None, 3000.0])
def test_skip_scheduled_changes_only_accepted_and_doubtful_chunks(plan: Ledger, until: float | None) -> None:
    with plan.write() as connection:
        connection.execute(update(chunks_table).values(send_at=3000.0, batch_id="b"))
    chunks.accept(plan, claim(plan, 0, "another"), 202, "m")
    chunks.put_in_doubt(plan, claim(plan, 2), 500, "no answer")
    with plan.write() as connection:
        connection.execute(update(chunks_table).values(send_at=3000.0, batch_id="b"))
        assert pending.skip_scheduled(connection, PLAN, "dropped", later_than=2000.0, until=until) == 2
    assert [row(plan, chunk)["state"] for chunk in range(4)] == ["skipped", "sending", "skipped", "pending"]
    assert row(plan, 0, "another")["state"] == "accepted"
    with plan.write() as connection:
        assert pending.skip_scheduled(connection, PLAN, "dropped", later_than=2000.0) == 0


@pytest.mark.parametrize(
    ("batch", "send_at", "until", "state"),
    [
        ("b", 2001.0, None, "skipped"),
        ("b", 2000.0, None, "accepted"),
        (None, 2001.0, None, "accepted"),
        ("b", None, None, "accepted"),
        ("b", 2001.0, 2001.0, "skipped"),
        ("b", 2002.0, 2001.0, "accepted"),
    ],
)
def test_skip_scheduled_requires_a_batch_and_a_due_time_in_the_span(
    plan: Ledger, batch: str | None, send_at: float | None, until: float | None, state: str
) -> None:
    chunks.accept(plan, claim(plan, 3), 202, "m")
    with plan.write() as connection:
        values = {"send_at": send_at, "batch_id": batch}
        connection.execute(update(chunks_table).where(chunks_table.c.chunk == 3).values(**values))
        pending.skip_scheduled(connection, PLAN, "dropped", later_than=2000.0, until=until)
    assert row(plan, 3)["state"] == state
    if state == "skipped":
        assert row(plan, 3)["reason"] == "dropped"
        assert row(plan, 3)["settled_at"] == pytest.approx(now(), abs=30)
    assert row(plan, 2)["reason"] is None
    assert untouched(plan)


def test_batches_of_a_plan_are_read_from_its_requests(plan: Ledger) -> None:
    with plan.write() as connection:
        for chunk, batch, at in ((0, "b", 3000.0), (1, "a", 3000.0), (2, "b", 3000.0), (3, "old", 2000.0)):
            values = {"batch_id": batch, "send_at": at}
            this = (chunks_table.c.plan_id == PLAN, chunks_table.c.chunk == chunk)
            connection.execute(update(chunks_table).where(*this).values(**values))
        assert pending.batches(connection, PLAN, due_after=2000.0) == ["a", "b"]
        assert pending.batches(connection, "another", due_after=0.0) == []
