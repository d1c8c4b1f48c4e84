"""Every response of mail/send and its effect: who gets the message, who is retried, and when."""

from __future__ import annotations

import time

import pytest

from include.core.errors import CampaignStopped
from include.core.keys import address_key, message_key
from include.dispatch.send import backoff
from include.ledger import suppressions
from include.ledger.stores import Stores
from tests.dispatch.frozen import email_of
from tests.dispatch.scripted_esp import Reply, ScriptedEsp, accepted, failed
from tests.dispatch.sending import Sending


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's own waits last milliseconds: longer ones were requested by SendGrid."""
    monkeypatch.setattr(backoff, "FIRST_BACKOFF_SECONDS", 0.001)


@pytest.fixture
def one_chunk(stores: Stores) -> Sending:
    return Sending(stores, people=10, chunk_size=10)


@pytest.mark.parametrize("status", [200, 201, 204, 408, 500, 502, 503, 504])
def test_ambiguous_response_is_in_doubt_and_never_resent(one_chunk: Sending, esp: ScriptedEsp, status: int) -> None:
    esp.answer = lambda _number, _body: failed(status)
    assert one_chunk.send(esp) == {"requests": 1, "in_doubt": 10}
    esp.answer = lambda _number, _body: accepted()
    assert one_chunk.send(esp) == {}
    assert (one_chunk.tally().in_doubt, one_chunk.tally().accepted) == (10, 0)
    assert len(esp.bodies) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 401, 402, 403, 404, 405, 415, 422, 451])
def test_permanent_error_stops_the_campaign_and_keeps_everybody_pending(
    one_chunk: Sending, esp: ScriptedEsp, status: int
) -> None:
    esp.answer = lambda _number, _body: failed(status, headers={"Location": f"{esp.account.host}/v3/mail/send"})
    with pytest.raises(CampaignStopped, match=str(status)):
        one_chunk.send(esp)
    assert one_chunk.tally().pending == 10
    assert len(esp.bodies) == 1


@pytest.mark.parametrize("header", ["X-RateLimit-Reset", "Retry-After"])
@pytest.mark.parametrize("as_epoch", [False, True])
def test_nothing_is_sent_before_the_reset_time_of_a_429(
    one_chunk: Sending, esp: ScriptedEsp, header: str, as_epoch: bool
) -> None:
    times: list[float] = []

    def answer(number: int, _body: object) -> Reply:
        times.append(time.monotonic())
        told = time.time() + 0.8 if as_epoch else 0.8
        return accepted() if number else failed(429, headers={header: f"{told:.3f}"})

    esp.answer = answer
    assert one_chunk.send(esp) == {"requests": 2, "accepted": 10}
    assert 0.79 <= times[1] - times[0] < 30


def test_429_for_one_worker_pauses_all_workers(stores: Stores, esp: ScriptedEsp) -> None:
    sending, times = Sending(stores, people=100, chunk_size=1), list[float]()

    def answer(number: int, _body: object) -> Reply:
        times.append(time.monotonic())
        return accepted() if number else failed(429, headers={"Retry-After": "2"})

    esp.answer = answer
    assert sending.send(esp)["accepted"] == 100
    early = [at - times[0] for at in times if at - times[0] < 1.9]
    assert len(early) <= 20, "only requests that were open when the 429 came"


def test_person_suppressed_at_an_earlier_claim_is_not_in_the_next_request(one_chunk: Sending, esp: ScriptedEsp) -> None:
    """A person unsubscribes, their chunk is claimed without them and gets a 429, and they return before the next claim.

    Their outcome is already in the ledger: including them would count them twice.
    """
    address = address_key(one_chunk.secrets.address_key, email_of(3))
    suppressions.suppress(one_chunk.ledger, [suppressions.Suppression(address, "unsubscribe", "edge", 1.0)])

    def answer(number: int, _body: object) -> Reply:
        if number == 0:
            assert suppressions.lift(one_chunk.ledger, address, "preferences")
        return accepted() if number else failed(429, headers={"Retry-After": "0"})

    esp.answer = answer
    assert one_chunk.send(esp) == {"requests": 2, "accepted": 9}
    assert message_key("spring", "once", "3") not in esp.taken
    assert (one_chunk.tally().accepted, one_chunk.tally().suppressed) == (9, 1)
