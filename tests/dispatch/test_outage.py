"""An outage of SendGrid (connections without a readable response) puts only a few people in doubt."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from include.core.errors import EspUnavailable, LedgerUnavailable
from include.dispatch.send import outage_guard
from include.dispatch.send.admission import divide_chunk
from include.dispatch.send.sender import send_range
from include.ledger import outages
from include.ledger.chunk import Chunk
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import chunks
from include.sendgrid.response_class import Kind, ResponseClass
from tests.dispatch.scripted_esp import ScriptedEsp, accepted, failed
from tests.dispatch.sending import Sending

PROBES = 6


@pytest.fixture
def sending(stores: Stores) -> Sending:
    return Sending(stores, people=4_000, chunk_size=1_000)


@pytest.fixture(autouse=True)
def short_max_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task stops waiting before the fourth doubt in a row."""
    monkeypatch.setattr(outage_guard, "MAX_WAIT_SECONDS", 0.05)


def sizes(esp: ScriptedEsp) -> list[int]:
    return [len(body["personalizations"]) for body in esp.bodies]


def retried(sending: Sending, esp: ScriptedEsp) -> tuple[dict[str, int], int]:
    """Retry as Airflow does. Returns the counts of the last try, and the number of held tries."""
    for held in range(50):
        try:
            return sending.send(esp), held
        except EspUnavailable as error:
            time.sleep(error.retry_after or 0)
    raise AssertionError("never ended")


def test_outage_from_the_first_request_costs_one_small_request_and_probes(sending: Sending, esp: ScriptedEsp) -> None:
    esp.answer = lambda number, _body: "refuse" if number < PROBES else accepted()
    sent, held = retried(sending, esp)
    assert held > 0
    assert sizes(esp)[: PROBES + 1] == [10] + [1] * PROBES
    tally = sending.tally()
    assert (tally.in_doubt, tally.pending) == (10 + PROBES - 1, 0)
    assert tally.accepted == 4_000 - 15
    assert set(esp.taken.values()) == {1}
    assert len(esp.taken) == tally.accepted
    assert sent["accepted"] > 3_000


def test_outage_during_a_send_costs_the_open_requests_and_probes(sending: Sending, esp: ScriptedEsp) -> None:
    """The first request goes alone, then up to four at once, and no large one after the first doubt."""
    down = range(1, 4 + PROBES)
    esp.answer = lambda number, _body: failed(503) if number in down else accepted()
    retried(sending, esp)
    under_way = [size for number, size in enumerate(sizes(esp)) if number in down and size > 1]
    assert len(under_way) <= 4
    assert sizes(esp)[0] == 10
    tally = sending.tally()
    assert tally.in_doubt == sum(size for number, size in enumerate(sizes(esp)) if number in down)
    assert (tally.accepted, tally.pending) == (4_000 - tally.in_doubt, 0)
    assert set(esp.taken.values()) == {1}


def test_send_continues_after_a_single_doubt(sending: Sending, esp: ScriptedEsp) -> None:
    esp.answer = lambda number, _body: failed(500) if number == 1 else accepted()
    assert sending.send(esp)["accepted"] >= 3_000
    assert sending.tally().pending == 0


def test_held_task_fails_as_retryable_with_the_reason(
    sending: Sending, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outages, "FIRST_WAIT_SECONDS", 700.0)
    esp.answer = lambda _number, _body: "drop"
    with pytest.raises(EspUnavailable, match="no readable response 1 times in a row") as held:
        sending.send(esp)
    assert held.value.retryable
    assert 690 < (held.value.retry_after or 0) <= 700
    with pytest.raises(EspUnavailable):
        sending.send(esp)
    assert sizes(esp) == [10], "the second task knows of the first one's doubt"
    with sending.ledger.read() as connection:
        reasons = set(connection.scalars(select(chunks.c.reason).where(chunks.c.state == "pending")))
    assert reasons == {"held: no readable response from SendGrid"}


