"""Events from an accepted mail to the webhook."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sendgrid.helpers.eventwebhook import EventWebhook

from tests.running_simulator import RunningSimulator
from tests.simulator.conftest import FAST
from tests.simulator.mail_bodies import LINK, mail
from tests.simulator.webhook_receiver import Receiver, Request

COMMON = {"email", "timestamp", "event", "sg_event_id", "sg_message_id", "category", "tw_key", "tw_try", "tw_chunk"}
FIELDS = {
    "processed": {"smtp-id", "pool"},
    "dropped": {"smtp-id", "reason"},
    "deferred": {"smtp-id", "response", "attempt", "domain", "from"},
    "delivered": {"smtp-id", "response", "ip", "tls"},
    "bounce": {"type", "bounce_classification", "reason", "status", "smtp-id", "ip", "tls"},
    "open": {"useragent", "ip", "sg_machine_open", "sg_content_type"},
    "click": {"url", "url_offset", "useragent", "ip"},
    "spamreport": set[str](),
}
BUSY_RATES = {
    "hard_bounce": 0.1, "blocked": 0.1, "asynchronous": 0.3, "deferred": 0.3, "human_open": 0.7, "click": 0.6,
    "complaint": 0.2, "invalid": 0.05, "scanner": 0.3, "machine_open": 0.3, "one_click": 0.1, "body_unsubscribe": 0.1,
}  # fmt: skip


def verifies(request: Request, public_key: str) -> bool:
    """Whether sendgrid-python's helper verifies the signature."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    helper = EventWebhook()
    return bool(
        helper.verify_signature(
            request.body.decode(),
            headers["x-twilio-email-event-webhook-signature"],
            headers["x-twilio-email-event-webhook-timestamp"],
            helper.convert_public_key_to_ecdsa(public_key),
        )
    )


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningSimulator, Receiver]]:
    """A finished run of 300 busy recipients, and the receiver of its events."""
    receiver = Receiver()
    simulator = RunningSimulator(tmp_path_factory.mktemp("finished"), webhook=f"{receiver.url}/events", **FAST)
    simulator.post("/control/rates", {"all": BUSY_RATES})
    for provider in ("icloud", "outlook", "firm"):
        assert simulator.send(mail(100, provider, first=len(provider) * 1_000)).status_code == 202
    simulator.wait_until_quiet()
    yield simulator, receiver
    simulator.stop()
    receiver.close()


def test_events_are_signed_complete_and_in_sendgrids_format(finished_run: tuple[RunningSimulator, Receiver]) -> None:
    simulator, receiver = finished_run
    assert all(verifies(request, simulator.public_key) for request in receiver.posts())
    assert all(request.body.startswith(b"[") and request.body.endswith(b"]\r\n") for request in receiver.posts())
    events = receiver.events()
    late = [event for event in events if "sg_message_id" not in event]
    assert late
    assert all(event["event"] == "bounce" and "tw_key" not in event and event["smtp-id"] for event in late)
    for event in events:
        if "sg_message_id" in event:
            assert set(event) == COMMON | FIELDS[event["event"]]
    assert {event["event"] for event in events} == set(FIELDS)
    assert {event["type"] for event in events if event["event"] == "bounce"} == {"bounce", "blocked"}
    assert all(
        isinstance(event["attempt"], str) and event["attempt"].isdigit() for event in events if event["event"] == "deferred"
    )
    assert any(event["sg_machine_open"] for event in events if event["event"] == "open")
    ids = {row["tw_key"]: row["x_message_id"] for row in simulator.accepted()}
    assert all(event["sg_message_id"].partition(".")[0] == ids[event["tw_key"]] for event in events if "tw_key" in event)
    counts = simulator.status()
    assert counts["events_posted"] == len(events) > counts["events_emitted"]


def test_some_events_are_repeated_and_some_of_them_with_a_new_id(finished_run: tuple[RunningSimulator, Receiver]) -> None:
    _, receiver = finished_run
    events = receiver.events()
    by_id = Counter(event["sg_event_id"] for event in events)
    assert max(by_id.values()) == 2
    contents = Counter(
        json.dumps({k: v for k, v in event.items() if k != "sg_event_id"}, sort_keys=True) for event in events
    )
    assert sum(contents.values()) - len(contents) > len(events) - len(by_id)


