"""Outages: one probe at a time among all processes, with growing waits; an accepted probe ends the outage."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from include.ledger import lease_owner, outages, shared_clock
from include.ledger.database import Ledger
from include.ledger.outages import Suspended, Turn
from include.ledger.tables import outages as table

HOST, OTHER = "https://api.sendgrid.example", "https://other.example"


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The current time, which a test advances: `at[0] += 5`."""
    now = [1_790_000_000.0]
    monkeypatch.setattr(shared_clock, "now", lambda _connection: now[0])
    return now


def row(ledger: Ledger, scope: str = HOST) -> dict[str, object]:
    with ledger.read() as connection:
        return dict(connection.execute(select(table).where(table.c.scope == scope)).mappings().one())


def is_open(ledger: Ledger, probe: str | None = None, scope: str = HOST) -> bool:
    with ledger.read() as connection:
        try:
            outages.require_open(connection, scope, probe)
        except Suspended:
            return False
    return True


def accept_probe(ledger: Ledger) -> None:
    """Record an accepted probe: SendGrid works."""
    outages.start_sending(ledger, HOST)
    probe = outages.request_turn(ledger, HOST).probe
    assert probe
    outages.record_accepted_probe(ledger, HOST, probe)


def test_first_request_after_a_silence_is_a_probe(ledger: Ledger, at: list[float]) -> None:
    assert outages.start_sending(ledger, HOST)
    assert outages.start_sending(ledger, HOST), "no probe was accepted yet"
    assert not is_open(ledger)
    assert is_open(ledger, scope=OTHER)
    turn = outages.request_turn(ledger, HOST)
    assert (turn.open, turn.wait, turn.doubts) == (False, 0.0, 0)
    assert turn.probe
    assert is_open(ledger, turn.probe)
    assert not is_open(ledger, "another")
    outages.record_accepted_probe(ledger, HOST, turn.probe)
    assert is_open(ledger)
    assert outages.request_turn(ledger, HOST) == Turn(open=True)
    at[0] += outages.COLD_SECONDS
    assert not outages.start_sending(ledger, HOST)
    at[0] += 1
    assert outages.start_sending(ledger, HOST)
    assert not is_open(ledger)


def test_only_one_probe_is_open_at_a_time(ledger: Ledger, at: list[float]) -> None:
    outages.start_sending(ledger, HOST)
    first = outages.request_turn(ledger, HOST)
    assert outages.request_turn(ledger, HOST) == Turn(wait=outages.POLL_SECONDS)
    at[0] += outages.PROBE_SECONDS - 0.25
    waiting = outages.request_turn(ledger, HOST)
    assert waiting == Turn(wait=waiting.wait)
    assert waiting.wait == pytest.approx(0.25)
    at[0] += 0.25
    second = outages.request_turn(ledger, HOST)
    assert second.probe not in (None, first.probe), "a probe that takes too long is reassigned"
    assert not is_open(ledger, first.probe)
    outages.record_accepted_probe(ledger, HOST, first.probe or "")
    outages.release_probe(ledger, HOST, first.probe or "")
    assert not is_open(ledger)
    assert is_open(ledger, second.probe)


def test_probe_of_a_dead_process_is_reassigned(ledger: Ledger) -> None:
    outages.start_sending(ledger, HOST)
    outages.request_turn(ledger, HOST)
    assert row(ledger)["probe_owner"] == lease_owner.this_process()
    machine, _, process = lease_owner.this_process().partition("|")
    gone = f"{machine}|{process.partition('|')[0]}|0"
    with ledger.write() as connection:
        connection.execute(update(table).values(probe_owner=gone))
    assert outages.request_turn(ledger, HOST).probe


def test_wait_doubles_with_each_probe_in_doubt_up_to_a_limit(ledger: Ledger, at: list[float]) -> None:
    accept_probe(ledger)
    assert outages.record_doubt(ledger, HOST, None) == Turn(wait=5.0, doubts=1)
    assert not is_open(ledger)
    waits = []
    for _ in range(9):
        left = outages.request_turn(ledger, HOST)
        assert left.probe is None
        at[0] += left.wait - 0.001
        assert outages.request_turn(ledger, HOST).probe is None
        at[0] += 0.001
        turn = outages.request_turn(ledger, HOST)
        waits.append(outages.record_doubt(ledger, HOST, turn.probe).wait)
    assert waits == [10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0, 900.0]
    assert row(ledger)["doubts"] == 10
    at[0] += 900
    probe = outages.request_turn(ledger, HOST)
    assert probe.doubts == 10
    outages.record_accepted_probe(ledger, HOST, probe.probe or "")
    assert is_open(ledger)
    assert outages.record_doubt(ledger, HOST, None) == Turn(wait=5.0, doubts=1)


def test_concurrent_requests_in_doubt_count_once(ledger: Ledger, at: list[float]) -> None:
    accept_probe(ledger)
    outages.record_doubt(ledger, HOST, None)
    at[0] += 2
    assert outages.record_doubt(ledger, HOST, None) == Turn(wait=3.0, doubts=1)
    at[0] += 7
    assert outages.record_doubt(ledger, HOST, "an old probe") == Turn(wait=0.0, doubts=1)
    assert row(ledger)["doubts"] == 1


def test_doubt_before_an_accepted_probe_counts(ledger: Ledger) -> None:
    outages.start_sending(ledger, HOST)
    probe = outages.request_turn(ledger, HOST).probe
    assert outages.record_doubt(ledger, HOST, None) == Turn(wait=5.0, doubts=1)
    assert row(ledger)["probe"] == probe, "doubt of another request does not end a probe"


def test_released_probe_allows_the_next_one(ledger: Ledger, at: list[float]) -> None:
    outages.start_sending(ledger, HOST)
    outages.release_probe(ledger, HOST, outages.request_turn(ledger, HOST).probe or "", 7.0)
    assert outages.request_turn(ledger, HOST) == Turn(wait=7.0)
    at[0] += 7
    outages.release_probe(ledger, HOST, outages.request_turn(ledger, HOST).probe or "")
    assert outages.request_turn(ledger, HOST).probe
    assert not is_open(ledger)


def test_released_probe_does_not_shorten_the_wait(ledger: Ledger) -> None:
    outages.start_sending(ledger, HOST)
    probe = outages.request_turn(ledger, HOST).probe
    outages.record_doubt(ledger, HOST, None)
    outages.release_probe(ledger, HOST, probe or "", 1.0)
    assert outages.request_turn(ledger, HOST).wait == pytest.approx(5.0)


def test_outage_of_one_host_does_not_affect_another(ledger: Ledger) -> None:
    accept_probe(ledger)
    outages.record_doubt(ledger, OTHER, None)
    assert is_open(ledger)
    assert not is_open(ledger, scope=OTHER)


def test_doubts_are_reset_when_an_outage_ends(ledger: Ledger, at: list[float]) -> None:
    accept_probe(ledger)
    at[0] += outages.record_doubt(ledger, HOST, None).wait
    outages.record_accepted_probe(ledger, HOST, outages.request_turn(ledger, HOST).probe or "")
    at[0] += outages.COLD_SECONDS + 1
    assert outages.start_sending(ledger, HOST)
    assert outages.request_turn(ledger, HOST).doubts == 0
