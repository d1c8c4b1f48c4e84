"""Faults as senders and webhooks see them, over real sockets."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail
from tests.simulator.webhook_receiver import Receiver


def raw_send(simulator: RunningSimulator, seconds: float) -> bytes:
    """The raw bytes received within `seconds`."""
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
def test_rejections_accept_nothing_and_stop_after_count(
    idle: RunningSimulator, kind: str, status: int, message: str
) -> None:
    idle.fault(kind, count=2)
    answers = [idle.send(mail()) for _ in range(3)]
    assert [response.status_code for response in answers] == [status, status, 202]
    assert message in answers[0].json()["errors"][0]["message"]
    assert len(idle.accepted()) == 1
    assert idle.get("/control/requests")["faults"] == {kind: 2}


def test_rate_limit_resets_are_epochs_seconds_or_absent(idle: RunningSimulator) -> None:
    idle.fault("rate_limit", count=1, reset="epoch", reset_after=5)
    idle.fault("rate_limit", count=1, reset="seconds", reset_after=5)
    idle.fault("rate_limit", count=1, headers=False)
    epoch, seconds, is_silent = (idle.send(mail()).headers for _ in range(3))
    assert 4 <= int(epoch["X-RateLimit-Reset"]) - time.time() <= 6
    assert epoch["X-RateLimit-Remaining"] == "0"
    assert seconds["X-RateLimit-Reset"] == "5"
    assert not [name for name in is_silent if name.lower().startswith("x-ratelimit")]
    assert idle.send(mail()).status_code == 202


def test_html_413(idle: RunningSimulator) -> None:
    idle.fault("html_413", count=1)
    response = idle.send(mail())
    assert (response.status_code, response.headers["Content-Type"].partition(";")[0]) == (413, "text/html")
    assert idle.accepted() == []


@pytest.mark.parametrize(("kind", "status"), [("accept_then_500", 500), ("accept_then_502", 502), ("accept_then_drop", 202)])
def test_the_mail_is_accepted_whatever_the_response(idle: RunningSimulator, kind: str, status: int) -> None:
    idle.fault(kind, count=1)
    assert idle.send(mail()).status_code == status
    assert [row["tw_key"] for row in idle.accepted()] == ["key-0"]


def test_accept_then_reset(idle: RunningSimulator) -> None:
    idle.fault("accept_then_reset", count=1)
    with pytest.raises(ConnectionResetError):
        raw_send(idle, 5)
    assert len(idle.accepted()) == 1
    assert idle.get("/control/requests")["statuses"] == {"0": 1}


def test_accept_then_timeout(idle: RunningSimulator) -> None:
    idle.fault("accept_then_timeout", count=1, seconds=30)
    assert raw_send(idle, 0.5) == b""
    assert len(idle.accepted()) == 1


def test_half_header(idle: RunningSimulator) -> None:
    idle.fault("half_header", count=1)
    came = raw_send(idle, 5)
    assert came.startswith(b"HTTP/1.1 202 Accepted\r\nX-Message-Id: ")
    assert came.endswith(b"Content-Le<end>")
    assert len(idle.accepted()) == 1


def test_garbage_is_not_an_http_response(idle: RunningSimulator) -> None:
    idle.fault("garbage", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        idle.send(mail())
    assert len(idle.accepted()) == 1


def test_late_answer_responds_after_the_events(active: RunningSimulator, receiver: Receiver) -> None:
    active.fault("late_answer", count=1, seconds=1.5)
    assert active.send(mail()).status_code == 202
    assert receiver.events()


def test_slow_bytes_sends_one_byte_at_a_time(idle: RunningSimulator) -> None:
    idle.fault("slow_bytes", count=1, interval=0.1)
    came = raw_send(idle, 0.75)
    assert b"HTTP/1"[: len(came)] == came[:6]
    assert 3 <= len(came) <= 9
    assert len(idle.accepted()) == 1


def test_pause_accepts_after_the_client_disconnected(idle: RunningSimulator) -> None:
    idle.fault("pause", count=1, seconds=0.6)
    assert raw_send(idle, 0.1) == b""
    assert idle.accepted() == []
    time.sleep(0.8)
    assert len(idle.accepted()) == 1


def test_reject_address_names_one_of_many_addresses(idle: RunningSimulator) -> None:
    idle.fault("reject_address", emails=["person7@gmail.example.com"])
    response = idle.send(mail(10))
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["personalizations.7.to.0.email"]
    assert idle.send(mail(7)).status_code == 202
    assert idle.send(mail(1, first=7)).status_code == 400
    assert idle.send(mail(2, first=8)).status_code == 202


def test_reject_address_by_share_is_stable(idle: RunningSimulator) -> None:
    idle.fault("reject_address", share=0.2)
    fields = [[error["field"] for error in idle.send(mail(100)).json()["errors"]] for _ in range(2)]
    assert fields[0] == fields[1]
    assert 5 < len(fields[0]) < 40


def test_after_and_match_select_the_request(idle: RunningSimulator) -> None:
    idle.fault("credits_exhausted", after=2)
    idle.fault("refuse_500", count=1, match={"campaign": "winback"})
    assert idle.send(mail(categories=["winback"])).status_code == 500
    statuses = [idle.send(mail()).status_code for _ in range(4)]
    assert statuses == [202, 401, 401, 401]


def test_match_by_chunk(idle: RunningSimulator) -> None:
    idle.fault("refuse_500", match={"tw_chunk": "plan.2"})
    other = mail()
    other["personalizations"][0]["custom_args"]["tw_chunk"] = "plan.2"
    assert [idle.send(mail()).status_code, idle.send(other).status_code] == [202, 500]


def test_probability_is_seeded(idle: RunningSimulator) -> None:
    idle.fault("refuse_500", probability=0.5)
    statuses = Counter(idle.send(mail()).status_code for _ in range(40))
    assert 5 < statuses[500] < 35


def test_faults_are_listed_and_disarmed(idle: RunningSimulator) -> None:
    first, second = idle.fault("refuse_500"), idle.fault("forbidden")
    idle.send(mail())
    assert [(one["id"], one["fired"]) for one in idle.get("/control/faults")] == [
        (first["id"], 1),
        (second["id"], 0),
    ]
    idle.client.delete(f"{idle.base_url}/control/faults/{first['id']}")
    assert idle.send(mail()).status_code == 403
    idle.disarm()
    assert idle.send(mail()).status_code == 202


@pytest.mark.parametrize(
    "wrong", [{"kind": "nothing"}, {"kind": "refuse_500", "times": 3}, {}, {"kind": "refuse_500", "count": "x"}]
)
def test_an_invalid_fault_is_rejected(idle: RunningSimulator, wrong: dict[str, Any]) -> None:
    assert idle.client.post(f"{idle.base_url}/control/faults", json=wrong).status_code == 400


def test_accept_then_drop_emits_only_dropped(active: RunningSimulator, receiver: Receiver) -> None:
    active.fault("accept_then_drop", count=1, reason="Spam Content")
    active.send(mail(5))
    active.wait_until_quiet()
    assert {(event["event"], event["reason"]) for event in receiver.events()} == {("dropped", "Spam Content")}


def test_silence_delays_all_posts(active: RunningSimulator, receiver: Receiver) -> None:
    active.fault("silence", seconds=1.5)
    active.send(mail(5))
    time.sleep(1)
    assert receiver.posts() == []
    active.wait_until_quiet()
    assert len(receiver.events()) >= 10


def test_storm_repeats_events_with_new_ids(active: RunningSimulator, receiver: Receiver) -> None:
    active.fault("storm", copies=46, match={"tw_key": "key-0"})
    active.send(mail(2))
    active.wait_until_quiet()
    delivered = [event for event in receiver.events() if event["event"] == "processed" and event["tw_key"] == "key-0"]
    assert len({event["sg_event_id"] for event in delivered}) >= 46
    posts = [json.loads(post.body) for post in receiver.posts()]
    ids = [{event["sg_event_id"] for event in post if event in delivered} for post in posts]
    assert max(len(each) for each in ids) == 1, "a redelivery is a post of its own"
    assert len([event for event in receiver.events() if event["event"] == "processed" and event["tw_key"] == "key-1"]) <= 2


def test_unknown_keys_foreign_keys_and_bounces_without_custom_args(active: RunningSimulator, receiver: Receiver) -> None:
    active.post("/control/rates", {"all": {"hard_bounce": 0.5, "asynchronous": 0, "deferred": 0}})
    active.fault("bounces_without_custom_args")
    active.fault("unknown_keys", probability=0.5)
    active.fault("foreign_keys", keys=["other-1", "other-2"], probability=0.5)
    active.send(mail(30))
    active.wait_until_quiet()
    events = receiver.events()
    keys = {event.get("tw_key") for event in events if event["event"] != "bounce"}
    assert {"other-1", "other-2"} <= keys
    assert len(keys - {f"key-{at}" for at in range(30)} - {"other-1", "other-2"}) > 5
    own = [event for event in events if event["event"] == "bounce" and event["email"].startswith("person")]
    assert any("tw_key" not in event and "sg_message_id" not in event and event["smtp-id"] for event in own)
