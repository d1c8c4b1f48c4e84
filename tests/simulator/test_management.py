"""The management calls, through sendgrid-python where it supports them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sendgrid import SendGridAPIClient

from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail
from tests.simulator.webhook_receiver import Receiver

ADDRESSES = ["a@example.com", "B@example.com", "c@example.com"]


def call(simulator: RunningSimulator, method: str, path: str, content: Any = None) -> httpx.Response:
    headers = {"Authorization": "Bearer SG.x"}
    return simulator.client.request(method, f"{simulator.base_url}/v3/{path}", json=content, headers=headers)


def test_sendgrids_client_reads_the_key_and_unsubscribes(idle: RunningSimulator) -> None:
    client = SendGridAPIClient("SG.x", host=idle.base_url).client
    signed = client.user.webhooks.event.settings.signed.get()
    assert signed.to_dict["public_key"] == idle.public_key
    added = client.asm.suppressions._("global").post(request_body={"recipient_emails": ADDRESSES})
    assert added.status_code == 201
    assert {row["email"] for row in idle.get("/v3/suppression/unsubscribes")} == {
        "a@example.com",
        "b@example.com",
        "c@example.com",
    }
    assert idle.get("/v3/asm/suppressions/global/b@example.com") == {"recipient_email": "b@example.com"}
    assert client.asm.suppressions._("global")._("b@example.com").delete().status_code == 204
    assert idle.get("/v3/asm/suppressions/global/b@example.com") == {}


def test_lists_are_paged_and_bounded(idle: RunningSimulator) -> None:
    idle.post("/v3/asm/suppressions/global", {"recipient_emails": [f"p{at:03}@example.com" for at in range(12)]})
    pages = [idle.get("/v3/suppression/unsubscribes", limit=5, offset=offset) for offset in (0, 5, 10)]
    assert [len(page) for page in pages] == [5, 5, 2]
    assert len({row["email"] for page in pages for row in page}) == 12
    now = int(time.time())
    assert idle.get("/v3/suppression/unsubscribes", start_time=now + 60) == []
    assert len(idle.get("/v3/suppression/unsubscribes", start_time=now - 60, end_time=now + 60)) == 12
    for wrong in ("limit=0", "limit=501", "limit=x", "offset=-1"):
        assert call(idle, "GET", f"suppression/bounces?{wrong}").status_code == 400


def test_entries_can_be_removed(idle: RunningSimulator) -> None:
    idle.post("/v3/asm/suppressions/global", {"recipient_emails": ADDRESSES})
    assert call(idle, "DELETE", "suppression/unsubscribes/a@example.com").status_code == 204
    assert call(idle, "DELETE", "suppression/unsubscribes/a@example.com").status_code == 404
    assert call(idle, "DELETE", "suppression/unsubscribes", {}).status_code == 400
    assert call(idle, "DELETE", "suppression/unsubscribes", {"delete_all": True}).status_code == 204
    assert idle.get("/v3/suppression/unsubscribes") == []


def test_groups(idle: RunningSimulator) -> None:
    group = idle.post("/v3/asm/groups", {"name": "News", "description": "Weekly"})
    idle.post(f"/v3/asm/groups/{group['id']}/suppressions", {"recipient_emails": ADDRESSES})
    assert len(idle.get(f"/v3/asm/groups/{group['id']}/suppressions")) == 3
    assert idle.get("/v3/asm/groups")[0]["unsubscribes"] == 3
    assert call(idle, "DELETE", f"asm/groups/{group['id']}/suppressions/a@example.com").status_code == 204
    assert call(idle, "POST", "asm/groups", {"name": "a" * 31, "description": "b"}).status_code == 400
    assert call(idle, "POST", "asm/groups", {"name": "a", "description": "b" * 101}).status_code == 400
    assert call(idle, "GET", "asm/groups/99").status_code == 404
    assert idle.send(mail(asm={"group_id": group["id"]})).status_code == 202
    assert call(idle, "DELETE", f"asm/groups/{group['id']}").status_code == 204
    assert idle.send(mail(asm={"group_id": group["id"]})).status_code == 400


def test_at_most_ten_batches_are_paused_or_cancelled(idle: RunningSimulator) -> None:
    batches = [idle.post("/v3/mail/batch")["batch_id"] for _ in range(11)]
    held = [
        call(idle, "POST", "user/scheduled_sends", {"batch_id": batch, "status": "pause"}).status_code for batch in batches
    ]
    assert held == [201] * 10 + [400]
    assert call(idle, "POST", "user/scheduled_sends", {"batch_id": batches[0], "status": "cancel"}).status_code == 400
    assert call(idle, "PATCH", f"user/scheduled_sends/{batches[0]}", {"status": "cancel"}).status_code == 204
    assert idle.get(f"/v3/user/scheduled_sends/{batches[0]}") == [{"batch_id": batches[0], "status": "cancel"}]
    assert call(idle, "DELETE", f"user/scheduled_sends/{batches[0]}").status_code == 204
    assert call(idle, "DELETE", f"user/scheduled_sends/{batches[0]}").status_code == 404
    assert call(idle, "POST", "user/scheduled_sends", {"batch_id": "none", "status": "pause"}).status_code == 400
    assert call(idle, "POST", "user/scheduled_sends", {"batch_id": batches[10], "status": "stop"}).status_code == 400
    assert call(idle, "GET", f"mail/batch/{batches[0]}").status_code == 200
    assert call(idle, "GET", "mail/batch/none").status_code == 400


def test_paused_mail_waits_and_cancelled_mail_is_never_sent(active: RunningSimulator, receiver: Receiver) -> None:
    paused, cancelled, free = (active.post("/v3/mail/batch")["batch_id"] for _ in range(3))
    soon = int(time.time()) + 2
    for number, batch in enumerate((paused, cancelled, free)):
        assert active.send(mail(3, first=number * 3, batch_id=batch, send_at=soon)).status_code == 202
    for batch, status in ((paused, "pause"), (cancelled, "cancel")):
        assert call(active, "POST", "user/scheduled_sends", {"batch_id": batch, "status": status}).status_code == 201
    time.sleep(0.7)
    assert receiver.events() == []
    end = time.monotonic() + 120
    while (counts := active.status())["runs_waiting"] > 1 or counts["events_pending"] or counts["posts_pending"]:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert {event["tw_key"] for event in receiver.events()} == {"key-6", "key-7", "key-8"}
    assert min(event["timestamp"] for event in receiver.events()) >= soon
    assert {event["send_at"] for event in receiver.events() if event["event"] == "processed"} == {soon}
    assert call(active, "DELETE", f"user/scheduled_sends/{paused}").status_code == 204
    active.wait_until_quiet()
    assert {event["tw_key"] for event in receiver.events()} == {f"key-{at}" for at in (0, 1, 2, 6, 7, 8)}


def test_a_cancellation_within_the_notice_has_no_effect(
    start_simulator: Callable[..., RunningSimulator], receiver: Receiver
) -> None:
    active = start_simulator(webhook=f"{receiver.url}/events", speed=40, flush=0.05)
    batch = active.post("/v3/mail/batch")["batch_id"]
    active.send(mail(batch_id=batch, send_at=int(time.time()) + 1))
    call(active, "POST", "user/scheduled_sends", {"batch_id": batch, "status": "cancel"})
    active.wait_until_quiet()
    assert receiver.events()


def test_a_flush_makes_scheduled_mail_due_on_request(active: RunningSimulator, receiver: Receiver) -> None:
    active.send(mail(3, send_at=int(time.time()) + 3600))
    active.post("/control/flush?recipients=finish")
    assert (active.status()["runs_waiting"], receiver.events()) == (1, [])
    active.post("/control/flush?scheduled=start")
    active.wait_until_quiet()
    assert {event["tw_key"] for event in receiver.events()} == {"key-0", "key-1", "key-2"}


def test_activity_is_limited_to_six_requests_per_minute(active: RunningSimulator) -> None:
    active.send(mail(3))
    active.wait_until_quiet()
    by_key = active.get("/v3/messages", query="unique_args['tw_key']=\"key-1\"")["messages"]
    assert [row["to_email"] for row in by_key] == ["person1@gmail.example.com"]
    (row,) = by_key
    assert set(row) == {
        "from_email",
        "msg_id",
        "subject",
        "to_email",
        "status",
        "opens_count",
        "clicks_count",
        "last_event_time",
    }
    assert row["status"] in ("delivered", "not_delivered")
    assert call(active, "GET", "messages").status_code == 400
    assert call(active, "GET", "messages?query=magic%3D%221%22").status_code == 400
    statuses = [call(active, "GET", "messages?query=to_email%3D%22x%22").status_code for _ in range(12)]
    assert 429 in statuses


def test_activity_can_be_unavailable(start_simulator: Callable[..., RunningSimulator]) -> None:
    poor = start_simulator(no_recipients=True, no_activity=True)
    assert call(poor, "GET", "messages?query=to_email%3D%22x%22").status_code == 403


def test_erased_addresses_are_removed_and_stay_suppressed(idle: RunningSimulator) -> None:
    idle.send(mail(2))
    idle.post("/v3/asm/suppressions/global", {"recipient_emails": ["person0@gmail.example.com"]})
    response = call(idle, "POST", "recipients/erasejob", {"email_addresses": ["Person0@gmail.example.com"]})
    assert (response.status_code, set(response.json())) == (202, {"job_id"})
    assert [row["email"] for row in idle.accepted()] == ["erased", "person1@gmail.example.com"]
    assert len(idle.get("/v3/suppression/unsubscribes")) == 1
    assert call(idle, "POST", "recipients/erasejob", {"email_addresses": []}).status_code == 400
    assert call(idle, "POST", "recipients/erasejob", {"email_addresses": ["a"] * 5_001}).status_code == 400


def test_account_calls(idle: RunningSimulator) -> None:
    assert {row["domain"] for row in idle.get("/v3/whitelabel/domains")} == {
        "example.com",
        "example.org",
        "example.net",
    }
    assert idle.get("/v3/verified_senders") == {"results": []}
    assert "mail.send" in idle.get("/v3/scopes")["scopes"]
    refused = idle.client.get(f"{idle.base_url}/v3/scopes")
    assert refused.status_code == 401


@pytest.mark.parametrize("query", ["", "start_date=x", "start_date=2026-01-02&end_date=2026-01-01"])
def test_statistics_require_valid_dates(idle: RunningSimulator, query: str) -> None:
    assert call(idle, "GET", f"stats?{query}").status_code == 400


def test_statistics_by_week_and_month(idle: RunningSimulator) -> None:
    span = {"start_date": "2026-01-01", "end_date": "2026-02-28"}
    assert len(idle.get("/v3/stats", **span)) == 59
    assert [row["date"] for row in idle.get("/v3/stats", **span, aggregated_by="month")] == [
        "2026-01-01",
        "2026-02-01",
    ]
    assert idle.get("/v3/stats", **span, aggregated_by="week")[0]["date"] == "2025-12-29"


def test_category_statistics_require_exactly_one_category(idle: RunningSimulator) -> None:
    idle.send(mail(categories=["newsletter", "winback"]))
    day = time.strftime("%Y-%m-%d", time.gmtime())
    path = f"categories/stats?start_date={day}&aggregated_by=day"
    assert call(idle, "GET", f"{path}&categories=newsletter").status_code == 200
    for wrong in ("", "&categories=", "&categories=newsletter&categories=winback"):
        assert call(idle, "GET", path + wrong).status_code == 400, wrong


def test_a_batch_stays_on_hold_when_its_status_changes_and_expires_otherwise(
    start_simulator: Callable[..., RunningSimulator], receiver: Receiver
) -> None:
    active = start_simulator(webhook=f"{receiver.url}/events", speed=40, flush=0.05, notice=1, paused_retention=1)
    changed, expired = (active.post("/v3/mail/batch")["batch_id"] for _ in range(2))
    soon = int(time.time()) + 3
    for number, batch in enumerate((changed, expired)):
        active.send(mail(3, first=number * 3, batch_id=batch, send_at=soon))
        assert call(active, "POST", "user/scheduled_sends", {"batch_id": batch, "status": "pause"}).status_code == 201
    time.sleep(max(0.0, soon + 0.2 - time.time()))
    assert call(active, "PATCH", f"user/scheduled_sends/{changed}", {"status": "cancel"}).status_code == 204
    active.wait_until_quiet()
    for batch in (changed, expired):
        assert call(active, "DELETE", f"user/scheduled_sends/{batch}").status_code == 204
    time.sleep(0.3)
    assert active.wait_until_quiet()
    assert receiver.events() == []
