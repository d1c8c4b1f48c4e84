"""Messages that SendGrid holds until their send_at, against the simulator: batch, pause, cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import update

from include.core import clock
from include.core.connections import SendGridAccount
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.dispatch import control
from include.dispatch.send import send_range
from include.ledger import counts, plans
from include.ledger.database import Ledger
from include.ledger.tables import chunks
from tests.dispatch.frozen import frozen_plan
from tests.running_simulator import RunningSimulator


def test_a_scheduled_campaign_has_one_batch_and_can_be_cancelled_there(
    paths: DataPaths, ledger: Ledger, secrets: Secrets, start_simulator: Callable[..., RunningSimulator]
) -> None:
    simulator = start_simulator(speed=100)
    account = SendGridAccount(simulator.base_url, simulator.key)
    plan_id = frozen_plan(paths, ledger, secrets, 40, chunk_size=10)
    at = clock.now().timestamp() + 3_600
    with ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.chunk < 2).values(send_at=at, not_after=at + 7_200, zone="UTC"))
    for first, last in ((0, 0), (1, 2)):
        send_range(paths, ledger, account, plan_id=plan_id, first=first, last=last)
    batch = plan(ledger, plan_id)["batch_id"]
    assert control.pause(ledger, "spring", "once", account=account)["state"] == "paused"
    assert simulator.get("/v3/user/scheduled_sends") == [{"batch_id": batch, "status": "pause"}]
    assert control.resume(ledger, "spring", "once", account=account)["state"] == "sending"
    assert simulator.get("/v3/user/scheduled_sends") == []
    done = control.cancel(ledger, "spring", "once", account=account)
    assert simulator.get("/v3/user/scheduled_sends") == [{"batch_id": batch, "status": "cancel"}]
    assert (done["accepted"], done["skipped"], done["pending"]) == (10, 30, 0)
    with ledger.read() as connection:
        assert counts.require_conservation(connection, plan_id).skipped == 30


def plan(ledger: Ledger, plan_id: str) -> Any:
    return plans.find_plan(ledger, plan_id)
