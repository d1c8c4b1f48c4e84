"""Doubt resolved by the Email Activity API of the simulator."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from include.collect.doubt import resolve_doubt
from include.collect.email_activity import prove_from_activity
from include.core.connections import SendGridAccount
from include.core.errors import ConfigurationError
from include.dispatch.account.record import record_sends
from include.dispatch.send.sender import send_range
from include.ledger import counts, outages
from include.ledger.stores import Stores
from tests.dispatch.frozen import frozen_plan
from tests.running_simulator import RunningSimulator


@pytest.fixture(autouse=True)
def short_probe_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes are sent milliseconds after an outage, not seconds."""
    monkeypatch.setattr(outages, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(outages, "POLL_SECONDS", 0.01)


def plan_with_doubt(stores: Stores, simulator: RunningSimulator) -> str:
    """A plan for 30 people, 11 of them in doubt: ten were not accepted, the one of the probe was."""
    simulator.fault("accept_then_reset", count=1)
    simulator.fault("refuse_500", count=1)
    plan_id = frozen_plan(stores, 30, chunk_size=10)
    account = SendGridAccount(simulator.base_url, simulator.key)
    for chunk in range(3):
        send_range(stores, account, plan_id=plan_id, first=chunk, last=chunk)
    record_sends(stores)
    return plan_id


def test_messages_in_the_activity_are_proved_and_the_others_stay_in_doubt(
    stores: Stores, start_simulator: Callable[..., RunningSimulator]
) -> None:
    simulator = start_simulator(speed=60)
    plan_id = plan_with_doubt(stores, simulator)
    simulator.post("/control/flush?recipients=finish")
    account = SendGridAccount(simulator.base_url, simulator.key)
    assert prove_from_activity(stores, account) == {"asked": 2, "proved": 1}
    assert prove_from_activity(stores, account) == {"asked": 1, "proved": 0}
    with stores.ledger.read() as connection:
        tally = counts.require_conservation(connection, plan_id)
    assert (tally.accepted, tally.in_doubt) == (20, 10)


def test_without_doubt_no_evidence_is_read(stores: Stores) -> None:
    assert resolve_doubt(stores) == {"chunks": 0, "messages": 0, "evidence": 0, "proved": 0}


def test_an_account_without_the_activity_api_raises_a_configuration_error(
    stores: Stores, start_simulator: Callable[..., RunningSimulator]
) -> None:
    simulator = start_simulator(no_recipients=True, no_activity=True)
    plan_with_doubt(stores, simulator)
    with pytest.raises(ConfigurationError, match="403"):
        prove_from_activity(stores, SendGridAccount(simulator.base_url, simulator.key))
