"""What hosts compare with each other is timed by the ledger: a host whose clock is off takes no lease and holds no pace."""

from __future__ import annotations

import pytest

from include.ledger import chunks, outages, pace
from include.ledger.database import Ledger
from tests.ledger.plan import PLAN, claim, freeze, tally

HOST = "https://api.sendgrid.example"
pytestmark = [
    pytest.mark.parametrize("off", [600.0, -600.0]),
    pytest.mark.parametrize("each_ledger", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True),
]


@pytest.fixture
def shared(each_ledger: Ledger) -> Ledger:
    """A ledger that several hosts share: PostgreSQL."""
    return each_ledger


def set_clock(patch: pytest.MonkeyPatch, off: float) -> None:
    """From now on, this is another host, whose clock is off by so many seconds."""
    patch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(off))


def test_lease_is_not_taken_by_a_host_whose_clock_is_off(
    shared: Ledger, monkeypatch: pytest.MonkeyPatch, off: float
) -> None:
    freeze(shared)
    running = claim(shared)
    set_clock(monkeypatch, off)
    assert chunks.recover(shared, PLAN) == 0
    assert chunks.accept(shared, running, 202, "m") == "accepted"


def test_lease_of_a_host_whose_clock_is_off_lasts_as_long_as_any(
    shared: Ledger, monkeypatch: pytest.MonkeyPatch, off: float
) -> None:
    freeze(shared)
    monkeypatch.setattr(chunks, "LEASE_SECONDS", 0.0)
    set_clock(monkeypatch, off)
    claim(shared)
    monkeypatch.delenv("TRADEWIND_CLOCK_OFFSET_SECONDS")
    assert chunks.recover(shared, PLAN) == 1
    assert tally(shared).in_doubt == 10


def test_pace_is_shared_with_a_host_whose_clock_is_off(shared: Ledger, monkeypatch: pytest.MonkeyPatch, off: float) -> None:
    rate = [pace.Rate("account:rate", 1_000.0)]
    assert pace.acquire(shared, rate, 10_000).wait == 0
    set_clock(monkeypatch, off)
    waits = [pace.acquire(shared, rate, 10_000).wait]
    monkeypatch.delenv("TRADEWIND_CLOCK_OFFSET_SECONDS")
    waits.append(pace.acquire(shared, rate, 10_000).wait)
    assert waits == pytest.approx([10, 20], abs=9)


def test_probe_is_not_taken_by_a_host_whose_clock_is_off(
    shared: Ledger, monkeypatch: pytest.MonkeyPatch, off: float
) -> None:
    outages.start_sending(shared, HOST)
    assert outages.request_turn(shared, HOST).probe
    set_clock(monkeypatch, off)
    assert outages.request_turn(shared, HOST).probe is None
