"""Faults, seen as a sender and a webhook see them: over real sockets."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.running_simulator import RunningSimulator
from tests.simulator.mails import mail
from tests.simulator.receiver import Receiver


def raw_send(simulator: RunningSimulator, seconds: float) -> bytes:
    """The bytes that come back within some time, whatever they are."""
    url = httpx.URL(simulator.base_url)
    body = json.dumps(mail()).encode()
    head = (
        f"POST /v3/mail/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer SG.x\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    came, end = b"", time.monotonic() + seconds
    with socket.create_connection((url.host, url.port), timeout=seconds) as connection:
        connection.sendall(head.encode() + body)
        while (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            try:
                part = connection.recv(4096)
            except TimeoutError:
                break
            if not part:
                return came + b"<end>"
            came += part
    return came


@pytest.mark.parametrize(
    ("kind", "status", "message"),
    [
        ("refuse_500", 500, "internal error"),
        ("credits_exhausted", 401, "Maximum credits exceeded"),
        ("bad_key", 401, "invalid, expired, or revoked"),
        ("forbidden", 403, "access forbidden"),
        ("rate_limit", 429, "too many requests"),
    ],
)
def test_refusals_accept_nobody_and_end_with_their_count(
    clean: RunningSimulator, kind: str, status: int, message: str
) -> None:
    clean.fault(kind, count=2)
    answers = [clean.send(mail()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 202]
    assert message in answers[0].json()["errors"][0]["message"]
    assert len(clean.accepted()) == 1
    assert clean.get("/control/requests")["faults"] == {kind: 2}


def test_rate_limits_tell_their_end_in_either_unit_or_not_at_all(clean: RunningSimulator) -> None:
    clean.fault("rate_limit", count=1, reset="epoch", reset_after=5)
    clean.fault("rate_limit", count=1, reset="seconds", reset_after=5)
    clean.fault("rate_limit", count=1, headers=False)
    epoch, seconds, silent = (clean.send(mail()).headers for _ in range(3))
    assert 4 <= int(epoch["X-RateLimit-Reset"]) - time.time() <= 6
    assert epoch["X-RateLimit-Remaining"] == "0"
    assert seconds["X-RateLimit-Reset"] == "5"
    assert not [name for name in silent if name.lower().startswith("x-ratelimit")]
    assert clean.send(mail()).status_code == 202


def test_html_413(clean: RunningSimulator) -> None:
    clean.fault("html_413", count=1)
    answer = clean.send(mail())
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (413, "text/html")
    assert clean.accepted() == []


@pytest.mark.parametrize(("kind", "status"), [("accept_then_500", 500), ("accept_then_502", 502), ("accept_then_drop", 202)])
def test_accepted_whatever_the_answer_says(clean: RunningSimulator, kind: str, status: int) -> None:
    clean.fault(kind, count=1)
    assert clean.send(mail()).status_code == status
    assert [row["tw_key"] for row in clean.accepted()] == ["key-0"]


def test_accept_then_reset(clean: RunningSimulator) -> None:
    clean.fault("accept_then_reset", count=1)
    with pytest.raises(ConnectionResetError):
        raw_send(clean, 5)
    assert len(clean.accepted()) == 1
    assert clean.get("/control/requests")["statuses"] == {"0": 1}


def test_accept_then_timeout(clean: RunningSimulator) -> None:
    clean.fault("accept_then_timeout", count=1, seconds=30)
    assert raw_send(clean, 0.5) == b""
    assert len(clean.accepted()) == 1


def test_half_a_header(clean: RunningSimulator) -> None:
    clean.fault("half_header", count=1)
    came = raw_send(clean, 5)
    assert came.startswith(b"HTTP/1.1 202 Accepted\r\nX-Message-Id: ")
    assert came.endswith(b"Content-Le<end>")
    assert len(clean.accepted()) == 1


def test_garbage_is_no_answer(clean: RunningSimulator) -> None:
    clean.fault("garbage", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        clean.send(mail())
    assert len(clean.accepted()) == 1


def test_a_late_answer_comes_after_the_events(living: RunningSimulator, receiver: Receiver) -> None:
    living.fault("late_answer", count=1, seconds=1.5)
    assert living.send(mail()).status_code == 202
    assert receiver.events()


def test_one_byte_at_a_time(clean: RunningSimulator) -> None:
    clean.fault("slow_bytes", count=1, interval=0.1)
    came = raw_send(clean, 0.75)
    assert b"HTTP/1"[: len(came)] == came[:6]
    assert 3 <= len(came) <= 9
    assert len(clean.accepted()) == 1


def test_a_pause_accepts_even_if_the_sender_has_gone(clean: RunningSimulator) -> None:
    clean.fault("pause", count=1, seconds=0.6)
    assert raw_send(clean, 0.1) == b""
    assert clean.accepted() == []
    time.sleep(0.8)
    assert len(clean.accepted()) == 1


def test_one_address_of_many_is_named(clean: RunningSimulator) -> None:
    clean.fault("reject_address", emails=["person7@gmail.example.com"])
    answer = clean.send(mail(10))
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["personalizations.7.to.0.email"]
    assert clean.send(mail(7)).status_code == 202
    assert clean.send(mail(1, first=7)).status_code == 400
    assert clean.send(mail(2, first=8)).status_code == 202


def test_a_share_of_the_addresses_is_always_the_same(clean: RunningSimulator) -> None:
    clean.fault("reject_address", share=0.2)
    fields = [[error["field"] for error in clean.send(mail(100)).json()["errors"]] for _ in range(2)]
    assert fields[0] == fields[1]
    assert 5 < len(fields[0]) < 40


def test_after_and_match_choose_the_request(clean: RunningSimulator) -> None:
    clean.fault("credits_exhausted", after=2)
    clean.fault("refuse_500", count=1, match={"campaign": "winback"})
    assert clean.send(mail(categories=["winback"])).status_code == 500
    statuses = [clean.send(mail()).status_code for _ in range(4)]
    assert statuses == [202, 401, 401, 401]


def test_a_chunk_can_be_chosen(clean: RunningSimulator) -> None:
    clean.fault("refuse_500", match={"tw_chunk": "plan.2"})
    other = mail()
    other["personalizations"][0]["custom_args"]["tw_chunk"] = "plan.2"
    assert [clean.send(mail()).status_code, clean.send(other).status_code] == [202, 500]


def test_probability_is_seeded(clean: RunningSimulator) -> None:
    clean.fault("refuse_500", probability=0.5)
    statuses = Counter(clean.send(mail()).status_code for _ in range(40))
    assert 5 < statuses[500] < 35


def test_faults_are_listed_and_disarmed(clean: RunningSimulator) -> None:
    first, second = clean.fault("refuse_500"), clean.fault("forbidden")
    clean.send(mail())
    assert [(one["id"], one["fired"]) for one in clean.get("/control/faults")] == [(first["id"], 1), (second["id"], 0)]
    clean.client.delete(f"{clean.base_url}/control/faults/{first['id']}")
    assert clean.send(mail()).status_code == 403
    clean.disarm()
    assert clean.send(mail()).status_code == 202


@pytest.mark.parametrize(
    "wrong", [{"kind": "nothing"}, {"kind": "refuse_500", "times": 3}, {}, {"kind": "refuse_500", "count": "x"}]
)
def test_a_fault_that_does_not_exist_is_refused(clean: RunningSimulator, wrong: dict[str, Any]) -> None:
    assert clean.client.post(f"{clean.base_url}/control/faults", json=wrong).status_code == 400


def test_accept_then_drop_lives_no_further(living: RunningSimulator, receiver: Receiver) -> None:
    living.fault("accept_then_drop", count=1, reason="Spam Content")
    living.send(mail(5))
    living.wait_until_quiet()
    assert {(event["event"], event["reason"]) for event in receiver.events()} == {("dropped", "Spam Content")}


def test_silence_then_a_flood(living: RunningSimulator, receiver: Receiver) -> None:
    living.fault("silence", seconds=1.5)
    living.send(mail(5))
    time.sleep(1)
    assert receiver.posts() == []
    living.wait_until_quiet()
    assert len(receiver.events()) >= 10


def test_a_storm_of_new_ids(living: RunningSimulator, receiver: Receiver) -> None:
    living.fault("storm", copies=46, match={"tw_key": "key-0"})
    living.send(mail(2))
    living.wait_until_quiet()
    delivered = [event for event in receiver.events() if event["event"] == "processed" and event["tw_key"] == "key-0"]
    assert len({event["sg_event_id"] for event in delivered}) >= 46
    posts = [json.loads(post.body) for post in receiver.posts()]
    ids = [{event["sg_event_id"] for event in post if event in delivered} for post in posts]
    assert max(len(each) for each in ids) == 1, "a redelivery is a post of its own"
    assert len([event for event in receiver.events() if event["event"] == "processed" and event["tw_key"] == "key-1"]) <= 2


def test_unknown_and_foreign_keys_and_bare_bounces(living: RunningSimulator, receiver: Receiver) -> None:
    living.post("/control/rates", {"all": {"hard_bounce": 0.5, "asynchronous": 0, "deferred": 0}})
    living.fault("bounces_without_custom_args")
    living.fault("unknown_keys", probability=0.5)
    living.fault("foreign_keys", keys=["other-1", "other-2"], probability=0.5)
    living.send(mail(30))
    living.wait_until_quiet()
    events = receiver.events()
    keys = {event.get("tw_key") for event in events if event["event"] != "bounce"}
    assert {"other-1", "other-2"} <= keys
    assert len(keys - {f"key-{at}" for at in range(30)} - {"other-1", "other-2"}) > 5
    own = [event for event in events if event["event"] == "bounce" and event["email"].startswith("person")]
    assert any("tw_key" not in event and "sg_message_id" not in event and event["smtp-id"] for event in own)
