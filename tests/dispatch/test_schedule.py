"""Messages that SendGrid holds until their send_at: the ledger matches what the simulator delivers."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import CampaignStopped, ConfigurationError, EspUnavailable
from include.dispatch import control, schedule
from include.dispatch.account import in_doubt
from include.dispatch.account.settle import settle
from include.dispatch.send.sender import send_range
from include.ledger import chunks as chunk_states
from include.ledger import counts, doubt, plans
from include.ledger.stores import Stores
from include.ledger.tables import chunks
from include.ledger.tables import plans as plans_table
from include.sendgrid import management
from include.sendgrid.management import NotOffered
from tests.campaign import CAMPAIGN
from tests.dispatch.frozen import frozen_plan
from tests.dispatch.scripted_esp import Reply, ScriptedEsp, accepted, failed
from tests.running_simulator import RunningSimulator

SOON = 3.5
"""Seconds until the send_at of messages that become due in a test; far longer than the test's notice."""


class Scheduled:
    """A plan of 40 people in chunks of 10; the first 20 are scheduled, `later` seconds from now."""

    def __init__(self, stores: Stores, simulator: RunningSimulator, later: float = 3_600.0) -> None:
        self.stores, self.simulator = stores, simulator
        self.paths, self.ledger = stores.paths, stores.ledger
        self.account = SendGridAccount(simulator.base_url, simulator.key)
        self.plan_id = frozen_plan(stores, 40, chunk_size=10)
        self.at = float(math.ceil(clock.now().timestamp() + later))
        self.schedule(chunks.c.chunk < 2, self.at)

    def schedule(self, which: Any, at: float) -> None:
        with self.ledger.write() as connection:
            connection.execute(update(chunks).where(which).values(send_at=at, not_after=at + 7_200, zone="UTC"))

    def send(self, first: int = 0, last: int = 3) -> dict[str, int]:
        return send_range(self.stores, self.account, plan_id=self.plan_id, first=first, last=last)

    def pause(self) -> control.SendStatus:
        return control.pause(self.ledger, "spring", "once", account=self.account)

    def resume(self) -> control.SendStatus:
        return control.resume(self.ledger, "spring", "once", account=self.account)

    def cancel(self) -> control.SendStatus:
        return control.cancel(self.ledger, "spring", "once", account=self.account)

    def held(self) -> list[str]:
        """The statuses of the plan's batches at SendGrid."""
        return [entry["status"] for entry in self.simulator.get("/v3/user/scheduled_sends")]

    def plan(self) -> Any:
        return plans.find_plan(self.ledger, self.plan_id)

    def tally(self) -> counts.Tally:
        with self.ledger.read() as connection:
            return counts.require_conservation(connection, self.plan_id)

    def chunk(self, number: int) -> Any:
        with self.ledger.read() as connection:
            return connection.execute(select(chunks).where(chunks.c.chunk == number)).mappings().one()

    def processed(self) -> Counter[str]:
        """The number of processed messages per chunk at SendGrid."""
        self.simulator.post("/control/flush?recipients=finish")
        return Counter(
            row["tw_chunk"].rpartition(".")[2] for row in self.simulator.accepted() if row["status"] != "accepted"
        )

    def body(self, chunk: int) -> dict[str, Any]:
        """The request of a chunk, as SendGrid accepted it."""
        with sqlite3.connect(self.simulator.data / "simulator.sqlite") as record:
            bodies = [orjson.loads(body) for (body,) in record.execute("select body from requests")]
        wanted = f"{self.plan_id}.{chunk}"
        return next(body for body in bodies if body["personalizations"][0]["custom_args"]["tw_chunk"] == wanted)


@pytest.fixture
def short_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's notice is 1.5 seconds instead of eleven minutes; the simulator of `soon` requires one second."""
    monkeypatch.setattr(plans, "NOTICE_SECONDS", 1.5)


@pytest.fixture(scope="module")
def module_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    """With SendGrid's notice of ten minutes, for the tests of this module; see `far`."""
    running = RunningSimulator(tmp_path_factory.mktemp("far"), speed=100, flush=0.05)
    yield running
    running.stop()


@pytest.fixture
def far(stores: Stores, module_simulator: RunningSimulator) -> Scheduled:
    """Due in an hour; the simulator is reset."""
    module_simulator.reset()
    return Scheduled(stores, module_simulator)


@pytest.fixture
def soon(
    stores: Stores,
    start_simulator: Callable[..., RunningSimulator],
    short_notice: None,
) -> Scheduled:
    """Due in a moment, with a notice of a second."""
    return Scheduled(stores, start_simulator(speed=100, flush=0.05, notice=1, paused_retention=2), later=SOON)


