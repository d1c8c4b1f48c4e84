"""Proofs and reopening of chunks in doubt."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import update

from include.core import clock
from include.ledger import chunks, doubt, plans
from include.ledger.chunks import Outcome
from include.ledger.database import Ledger
from include.ledger.doubt import Proof
from include.ledger.tables import chunks as chunks_table
from include.ledger.tables import plans as plans_table
from tests.ledger.plan import PLAN, chunk_of, claim, freeze, row, tally


@pytest.fixture
def doubted(ledger: Ledger) -> Ledger:
    """Chunk 0 of ten people, in doubt after its second request; chunk 1 of ten was accepted."""
    freeze(ledger, (10, 10))
    chunks.release(ledger, claim(ledger), 429, "later")
    chunks.put_in_doubt(ledger, claim(ledger), None, "no answer")
    chunks.accept(ledger, claim(ledger, 1), 202, "m")
    return ledger


def proofs(people: int, *, attempt: int = 2, chunk: int = 0, plan_id: str = PLAN, first: int = 0) -> list[Proof]:
    return [Proof(plan_id, chunk, attempt, f"k{person}", "delivered", 1.0) for person in range(first, first + people)]


def test_each_proof_counts_once(doubted: Ledger) -> None:
    assert doubt.prove(doubted, proofs(4) + proofs(4)) == 4
    assert (tally(doubted).accepted, tally(doubted).in_doubt) == (14, 6)
    assert doubt.prove(doubted, proofs(4)) == 0
    assert doubt.prove(doubted, proofs(10)) == 6
    assert (tally(doubted).accepted, tally(doubted).in_doubt) == (20, 0)
    assert (row(doubted)["state"], row(doubted)["settled_at"] is None) == ("accepted", False)
    assert doubt.prove(doubted, proofs(1, first=50)) == 0


def test_more_proofs_than_people_are_refused(doubted: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    """Events with the chunk's number but other people's keys would otherwise count 21 of 20 people."""
    with caplog.at_level(logging.ERROR, "include.ledger.doubt"):
        assert doubt.prove(doubted, proofs(11)) == 0
    assert "more proofs than people in chunk 0" in caplog.text
    assert (tally(doubted).accepted, tally(doubted).in_doubt) == (10, 10)
    assert doubt.prove(doubted, proofs(7)) == 7
    assert doubt.prove(doubted, proofs(4, first=7)) == 0
    assert (tally(doubted).accepted, tally(doubted).in_doubt) == (17, 3)


@pytest.mark.parametrize(
    "other", [{"attempt": 1}, {"attempt": 3}, {"chunk": 1}, {"chunk": 9}, {"plan_id": "another"}], ids=str
)
def test_proof_for_another_request_is_ignored(doubted: Ledger, other: dict[str, int]) -> None:
    assert doubt.prove(doubted, proofs(3, **other)) == 0  # type: ignore[arg-type]
    assert (tally(doubted).accepted, tally(doubted).in_doubt) == (10, 10)


def test_people_suppressed_at_the_claim_need_no_proof(ledger: Ledger) -> None:
    freeze(ledger)
    taken = chunks.claim(ledger, chunk_of(ledger), lambda _connection: [Outcome("k9", 9, "suppressed", "unsubscribe")])
    assert taken is not None
    chunks.put_in_doubt(ledger, taken, None, "no answer")
    assert doubt.prove(ledger, proofs(9, attempt=1)) == 9
    assert row(ledger)["state"] == "accepted"
    assert (tally(ledger).accepted, tally(ledger).suppressed) == (9, 1)


def test_chunks_in_doubt_are_listed_with_their_time(doubted: Ledger) -> None:
    (chunk,) = doubt.in_doubt_chunks(doubted)
    posted = row(doubted)["posted_at"]
    found = (chunk.plan_id, chunk.chunk, chunk.attempt, chunk.recipients, chunk.posted_at)
    assert found == (PLAN, 0, 2, 10, posted)
    assert doubt.unresolved_doubt(doubted, posted) == []
    doubt.prove(doubted, proofs(4))
    (standing,) = doubt.unresolved_doubt(doubted, posted + 1)
    assert standing == doubt.UnresolvedDoubt(PLAN, PLAN, "once", 6)
    held, apart = doubt.chunk_in_doubt(doubted, PLAN, 0)
    assert held is not None
    assert (held.recipients, apart) == (10, {"k0", "k1", "k2", "k3"})
    assert doubt.chunk_in_doubt(doubted, PLAN, 1) == (None, set())


def test_unresolved_doubt_is_listed_per_plan(doubted: Ledger) -> None:
    for plan_id, attempt in (("a", 1), ("b", 1)):
        freeze(doubted, (10, 10), plan_id=plan_id)
        for chunk in (0, 1):
            chunks.put_in_doubt(doubted, claim(doubted, chunk, plan_id), None, "no answer")
        doubt.prove(doubted, proofs(2, attempt=attempt, plan_id=plan_id))
    with doubted.write() as connection:
        connection.execute(update(plans_table).where(plans_table.c.plan_id == "b").values(kind="test"))
    later = clock.now().timestamp() + 60
    assert [(each.plan_id, each.people) for each in doubt.unresolved_doubt(doubted, later)] == [("a", 18), (PLAN, 10)]
    found = [(each.plan_id, each.chunk) for each in doubt.in_doubt_chunks(doubted)]
    assert found == [("a", 0), ("a", 1), ("b", 0), ("b", 1), (PLAN, 0)]
    assert doubt.chunk_in_doubt(doubted, PLAN, 0)[1] == set()
    held, apart = doubt.chunk_in_doubt(doubted, "b", 0)
    assert held is not None
    assert (held.plan_id, apart) == ("b", {"k0", "k1"})


def test_newest_due_request_in_a_time_span(doubted: Ledger) -> None:
    settled = row(doubted, 1)["settled_at"]
    assert doubt.newest_due_request(doubted, settled - 1, settled + 1) == settled
    assert doubt.newest_due_request(doubted, settled + 1, settled + 2) is None
    assert doubt.newest_due_request(doubted, 0.0, settled - 1) is None
    with doubted.write() as connection:
        connection.execute(update(chunks_table).where(chunks_table.c.chunk == 1).values(send_at=50.0))
        connection.execute(update(chunks_table).where(chunks_table.c.chunk == 0).values(send_at=60.0))
    assert doubt.newest_due_request(doubted, 0.0, settled + 1) == 50.0
    with doubted.write() as connection:
        connection.execute(update(plans_table).values(kind="test"))
    assert doubt.newest_due_request(doubted, 0.0, settled + 1) is None


def test_reopen_changes_no_other_plan(doubted: Ledger) -> None:
    freeze(doubted, (10, 10), plan_id="another")
    for chunk in (0, 1):
        chunks.put_in_doubt(doubted, claim(doubted, chunk, "another"), None, "no answer")
    doubt.prove(doubted, proofs(2, attempt=1, plan_id="another") + proofs(3, attempt=1, chunk=1, plan_id="another", first=2))
    assert not doubt.reopen_chunk(doubted, PLAN, 1, [("0-9", 10)], "assume_lost")
    assert doubt.reopen_chunk(doubted, PLAN, 0, [("0-9", 10)], "assume_lost")
    assert row(doubted)["settled_at"] == pytest.approx(clock.now().timestamp(), abs=30)
    assert (tally(doubted, "another").in_doubt, tally(doubted, "another").accepted) == (15, 5)
    assert [found.recipients for found in doubt.in_doubt_chunks(doubted)] == [10, 10]
    assert doubt.reopen_chunk(doubted, "another", 0, [("2-9", 8)], "assume_lost")
    assert (row(doubted, 0, "another")["state"], row(doubted, 1, "another")["state"]) == ("split", "in_doubt")


def test_reopen_requires_exactly_the_people_in_doubt(doubted: Ledger) -> None:
    doubt.prove(doubted, proofs(4))
    assert not doubt.reopen_chunk(doubted, PLAN, 0, [("4-8", 5)], "assume_lost")
    assert not doubt.reopen_chunk(doubted, PLAN, 0, [("0-9", 10)], "assume_lost")
    assert not doubt.reopen_chunk(doubted, PLAN, 1, [("0-9", 10)], "assume_lost")
    assert (tally(doubted).in_doubt, row(doubted)["state"]) == (6, "in_doubt")
    assert doubt.reopen_chunk(doubted, PLAN, 0, [("4-6", 3), ("7-9", 3)], "assume_lost")
    assert (row(doubted)["state"], row(doubted)["reason"]) == ("split", "resent: assume_lost")
    assert (tally(doubted).in_doubt, tally(doubted).pending, tally(doubted).accepted) == (0, 6, 14)
    assert claim(doubted, 2).attempt == 3
    assert not doubt.reopen_chunk(doubted, PLAN, 0, [("4-9", 6)], "assume_lost")


def test_chunk_of_a_cancelled_plan_is_not_reopened(doubted: Ledger) -> None:
    plans.change_state(doubted, PLAN, "cancelled", from_states=("sending",))
    assert doubt.reopen_chunk(doubted, PLAN, 0, [("0-9", 10)], "assume_lost") is False
    assert (row(doubted)["state"], tally(doubted).pending) == ("in_doubt", 0)
