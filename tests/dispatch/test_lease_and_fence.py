"""A request needs a long enough lease, and its outcome is recorded only with the current fence."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import select

from include.core.errors import FenceLost
from include.dispatch import journal
from include.ledger import chunks, shared_clock
from include.ledger.chunk import read_chunks
from include.ledger.stores import Stores
from include.ledger.tables import chunks as chunks_table
from include.sendgrid.transport import CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS
from tests.dispatch.scripted_esp import Reply, ScriptedEsp, accepted
from tests.dispatch.sending import Sending


@pytest.fixture
def sending(stores: Stores) -> Sending:
    """One chunk of ten people."""
    return Sending(stores, people=10, chunk_size=10)


def test_intent_is_in_ledger_and_journal_before_the_request(sending: Sending, esp: ScriptedEsp) -> None:
    seen: list[tuple[Any, ...]] = []

    def look(_number: int, _body: object) -> Reply:
        with sending.ledger.read() as connection:
            seen.extend(tuple(row) for row in connection.execute(select(chunks_table.c.state, chunks_table.c.fence)))
        seen.append(tuple(journal.read_journal(sending.paths.plans / "spring" / "once").items()))
        return accepted()

    esp.answer = look
    assert sending.send(esp)["accepted"] == 10
    assert seen == [("sending", 1), ((0, 1),)]


def test_sender_that_lost_its_fence_writes_nothing_and_stops(
    sending: Sending, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_over(_number: int, _body: object) -> Reply:
        with monkeypatch.context() as later:
            later.setattr(shared_clock, "now", lambda _connection: time.time() + chunks.LEASE_SECONDS + 1)
            assert chunks.recover(sending.ledger, sending.plan_id) == 1
        return accepted()

    esp.answer = taken_over
    with pytest.raises(FenceLost, match="taken over"):
        sending.send(esp)
    assert (sending.tally().accepted, sending.tally().in_doubt) == (0, 10)
    assert sending.send(esp) == {}
    assert len(esp.bodies) == 1


@pytest.mark.parametrize("delay", [chunks.LEASE_SECONDS - TOTAL_SECONDS + 1, 3600.0])
def test_process_delayed_before_its_request_claims_again(
    sending: Sending, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch, delay: float
) -> None:
    """The rest of the lease is shorter than a request may take: another process could take over the chunk during it."""
    noted, jump, leases = journal.Journal.append, [delay], list[float]()
    real, moved = time.clock_gettime, [0.0]
    monkeypatch.setattr(time, "clock_gettime", lambda which: real(which) + moved[0])

    def held(self: journal.Journal, claim: chunks.Claim) -> None:
        noted(self, claim)
        moved[0] += jump.pop() if jump else 0.0
        leases.append(claim.lease_left())

    monkeypatch.setattr(journal.Journal, "append", held)
    assert sending.send(esp)["accepted"] == 10
    assert [body["personalizations"][0]["custom_args"]["tw_try"] for body in esp.bodies] == ["2"]
    assert leases[0] < TOTAL_SECONDS < leases[1]


def test_lease_is_longer_than_the_longest_request() -> None:
    assert max(CONNECT_SECONDS, READ_SECONDS) < TOTAL_SECONDS < chunks.LEASE_SECONDS


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux has a clock that advances during suspend")
def test_lease_expires_while_the_machine_is_suspended(sending: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an hour of suspend CLOCK_BOOTTIME has advanced and CLOCK_MONOTONIC has not."""
    with sending.ledger.read() as connection:
        (chunk,) = read_chunks(connection)
    claim = chunks.claim(sending.ledger, chunk, lambda _connection: [])
    assert claim is not None
    assert TOTAL_SECONDS < claim.lease_left() <= chunks.LEASE_SECONDS
    awake = time.clock_gettime
    asleep = {time.CLOCK_BOOTTIME: 3600.0}
    monkeypatch.setattr(time, "clock_gettime", lambda which: awake(which) + asleep.get(which, 0.0))
    assert claim.lease_left() < chunks.LEASE_SECONDS - 3600 + 1