def test_clicked_links_occur_in_the_body(finished_run: tuple[RunningSimulator, Receiver]) -> None:
    _, receiver = finished_run
    clicks = [event for event in receiver.events() if event["event"] == "click"]
    assert clicks
    for click in clicks:
        own = LINK + click["tw_key"].removeprefix("key-")
        assert (click["url"], click["url_offset"]["index"]) in (("https://shop.example/new", 0), (own, 1))


def test_statistics_and_lists_agree_with_the_events(finished_run: tuple[RunningSimulator, Receiver]) -> None:
    simulator, receiver = finished_run
    unique = {event["sg_event_id"]: event for event in receiver.events()}
    first = {json.dumps({**event, "sg_event_id": ""}, sort_keys=True): event for event in unique.values()}.values()
    kinds = Counter(event["event"] for event in first)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    (day, *_) = simulator.get("/v3/stats", start_date=today)
    metrics = day["stats"][0]["metrics"]
    assert metrics["delivered"] == kinds["delivered"]
    assert 0 <= metrics["processed"] - kinds["processed"] < 10
    assert metrics["bounces"] + metrics["blocks"] == kinds["bounce"]
    assert metrics["requests"] == 300
    assert metrics["spam_reports"] == kinds["spamreport"]
    (by_category,) = simulator.get("/v3/categories/stats", start_date=today, categories="newsletter")[0]["stats"]
    assert by_category["metrics"] == metrics
    by_provider = simulator.get("/v3/mailbox_providers/stats", start_date=today)[0]["stats"]
    assert sum(one["metrics"]["delivered"] for one in by_provider) == kinds["delivered"]
    hard = {event["email"] for event in first if event["event"] == "bounce" and event["type"] == "bounce"}
    assert {row["email"] for row in simulator.get("/v3/suppression/bounces")} == hard
    reports = {event["email"] for event in first if event["event"] == "spamreport"}
    assert {row["email"] for row in simulator.get("/v3/suppression/spam_reports")} == reports


def test_bounced_addresses_are_dropped_next_time_and_blocked_ones_are_not(
    active: RunningSimulator, receiver: Receiver
) -> None:
    active.post(
        "/control/rates", {"all": {"hard_bounce": 0.5, "blocked": 0.5, "deferred": 0, "invalid": 0, "spam_content": 0}}
    )
    active.send(mail(20))
    active.wait_until_quiet()
    hard = {row["email"] for row in active.get("/v3/suppression/bounces")}
    receiver.requests.clear()
    active.send(mail(20))
    active.wait_until_quiet()
    dropped = {event["email"]: event["reason"] for event in receiver.events() if event["event"] == "dropped"}
    assert dropped == dict.fromkeys(hard, "Bounced Address")
    assert 0 < len(hard) < 20


def test_without_tracking_there_are_no_opens_and_clicks(active: RunningSimulator, receiver: Receiver) -> None:
    active.post("/control/rates", {"all": BUSY_RATES})
    off = {"click_tracking": {"enable": False, "enable_text": False}, "open_tracking": {"enable": False}}
    active.send(mail(100, "outlook", tracking_settings=off))
    active.send(mail(100, "firm", tracking_settings={}))
    active.wait_until_quiet()
    assert {"open", "click"}.isdisjoint(event["event"] for event in receiver.events())


def test_the_same_seed_and_keys_have_the_same_events(active: RunningSimulator, receiver: Receiver) -> None:
    outcomes = []
    for _ in range(2):
        active.send(mail(100))
        active.wait_until_quiet()
        found = [event for event in receiver.events() if event["event"] != "processed"]
        outcomes.append({(event.get("tw_key"), event["event"], event.get("attempt"), event.get("url")) for event in found})
        receiver.requests.clear()
        active.reset()
    assert outcomes[0] == outcomes[1]


