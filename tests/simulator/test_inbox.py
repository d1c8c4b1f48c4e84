"""The inbox: what is listed and found, how a mail is shown, what its recipient did, and who is no longer in it."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import Any

import httpx
import pytest

from simulator.database import SCHEMA_VERSION
from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail, person
from tests.simulator.webhook_receiver import Receiver

BODY = (
    "<html><head><title>no preheader</title></head><body><div>Only for [[name]]&#8199;&#847; &#8199;&#847; </div>"
    '<h1>Autumn</h1><script>document.title = "ran"</script><img src="https://tracker.example/p.gif">'
    '<a href="https://shop.example/new">New</a> <a href="[[leave]]">Leave</a></body></html>'
)


def shop_mail(people: int = 1, first: int = 0, **more: Any) -> dict[str, Any]:
    """A mail with a preheader, a script and a picture from the network."""
    body = mail(people, first=first, **more)
    body["content"][1]["value"] = BODY
    return body


def listed(simulator: RunningSimulator, **query: Any) -> list[dict[str, Any]]:
    """The messages of /inbox.json."""
    return list(simulator.get("/inbox.json", **query)["messages"])


def page(simulator: RunningSimulator, path: str, **headers: str) -> httpx.Response:
    return simulator.client.get(simulator.base_url + path, headers={"Accept": "text/html", **headers})


def test_the_newest_message_comes_first_with_its_inbox_line(idle: RunningSimulator) -> None:
    idle.send(shop_mail(2))
    idle.send(shop_mail(first=2, categories=["winback"], subject="Come back, [[name]]"))
    newest = listed(idle)[0]
    assert [row["to"] for row in listed(idle)] == [f"person{at}@gmail.example.com" for at in (2, 1, 0)]
    assert (newest["from"], newest["subject"], newest["preheader"]) == (
        "Shop <news@example.com>",
        "Come back, Name 2",
        "Only for Name 2",
    )
    assert (newest["campaign"], newest["state"]) == ("winback", "accepted")
    shown = page(idle, "/inbox").text
    assert all(text in shown for text in ("Come back, Name 2", "Only for Name 2", "person0@gmail.example.com", "3 messages"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "person1@"}, [1]),
        ({"q": "to:Person1"}, [1]),
        ({"q": "to:name"}, []),
        ({"q": "autumn name"}, [2, 1, 0]),
        ({"q": "AUTUMN person0"}, [0]),
        ({"q": "winter"}, [3]),
        ({"q": "winter autumn"}, []),
        ({"campaign": "winback"}, [3]),
        ({"q": "campaign:newsletter", "limit": 2}, [2, 1]),
        ({"state": "accepted"}, [3, 2, 1, 0]),
        ({"q": "is:bounced"}, []),
        ({"q": "100%_'\""}, []),
    ],
)
def test_words_addresses_campaigns_and_states_are_searched(
    idle: RunningSimulator, query: dict[str, Any], found: list[int]
) -> None:
    idle.send(shop_mail(3))
    idle.send(mail(first=3, categories=["winback"], subject="Winter"))
    assert [row["to"] for row in listed(idle, **query)] == [f"person{at}@gmail.example.com" for at in found]


def test_an_unknown_state_is_reported(idle: RunningSimulator) -> None:
    assert idle.get("/inbox.json", q="is:happy")["unknown"] == ["happy"]
    assert "There is no state happy" in page(idle, "/inbox?q=is:happy").text


def test_pages_follow_each_other_without_gap(idle: RunningSimulator) -> None:
    for first in range(0, 12, 3):
        idle.send(mail(3, first=first))
    seen, before = list[int](), dict[str, int]()
    while True:
        answer = idle.get("/inbox.json", limit=5, **before)
        seen += [row["seq"] for row in answer["messages"]]
        if answer["before"] is None:
            break
        before = {"before": answer["before"]}
    assert seen == list(range(12, 0, -1))


def test_a_message_has_parts_headers_keys_and_a_source(idle: RunningSimulator) -> None:
    idle.send(shop_mail(2))
    seq = listed(idle)[0]["seq"]
    shown = idle.get(f"/inbox/{seq}.json")
    assert shown["headers"]["List-Unsubscribe"] == "<https://mail.tradewind.example/u/TOKEN1>"
    assert shown["request"]["custom_args.tw_key"] == "key-1"
    assert shown["text"] == "Hello Name 1, leave: https://mail.tradewind.example/u/TOKEN1"
    assert shown["actions"][0]["what"] == "accepted"
    source = page(idle, f"/inbox/{seq}?part=source").text
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in source
    assert "Subject: For Name 1" in source
    assert page(idle, "/inbox/999").status_code == 404


def test_a_mail_runs_nothing_and_loads_nothing(idle: RunningSimulator) -> None:
    idle.send(shop_mail())
    seq = listed(idle)[0]["seq"]
    framed = page(idle, f"/inbox/{seq}").text
    assert '<iframe class="html" sandbox="allow-popups allow-popups-to-escape-sandbox"' in framed
    policy = page(idle, f"/inbox/{seq}/html").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")
    assert "default-src 'none'" in page(idle, "/inbox").headers["Content-Security-Policy"]


def test_names_are_not_markup(idle: RunningSimulator) -> None:
    idle.send(mail(subject="<script>x</script>", personalizations=[person(0, substitutions={"[[name]]": "<b>x"})]))
    assert "<script>" not in page(idle, "/inbox").text
    assert "<script>" not in page(idle, f"/inbox/{listed(idle)[0]['seq']}?part=text").text


def test_states_and_actions_are_those_of_the_events(active: RunningSimulator, receiver: Receiver) -> None:
    active.post("/control/rates", {"all": {"human_open": 1, "click": 1, "one_click": 1, "hard_bounce": 0, "invalid": 0}})
    active.send(shop_mail(30))
    active.wait_until_quiet()
    events = receiver.events()
    left = listed(active, state="unsubscribed")
    assert len(left) == len({visit["email"] for visit in active.get("/control/link-visits") if visit["how"] != "scan"})
    row = next(row for row in listed(active) if row["clicks"])
    actions = active.get(f"/inbox/{row['seq']}.json")["actions"]
    own = {event["sg_event_id"]: event["event"] for event in events if event["tw_key"] == row["tw_key"]}
    reported = sorted(each["what"] for each in actions if each["what"] in {"delivered", "open", "click"})
    assert reported == sorted(kind for kind in own.values() if kind in {"delivered", "open", "click"})
    assert "one-click unsubscribe" in {each["what"] for each in actions}
    assert [each["at"] for each in actions] == sorted(each["at"] for each in actions)


def test_links_lead_to_the_edge_and_the_button_unsubscribes_there(active: RunningSimulator, receiver: Receiver) -> None:
    active.post("/control/rates", {"all": {"human_open": 0, "one_click": 0, "scanner": 0, "invalid": 0}})
    active.send(shop_mail())
    seq = listed(active)[0]["seq"]
    assert f'href="{receiver.url}/u/TOKEN0"' in page(active, f"/inbox/{seq}/html").text
    url = f"{active.base_url}/inbox/{seq}/unsubscribe"
    assert active.client.post(url).status_code == 403
    assert active.client.post(url, headers={"Origin": "https://elsewhere.example"}).status_code == 403
    assert active.client.post(url, headers={"Origin": active.base_url}).status_code == 303
    end = time.monotonic() + 120
    while not listed(active, state="unsubscribed"):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert any(request.path == "/u/TOKEN0" for request in receiver.requests)


def test_images_come_from_the_edge(active: RunningSimulator, receiver: Receiver) -> None:
    html = '<img src="https://mail.shop.example/images/hero-0.png" alt=""><img src="https://elsewhere.example/a.png" alt="">'
    headers = {"List-Unsubscribe": "<https://mail.shop.example/u/TOKEN0>"}
    active.send(mail(content=[{"type": "text/html", "value": html}], personalizations=[person(0, headers=headers)]))
    shown = page(active, f"/inbox/{listed(active)[0]['seq']}/html")
    assert f'src="{receiver.url}/images/hero-0.png"' in shown.text
    assert 'src="https://elsewhere.example/a.png"' in shown.text
    assert f"img-src data: {receiver.url};" in shown.headers["Content-Security-Policy"]


def test_who_is_erased_is_no_longer_in_the_inbox(idle: RunningSimulator) -> None:
    idle.send(shop_mail(2))
    seq = listed(idle, q="person0")[0]["seq"]
    idle.post("/v3/recipients/erasejob", {"email_addresses": ["Person0@gmail.example.com"]})
    assert [row["to"] for row in listed(idle)] == ["person1@gmail.example.com"]
    assert page(idle, f"/inbox/{seq}").status_code == 404
    assert page(idle, f"/inbox/{seq}/html").status_code == 404
    assert listed(idle, q="name") == listed(idle)
    with contextlib.closing(sqlite3.connect(idle.data / "simulator.sqlite")) as store:
        bodies = b"".join(body for (body,) in store.execute("select body from requests"))
    assert b"person0@" not in bodies
    assert b"Name 0" not in bodies
    assert b"Name 1" in bodies


def test_a_store_without_inbox_is_upgraded(idle: RunningSimulator) -> None:
    idle.send(mail(2))
    idle.stop()
    with contextlib.closing(sqlite3.connect(idle.data / "simulator.sqlite")) as store:
        store.executescript(
            "alter table accepted drop column marks; alter table accepted drop column words;"
            "drop table request_words; pragma user_version = 1;"
        )
    idle.start()
    assert [row["to"] for row in listed(idle, q="person1@")] == ["person1@gmail.example.com"]
    with contextlib.closing(sqlite3.connect(idle.data / "simulator.sqlite")) as store:
        assert store.execute("pragma user_version").fetchone() == (SCHEMA_VERSION,)


def test_a_dynamic_template_shows_its_data(idle: RunningSimulator) -> None:
    data = {"name": "<b>Ada", "unsubscribe_url": "https://mail.shop.example/u/T"}
    template = "d-0123456789abcdef0123456789abcdef"
    values = mail(personalizations=[person(0, dynamic_template_data=data)], template_id=template)
    values = {name: value for name, value in values.items() if name not in ("subject", "content")}
    values["personalizations"][0].pop("substitutions", None)
    idle.send(values)
    row = listed(idle, q="ada")[0]
    shown = page(idle, f"/inbox/{row['seq']}/html").text
    assert template in shown
    assert "&lt;b&gt;Ada" in shown
    assert 'href="https://mail.shop.example/u/T"' in shown