def test_all_processes_share_one_probe(sending: Sending, esp: ScriptedEsp) -> None:
    """Four concurrent senders, each with its own range."""
    esp.answer = lambda number, _body: "refuse" if number < PROBES else accepted()

    def work(chunk: int) -> None:
        for _ in range(50):
            try:
                send_range(sending.stores, esp.account, plan_id=sending.plan_id, first=chunk, last=chunk)
                return
            except EspUnavailable as error:
                time.sleep(error.retry_after or 0)

    threads = [threading.Thread(target=work, args=(chunk,)) for chunk in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes(esp)[: PROBES + 1] == [10] + [1] * PROBES
    assert (sending.tally().in_doubt, sending.tally().pending) == (15, 0)
    assert set(esp.taken.values()) == {1}


@pytest.mark.parametrize("answer", ["throttled", "refused", "too large"])
def test_readable_refusal_keeps_requests_small(sending: Sending, esp: ScriptedEsp, answer: str) -> None:
    said = {
        "throttled": lambda: failed(429, headers={"Retry-After": "0"}),
        "refused": lambda: failed(400, "personalizations.0.to.0.email"),
        "too large": lambda: failed(413),
    }
    esp.answer = lambda number, _body: said[answer]() if number < 2 else accepted()
    sending.send(esp)
    assert max(sizes(esp)[:3]) <= 10
    assert max(sizes(esp)) >= 990
    tally = sending.tally()
    assert (tally.accepted + tally.rejected, tally.in_doubt, tally.pending) == (4_000, 0, 0)


def test_small_chunk_taken_by_another_process_is_not_a_probe(stores: Stores, esp: ScriptedEsp) -> None:
    """Its turn ends immediately, and the next chunk is sent."""
    sending = Sending(stores, people=30, chunk_size=10)
    real = outages.request_turn

    def taken_meanwhile(opened: Ledger, scope: str) -> outages.Turn:
        with opened.write() as connection:
            first = (chunks.c.chunk == 0, chunks.c.state == "pending")
            connection.execute(update(chunks).where(*first).values(state="skipped"))
        return real(opened, scope)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(outages, "request_turn", taken_meanwhile)
        assert sending.send(esp)["accepted"] == 20
    assert (sending.tally().skipped, sending.tally().pending) == (10, 0)


def test_chunk_divided_by_another_process_is_read_again(sending: Sending, esp: ScriptedEsp) -> None:
    """Another process divides the chunk after it was read as pending."""

    def divided_by_another(ledger: Ledger, chunk: Chunk, size: int, reason: str) -> list[Chunk]:
        divide_chunk(ledger, chunk, 700, "another")
        patched.undo()
        return divide_chunk(ledger, chunk, size, reason)

    patched = pytest.MonkeyPatch()
    patched.setattr(outage_guard, "divide_chunk", divided_by_another)
    assert sending.send(esp)["accepted"] == 4_000
    assert sizes(esp)[0] == 10
    assert set(esp.taken.values()) == {1}


@pytest.mark.parametrize("call", ["record_accepted_probe", "release_probe"])
def test_unavailable_ledger_at_the_end_of_a_probe_loses_no_outcome(
    sending: Sending, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The probe was accepted; failing to record the state of the outage puts nobody in doubt."""
    real = getattr(outages, call)

    def away(*arguments: object) -> None:
        monkeypatch.setattr(outages, call, real)
        raise LedgerUnavailable("the database is away.")

    monkeypatch.setattr(outages, call, away)
    with pytest.raises(LedgerUnavailable):
        sending.send(esp)
    assert sizes(esp)[0] == 10
    retried(sending, esp)
    assert (sending.tally().accepted, sending.tally().in_doubt) == (4_000, 0)
    assert set(esp.taken.values()) == {1}


def test_a_response_to_a_request_that_was_no_probe_does_not_delay_the_next_probe(ledger: Ledger) -> None:
    outages.start_sending(ledger, "host")
    outages.record_doubt(ledger, "host", outages.request_turn(ledger, "host").probe)
    throttled = ResponseClass(Kind.THROTTLED, "429")

    async def in_ledger(work: Callable[..., object], *arguments: object) -> object:
        return work(ledger, *arguments)

    guard = outage_guard.OutageGuard("host", "plan", in_ledger)
    asyncio.run(guard.record_response(outages.Turn(open=True), throttled, 600.0))
    time.sleep(0.02)
    assert outages.request_turn(ledger, "host").probe


def test_sleep_ends_after_its_duration_or_when_the_task_stops() -> None:
    started = time.monotonic()
    asyncio.run(outage_guard._sleep(0.1, lambda: False))
    assert time.monotonic() - started >= 0.09
    asyncio.run(outage_guard._sleep(60.0, lambda: True))
    assert time.monotonic() - started < 30