def until_due(scheduled: Scheduled) -> None:
    time.sleep(max(0.0, scheduled.at + 0.3 - time.time()))


def test_only_scheduled_requests_have_the_batch_id(far: Scheduled) -> None:
    far.send()
    batch = far.plan().batch_id
    for number in range(4):
        body = far.body(number)
        assert (body.get("send_at"), body.get("batch_id")) == ((int(far.at), batch) if number < 2 else (None, None))
        assert far.chunk(number)["batch_id"] == (batch if number < 2 else None)
    assert far.cancel()["skipped"] == 20
    assert far.processed() == {"2": 10, "3": 10}


def test_plan_without_scheduled_chunks_has_no_batch(far: Scheduled) -> None:
    far.schedule(chunks.c.chunk < 2, 0.0)
    with far.ledger.write() as connection:
        connection.execute(update(chunks).values(send_at=None))
    far.send()
    assert far.plan().batch_id is None


def test_cancelled_batch_is_skipped_and_never_delivered(soon: Scheduled) -> None:
    soon.send(0, 2)
    done = soon.cancel()
    assert soon.held() == ["cancel"]
    assert (done["state"], done["accepted"], done["skipped"], done["scheduled_at_sendgrid"]) == ("cancelled", 10, 30, 0)
    until_due(soon)
    assert soon.processed() == {"2": 10}
    assert soon.tally().accepted == 10


def test_paused_batch_is_delivered_after_resume(soon: Scheduled) -> None:
    soon.send()
    done = soon.pause()
    assert (done["state"], done["scheduled_at_sendgrid"], soon.held()) == ("paused", 20, ["pause"])
    until_due(soon)
    assert soon.processed() == {"2": 10, "3": 10}
    assert soon.pause()["scheduled_at_sendgrid"] == 20
    assert soon.resume()["state"] == "sending"
    assert (soon.held(), soon.plan().batch_status, soon.plan().batch_status_at) == ([], None, None)
    time.sleep(0.3)
    assert soon.processed() == {str(number): 10 for number in range(4)}
    assert soon.tally().accepted == 40


def test_batch_paused_for_too_long_is_skipped_on_resume(soon: Scheduled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "KEPT_SECONDS", 2.0)
    soon.schedule(chunks.c.chunk == 1, clock.now().timestamp() + 3_600)
    soon.send()
    soon.pause()
    until_due(soon)
    time.sleep(2.2)
    resumed = soon.resume()
    assert (resumed["accepted"], resumed["skipped"]) == (30, 10)
    assert soon.chunk(0)["reason"] == "paused longer than SendGrid keeps it"
    time.sleep(0.3)
    assert soon.processed() == {"2": 10, "3": 10}


