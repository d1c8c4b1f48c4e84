"""POST /v3/mail/send over HTTP: status, headers, response formats, recorded messages."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Callable

import httpx
import pytest

from simulator.api.acceptance import message_id
from simulator.api.rules import MAX_BYTES
from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail, with_

HEADERS = {"Authorization": "Bearer SG.x", "Content-Type": "application/json", "Accept": "application/json"}


def post(simulator: RunningSimulator, body: bytes = b"", **changed: str | None) -> httpx.Response:
    """A POST whose headers can be replaced, or left out with None."""
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in changed.items()}}
    request = simulator.client.build_request("POST", f"{simulator.base_url}/v3/mail/send", content=body)
    for name, value in headers.items():
        request.headers.pop(name, None)
        if value is not None:
            request.headers[name] = value
    return simulator.client.send(request)


GOOD = json.dumps(mail()).encode()


def test_a_good_mail_is_queued(idle: RunningSimulator) -> None:
    response = idle.send(mail(3))
    assert (response.status_code, response.content) == (202, b"")
    assert len(response.headers["X-Message-Id"]) == 22
    assert "." not in response.headers["X-Message-Id"]
    assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= {*map(str, response.headers)} | {
        name.title().replace("Ratelimit", "RateLimit") for name in response.headers
    }
    rows = idle.accepted()
    assert [(row["tw_key"], row["tw_try"], row["tw_chunk"], row["to"]) for row in rows] == [
        (f"key-{at}", "1", "plan.1", f"person{at}@gmail.example.com") for at in range(3)
    ]
    assert {row["x_message_id"] for row in rows} == {response.headers["X-Message-Id"]}
    assert rows[0]["campaign"] == "newsletter"


@pytest.mark.parametrize(
    ("changed", "status", "message"),
    [
        ({"Authorization": None}, 401, "Permission denied"),
        ({"Authorization": "Bearer x"}, 401, "invalid, expired, or revoked"),
        ({"Authorization": "Bearer SG."}, 401, "invalid, expired, or revoked"),
        ({"Authorization": "Basic SG.x"}, 401, "invalid, expired, or revoked"),
        ({"Accept": None}, 406, "Accept"),
        ({"Accept": "text/html"}, 406, "Accept"),
        ({"Content_Type": "text/plain"}, 415, "application/json"),
        ({"Content_Encoding": "gzip"}, 415, "gzip is not enabled"),
    ],
)
def test_headers_are_checked_before_the_body(
    idle: RunningSimulator, changed: dict[str, str | None], status: int, message: str
) -> None:
    response = post(idle, GOOD, **changed)
    assert response.status_code == status
    (error,) = response.json()["errors"]
    assert message in error["message"]
    assert set(error) == {"message", "field", "help"}
    assert idle.accepted() == []


def test_a_rejection_is_recorded_and_accepts_nothing(idle: RunningSimulator) -> None:
    response = idle.send(with_("personalizations.1.to.0.email", "bad", mail(2)))
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "personalizations.1.to.0.email"
    assert response.json()["errors"][0]["help"].startswith("http")
    assert idle.send(mail()).status_code == 202
    assert idle.get("/control/requests") == {
        "total": 2,
        "accepted": 1,
        "statuses": {"202": 1, "400": 1},
        "faults": {},
    }


def test_an_unverified_sender_is_forbidden(idle: RunningSimulator) -> None:
    response = idle.send(with_("from.email", "news@unknown.example"))
    assert response.status_code == 403
    assert response.json()["errors"][0]["field"] == "from"


def test_a_body_that_is_too_large_gets_an_html_page(idle: RunningSimulator) -> None:
    response = post(idle, b" " * MAX_BYTES)
    assert response.status_code == 413
    assert response.headers["Content-Type"].startswith("text/html")
    assert "413 Request Entity Too Large" in response.text


def test_sandbox_mode_validates_without_accepting(idle: RunningSimulator) -> None:
    sandbox = {"sandbox_mode": {"enable": True}}
    response = idle.send(mail(mail_settings=sandbox))
    assert (response.status_code, "X-Message-Id" in response.headers) == (200, False)
    assert idle.send(mail(mail_settings=sandbox, categories=["a", "a"])).status_code == 400
    assert idle.accepted() == []


def test_other_paths_and_methods(idle: RunningSimulator) -> None:
    url, headers = f"{idle.base_url}/v3", {"Authorization": "Bearer SG.x"}
    assert idle.client.get(f"{url}/mail/send", headers=headers).status_code == 405
    missing = idle.client.get(f"{url}/nothing", headers=headers)
    assert (missing.status_code, missing.json()["errors"][0]["message"]) == (404, "not found")


def test_message_ids_depend_on_seed_order_and_body() -> None:
    first = message_id(4, 1, GOOD)
    assert first == message_id(4, 1, GOOD)
    assert len({first, message_id(5, 1, GOOD), message_id(4, 2, GOOD), message_id(4, 1, GOOD + b" ")}) == 4


def test_a_disconnect_within_the_body_sends_nothing(idle: RunningSimulator) -> None:
    url = httpx.URL(idle.base_url)
    head = b"POST /v3/mail/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer SG.x\r\nAccept: */*\r\n"
    head += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(GOOD)
    for part in (head, head + GOOD[:-1]):
        with socket.create_connection((url.host, url.port)) as connection:
            connection.sendall(part)
    assert idle.send(mail(first=1)).status_code == 202
    assert [row["tw_key"] for row in idle.accepted()] == ["key-1"]
    assert "ERROR" not in (idle.data / "simulator.log").read_text()


def test_keys_gzip_and_limits_can_be_configured(start_simulator: Callable[..., RunningSimulator]) -> None:
    strict = start_simulator(no_recipients=True, gzip=True, api_key="SG.one", requests_per_second=2)
    refused = post(strict, GOOD)
    assert refused.status_code == 401
    packed = post(strict, gzip.compress(GOOD), Authorization="Bearer SG.one", Content_Encoding="gzip")
    assert packed.status_code == 202
    statuses = [post(strict, GOOD, Authorization="Bearer SG.one").status_code for _ in range(8)]
    assert 429 in statuses


def test_the_rendered_message_has_literal_substitutions(idle: RunningSimulator) -> None:
    idle.send(with_("personalizations.0.substitutions.[[name]]", "<b>A & B</b>"))
    shown = idle.get("/control/message/key-0")
    assert shown["subject"] == "For <b>A & B</b>"
    assert "Hello <b>A & B</b>" in shown["html"]
    assert shown["text"].startswith("Hello <b>A & B</b>, leave: https://mail.tradewind.example/u/TOKEN0")
    assert shown["list_unsubscribe"] == "https://mail.tradewind.example/u/TOKEN0"


def test_accepted_messages_can_be_queried(idle: RunningSimulator) -> None:
    idle.send(mail(3))
    idle.send(mail(2, first=2, categories=["other"]))
    assert idle.duplicates() == [{"tw_key": "key-2", "times": 2, "seqs": [3, 4]}]
    assert [row["seq"] for row in idle.accepted(campaign="other")] == [4, 5]
    assert [row["seq"] for row in idle.accepted(since=3)] == [4, 5]
    assert [row["seq"] for row in idle.accepted(tw_key="key-2")] == [3, 4]
    lines = idle.client.get(f"{idle.base_url}/control/accepted.ndjson").text.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3, 4, 5]