def test_a_failed_post_is_retried(active: RunningSimulator, receiver: Receiver) -> None:
    receiver.statuses = [500, 302, 204]
    active.send(mail(1))
    active.wait_until_quiet()
    first = receiver.posts()[0]
    assert sum(request.body == first.body for request in receiver.posts()) >= 2
    assert active.status()["posts_total"] == len(receiver.posts()) - 2


def test_events_are_queued_while_the_webhook_is_down(start_simulator: Callable[..., RunningSimulator]) -> None:
    simulator = start_simulator(webhook="http://127.0.0.1:9/events", **FAST)
    simulator.send(mail(5))
    end = time.monotonic() + 120
    while not (simulator.status()["events_emitted"] and not simulator.status()["events_pending"]):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert simulator.status()["events_in_pending_posts"] >= 10
    assert simulator.status()["posts_total"] == 0


def test_the_timeline_of_a_message_can_be_queried(finished_run: tuple[RunningSimulator, Receiver]) -> None:
    simulator, receiver = finished_run
    key = simulator.accepted()[0]["tw_key"]
    life = simulator.get(f"/control/message/{key}")["timeline"]
    told = {entry["sg_event_id"] for entry in life}
    plain = {event["sg_event_id"] for event in receiver.events() if event.get("tw_key") == key}
    assert told & plain
    assert life[0]["kind"] in ("processed", "dropped")


def test_people_unsubscribe_at_the_edge_and_scanners_only_open_links(active: RunningSimulator, receiver: Receiver) -> None:
    active.post("/control/rates", {"all": {"one_click": 0.3, "human_open": 0.5, "body_unsubscribe": 0.5, "scanner": 0.5}})
    active.send(mail(60, "outlook"))
    active.wait_until_quiet()
    link_visits = [request for request in receiver.requests if request.path != "/events"]
    looked = Counter(request.path for request in link_visits if request.method == "GET")
    left = [request for request in link_visits if request.method == "POST"]
    assert {request.body for request in left} == {b"List-Unsubscribe=One-Click", b"List-Unsubscribe=One-Click&sure=yes"}
    assert all(request.headers["Content-Type"] == "application/x-www-form-urlencoded" for request in left)
    assert all(request.path.startswith("/u/TOKEN") for request in link_visits)
    told = active.get("/control/link-visits")
    assert {link_visit["status"] for link_visit in told} == {204, 200}
    leavers = {f"/u/TOKEN{link_visit['tw_key'].removeprefix('key-')}" for link_visit in told if link_visit["how"] != "scan"}
    assert leavers == {request.path for request in left}
    assert set(looked) - {request.path for request in left}
    assert not any(event["event"] == "unsubscribe" for event in receiver.events())


def test_sendgrids_own_links_cause_unsubscribe_events(active: RunningSimulator, receiver: Receiver) -> None:
    active.post("/control/rates", {"all": {"human_open": 1, "body_unsubscribe": 1, "complaint": 0}})
    own = mail(10, tracking_settings={"subscription_tracking": {"enable": True}})
    for person in own["personalizations"]:
        del person["headers"]
    active.send(own)
    group = active.post("/v3/asm/groups", {"name": "News", "description": "Weekly"})["id"]
    active.send({**own, "asm": {"group_id": group}, "tracking_settings": {}})
    active.wait_until_quiet()
    kinds = Counter(event["event"] for event in receiver.events())
    assert kinds["unsubscribe"] > 5
    assert kinds["group_unsubscribe"] > 5
    assert len(active.get("/v3/suppression/unsubscribes")) > 5
    assert len(active.get(f"/v3/asm/groups/{group}/suppressions")) > 5


def test_events_can_be_injected(active: RunningSimulator, receiver: Receiver) -> None:
    event = {"event": "account_status_change", "type": "compliance_suspend", "timestamp": 1, "sg_event_id": "x"}
    assert active.post("/control/events", [event]) == {"posts": 1}
    active.wait_until_quiet()
    assert receiver.events() == [event]
    assert verifies(receiver.posts()[0], active.public_key)
    assert active.client.post(f"{active.base_url}/control/events", json={}).status_code == 400