def test_cancel_after_pause_replaces_the_status_without_a_gap(soon: Scheduled) -> None:
    """The batch is past its send_at and would be sent if it had no status for a moment."""
    soon.send()
    soon.pause()
    until_due(soon)
    asked: list[str] = []
    call = management.call

    def record_method(account: SendGridAccount, method: str, path: str, **named: Any) -> Any:
        asked.append(method)
        return call(account, method, path, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(management, "call", record_method)
        done = soon.cancel()
    assert asked == ["post", "get", "patch"]
    assert (soon.held(), done["skipped"], done["accepted"]) == (["cancel"], 20, 20)
    time.sleep(0.3)
    assert soon.processed() == {"2": 10, "3": 10}


def test_messages_due_within_the_notice_stay_accepted(far: Scheduled) -> None:
    """A cancellation less than eleven minutes before send_at is too late to be certain; twelve minutes are enough."""
    now = clock.now().timestamp()
    far.schedule(chunks.c.chunk == 0, now + 650)
    far.schedule(chunks.c.chunk == 1, now + 720)
    far.send()
    done = far.cancel()
    assert (done["accepted"], done["skipped"], done["scheduled_at_sendgrid"]) == (30, 10, 10)
    assert [far.chunk(number)["state"] for number in (0, 1)] == ["accepted", "skipped"]


def test_scheduled_requests_without_a_batch_id_stay_accepted(far: Scheduled) -> None:
    """A ledger of a version that recorded a batch in the plan but sent it with no request."""
    far.send(0, 0)
    with far.ledger.write() as connection:
        connection.execute(update(chunks).values(batch_id=None))
        connection.execute(update(plans_table).values(batch_id="named-by-no-request"))
    done = far.cancel()
    assert far.held() == []
    assert (done["accepted"], done["skipped"], done["scheduled_at_sendgrid"]) == (10, 30, 10)


def test_expired_batch_is_replaced_and_both_are_cancelled(far: Scheduled) -> None:
    far.send(0, 0)
    first = far.plan().batch_id
    far.simulator.stop()
    with sqlite3.connect(far.simulator.data / "simulator.sqlite") as record:
        record.execute("update batches set created = created - 11 * 86400")
    far.simulator.start()
    far.account = SendGridAccount(far.simulator.base_url, far.simulator.key)
    far.send(1, 1)
    second = far.plan().batch_id
    assert second != first
    assert (far.chunk(0)["batch_id"], far.chunk(1)["batch_id"]) == (first, second)
    with sqlite3.connect(far.simulator.data / "simulator.sqlite") as record:
        record.execute("update batches set created = created + 11 * 86400 where batch_id = ?", (first,))
    far.simulator.stop()
    far.simulator.start()
    far.account = SendGridAccount(far.simulator.base_url, far.simulator.key)
    assert far.cancel()["skipped"] == 40
    assert far.held() == ["cancel", "cancel"]


def test_mail_through_a_provider_without_batches_stays_accepted(far: Scheduled, esp: ScriptedEsp) -> None:
    far.account = esp.account
    far.send(0, 0)
    assert "batch_id" not in esp.bodies[0]
    assert esp.bodies[0]["send_at"] == int(far.at)
    done = far.cancel()
    assert (done["accepted"], done["skipped"], done["scheduled_at_sendgrid"]) == (10, 30, 10)


def test_mail_stays_accepted_when_the_provider_cannot_cancel(far: Scheduled, monkeypatch: pytest.MonkeyPatch) -> None:
    far.send()

    def not_offered(*_args: Any, **_named: Any) -> None:
        raise NotOffered("no")

    monkeypatch.setattr(management, "call", not_offered)
    done = far.cancel()
    assert (done["state"], done["accepted"], done["skipped"], done["scheduled_at_sendgrid"]) == ("cancelled", 40, 0, 20)


def test_eleventh_batch_is_refused_and_nothing_is_recorded(far: Scheduled) -> None:
    far.send(0, 1)
    for _ in range(10):
        batch = far.simulator.post("/v3/mail/batch")["batch_id"]
        far.simulator.post("/v3/user/scheduled_sends", {"batch_id": batch, "status": "pause"})
    with pytest.raises(ConfigurationError, match="at most 10"):
        far.cancel()
    assert (far.plan().state, far.tally().accepted, far.tally().skipped) == ("cancelled", 20, 20)


def test_cancelled_batch_is_not_paused_or_resumed(far: Scheduled) -> None:
    """Either would release messages that the ledger counts as skipped."""
    far.send()
    far.cancel()
    assert far.resume()["state"] == "cancelled"
    assert far.held() == ["cancel"]
    assert far.pause()["state"] == "cancelled"
    assert far.held() == ["cancel"]
    assert far.plan().batch_status == "cancel"


def test_done_plan_with_scheduled_mail_can_be_cancelled(far: Scheduled) -> None:
    far.send()
    settle(far.ledger, far.plan_id)
    done = far.cancel()
    assert (done["state"], done["accepted"], done["skipped"]) == ("cancelled", 20, 20)


def test_done_plan_without_scheduled_mail_stays_done(far: Scheduled) -> None:
    far.send()
    settle(far.ledger, far.plan_id)
    far.schedule(chunks.c.chunk < 2, clock.now().timestamp() - 5)
    done = far.cancel()
    assert (done["state"], done["accepted"], far.held()) == ("done", 40, [])


@pytest.mark.parametrize("broken", ["post", "get", "patch"])
def test_unconfirmed_cancellation_records_nothing_and_can_be_repeated(
    far: Scheduled, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    far.send()
    far.pause()
    call = management.call

    def fails(account: Any, method: str, path: str, **named: Any) -> Any:
        if method == broken:
            raise EspUnavailable("no")
        return call(account, method, path, **named)

    with monkeypatch.context() as patched:
        patched.setattr(management, "call", fails)
        with pytest.raises(EspUnavailable):
            far.cancel()
    assert (far.plan().state, far.tally().accepted, far.held()) == ("cancelled", 40, ["pause"])
    assert far.cancel()["skipped"] == 20
    assert far.held() == ["cancel"]


def test_unrecorded_cancellation_is_recorded_by_the_next_one(far: Scheduled, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process died after SendGrid's response."""
    far.send()

    def dies(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(plans, "set_batch_status", dies)
        with pytest.raises(KeyboardInterrupt):
            far.cancel()
    assert (far.held(), far.tally().accepted) == (["cancel"], 40)
    assert far.cancel()["skipped"] == 20


def test_second_cancellation_keeps_the_time_of_the_first(far: Scheduled) -> None:
    far.send()
    far.cancel()
    first = far.plan().batch_status_at
    far.cancel()
    assert far.plan().batch_status_at == first


def test_released_pause_does_not_count_for_a_later_cancellation(far: Scheduled, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed during a resume: messages that were sent meanwhile are not recorded as skipped."""
    far.send()
    far.pause()

    def dies(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(schedule, "release", dies)
        with pytest.raises(KeyboardInterrupt):
            far.resume()
    assert far.plan().batch_status_at is None
    assert far.resume()["state"] == "sending"
    assert far.held() == []


@pytest.mark.parametrize("answer", ["accepted", "doubt", "throttled", "halves", "gone"])
def test_open_request_with_a_cancelled_batch_is_skipped(far: Scheduled, esp: ScriptedEsp, answer: str) -> None:
    """Its batch is cancelled at SendGrid: accepted or in doubt, it is never delivered."""
    simulator = far.account
    far.send(1, 1)
    said: dict[str, Reply] = {
        "accepted": accepted(),
        "doubt": failed(500),
        "throttled": failed(429),
        "halves": failed(400),
        "gone": "drop",
    }

    def cancelled_meanwhile(_number: int, _body: object) -> Reply:
        assert control.cancel(far.ledger, "spring", "once", account=simulator)["skipped"] == 30
        return said[answer]

    esp.answer = cancelled_meanwhile
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(schedule, "batch_for", lambda *_args: far.plan().batch_id)
        far.account = esp.account
        sent = far.send(0, 0)
    assert len(esp.bodies) == 1
    assert sent["requests"] == 1
    tally = far.tally()
    assert (tally.skipped, tally.pending, tally.in_doubt, tally.accepted) == (40, 0, 0, 0)


def test_open_request_without_a_batch_keeps_its_outcome_after_a_cancellation(far: Scheduled, esp: ScriptedEsp) -> None:
    simulator = far.account
    far.send(0, 1)

    def cancelled_meanwhile(_number: int, _body: object) -> Reply:
        control.cancel(far.ledger, "spring", "once", account=simulator)
        return accepted()

    esp.answer = cancelled_meanwhile
    far.account = esp.account
    assert far.send(2, 2) == {"requests": 1, "accepted": 10}
    assert (far.tally().accepted, far.tally().skipped) == (10, 30)


@pytest.mark.parametrize(("due", "expected"), [(3_600.0, "skipped"), (300.0, "in_doubt")])
def test_request_of_a_dead_process_is_skipped_if_its_batch_was_cancelled_in_time(
    far: Scheduled, due: float, expected: str
) -> None:
    far.schedule(chunks.c.chunk == 0, clock.now().timestamp() + due)
    far.send(1, 1)
    with far.ledger.write() as connection:
        values = {"state": "sending", "fence": 1, "attempt": 1, "lease_until": 1.0, "batch_id": far.plan().batch_id}
        connection.execute(update(chunks).where(chunks.c.chunk == 0).values(lease_owner="gone", **values))
    far.cancel()
    chunk_states.recover(far.ledger, far.plan_id)
    assert far.chunk(0)["state"] == expected


def test_cancellation_ends_doubt_of_its_batch_and_prevents_resends(far: Scheduled) -> None:
    far.send()
    with far.ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.chunk.in_((0, 2))).values(state="in_doubt"))
        settings = CAMPAIGN.model_copy(update={"on_doubt": "ask"}).model_dump_json()
        connection.execute(update(plans_table).values(settings=settings))
    assert in_doubt.awaiting_decision(far.ledger, far.plan_id) == 20
    far.cancel()
    assert [far.chunk(number)["state"] for number in range(4)] == ["skipped", "skipped", "in_doubt", "accepted"]
    assert in_doubt.awaiting_decision(far.ledger, far.plan_id) == 0
    assert in_doubt.reopen(far.stores, far.plan_id, decision="test") == {"reopened": 0}
    assert not doubt.reopen_chunk(far.ledger, far.plan_id, 2, [("0:10", 10)], "test")
    assert far.tally().pending == 0


@pytest.mark.parametrize("other", ["pause", "resume"])
def test_concurrent_cancellation_wins(far: Scheduled, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    """Another operator cancels during this operator's call to SendGrid."""
    far.send()
    if other == "resume":
        far.pause()
    method = "post" if other == "pause" else "delete"
    call, done = management.call, threading.Event()

    def cancelled_first(account: Any, asked: str, path: str, **named: Any) -> Any:
        if asked == method and not done.is_set():
            done.set()
            far.cancel()
        return call(account, asked, path, **named)

    monkeypatch.setattr(management, "call", cancelled_first)
    with pytest.raises(CampaignStopped, match="stays cancelled"):
        getattr(far, other)()
    assert (far.held(), far.plan().batch_status) == (["cancel"], "cancel")
    assert far.tally().skipped == 20
