"""The pages and links of the edge: a running server and a real HTTP client."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from babel.dates import format_date
from sqlalchemy import Table, select

from include.core import clock
from include.core.keys import address_key
from include.core.paths import SHOP, DataPaths
from include.core.secrets import Secrets, load_secrets
from include.core.shop import PAUSE, PAUSE_SECONDS
from include.core.token import CONFIRM, Subject, mint
from include.ledger import consent, consent_journal, opt_out_log
from include.ledger.consent import Consent
from include.ledger.database import Ledger, open_ledger
from include.ledger.suppressions import Suppression, reasons_in_force, suppress
from include.ledger.tables import consent_log, consent_wordings, suppression_log
from tests.edge.conftest import Edge, Signer
from tests.edge.html import first, parse


@pytest.fixture
def subject(secrets: Secrets) -> Subject:
    """A new person for each test, so that all tests can share one edge and one ledger."""
    return Subject(str(uuid.uuid4()), address_key(secrets.address_key, f"{uuid.uuid4()}@example.org"))


def log_rows(ledger: Ledger, log: Table, subject: Subject) -> list[tuple[str, str, str]]:
    """(reason or topic, source, message) of a person's entries in the log."""
    what = log.c.reason if log is suppression_log else log.c.topic
    query = select(what, log.c.source, log.c.message_key).where(log.c.address_key == subject.address_key)
    with ledger.read() as connection:
        return [tuple(row) for row in connection.execute(query)]


def logged_opt_outs(paths: DataPaths) -> set[str]:
    """The addresses that are unsubscribed according to the opt-out log."""
    return {entry.address_key for entry in opt_out_log.in_force(paths)}


FORGED = "AQE" + "x" * 85


def test_a_one_click_post_suppresses_immediately_in_either_encoding(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject
) -> None:
    link = f"{edge.url}/u/{mint(secrets, subject)}"
    assert not reasons_in_force(ledger, subject.address_key)
    answer = httpx.post(link, data={"List-Unsubscribe": "One-Click"}, follow_redirects=False)
    assert (answer.status_code, answer.headers.get("set-cookie")) == (200, None)
    assert reasons_in_force(ledger, subject.address_key) == {"unsubscribe"}
    again = httpx.post(link, files={"List-Unsubscribe": (None, "One-Click")}, follow_redirects=False)
    assert again.status_code == 200
    assert log_rows(ledger, suppression_log, subject) == [("unsubscribe", "one_click", subject.message_key)]


@pytest.mark.parametrize("content", [b"", b"\xff\x00garbage", b"List-Unsubscribe=One-Click"])
def test_any_post_to_a_valid_link_unsubscribes(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject, content: bytes
) -> None:
    assert httpx.post(f"{edge.url}/u/{mint(secrets, subject)}", content=content).status_code == 200
    assert reasons_in_force(ledger, subject.address_key)


def test_a_get_request_changes_nothing(edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject) -> None:
    link = f"{edge.url}/u/{mint(secrets, subject)}"
    page = httpx.get(link)
    assert page.status_code == 200
    assert '<form method="post">' in page.text
    assert httpx.head(link).status_code == 200
    allowed = httpx.options(link)
    assert (allowed.status_code, allowed.headers["allow"]) == (204, "GET, POST, HEAD, OPTIONS")
    assert httpx.put(link).status_code == 405
    assert not reasons_in_force(ledger, subject.address_key)


def test_a_valid_link_does_not_reveal_whether_its_person_is_known(edge: Edge, secrets: Secrets, subject: Subject) -> None:
    unsubscribed, unknown = mint(secrets, subject), mint(secrets, Subject(str(uuid.uuid4()), "5c" * 32))
    httpx.post(f"{edge.url}/u/{unsubscribed}")
    for method in ("GET", "POST"):
        times: dict[str, list[float]] = {unsubscribed: [], unknown: []}
        for token, measured in times.items():
            answers = [httpx.request(method, f"{edge.url}/u/{token}") for _ in range(5)]
            assert {answer.status_code for answer in answers} == {200}
            measured.extend(answer.elapsed.total_seconds() for answer in answers)
        pages = {
            httpx.request(method, f"{edge.url}/u/{token}").text.replace(token, "T") for token in (unsubscribed, unknown)
        }
        assert len(pages) == 1
        assert abs(min(times[unsubscribed]) - min(times[unknown])) < 0.05, (
            "the quickest answers: a busy machine delays single ones"
        )


def test_a_body_over_the_limit_is_rejected(edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject) -> None:
    link = f"{edge.url}/u/{mint(secrets, subject)}"
    assert httpx.post(link, content=b"x" * 70_000).status_code == 413
    assert httpx.post(link, content=iter([b"x" * 40_000, b"x" * 40_000])).status_code == 413
    assert not reasons_in_force(ledger, subject.address_key)


def test_preferences_are_saved_and_shown(edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject) -> None:
    link = f"{edge.url}/preferences/{mint(secrets, subject)}"
    assert 'name="topic" value="news" checked' in httpx.get(link).text
    saved = httpx.post(link, data={"action": "save", "topic": ["offers"], "stop_tracking": "yes"})
    assert (saved.status_code, "Saved." in saved.text) == (200, True)
    assert consent.of_person(ledger, subject.address_key) == {"news": False, "offers": True, "tracking": False}
    httpx.post(link, data={"action": "save", "topic": ["offers"]})
    page = httpx.get(link).text
    assert 'name="topic" value="news">' in page
    assert "allow_tracking" in page
    assert len(log_rows(ledger, consent_log, subject)) == 3
    httpx.post(link, files={"action": (None, "save"), "topic": (None, "news"), "allow_tracking": (None, "yes")})
    assert consent.of_person(ledger, subject.address_key) == {"news": True, "offers": False, "tracking": True}


def test_a_person_can_unsubscribe_and_resubscribe(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject, paths: DataPaths
) -> None:
    link = f"{edge.url}/preferences/{mint(secrets, subject)}"
    assert "Send me mail again" in httpx.post(link, data={"action": "stop_all"}).text
    assert reasons_in_force(ledger, subject.address_key)
    assert subject.address_key in logged_opt_outs(paths)
    assert "Unsubscribe from all" in httpx.post(link, data={"action": "resubscribe"}).text
    assert not reasons_in_force(ledger, subject.address_key)
    assert subject.address_key not in logged_opt_outs(paths)
    assert consent.of_person(ledger, subject.address_key) == {"marketing": True}


def test_a_person_can_pause_all_mail_for_30_days_and_end_the_pause(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject
) -> None:
    link = f"{edge.url}/preferences/{mint(secrets, subject)}"
    ends = clock.now() + timedelta(days=30)
    assert "Pause for 30 days" in httpx.get(link).text
    assert consent.of_person(ledger, subject.address_key) == {}
    paused = httpx.post(f"{link}?l=de", data={"action": "pause"})
    assert (paused.status_code, "Gespeichert." in paused.text, "30 Tage Pause" in paused.text) == (200, True, False)
    end = first(parse(paused), "time")
    assert (end.attributes["datetime"], end.text()) == (f"{ends:%Y-%m-%d}", format_date(ends, "long", locale="de"))
    assert consent.of_person(ledger, subject.address_key) == {PAUSE: False}
    (offer,) = shown_texts(ledger, subject).values()
    assert (offer[0], "bis zum {date}" in offer[1], offer[2]) == ("Harbour Records", True, "30 Tage Pause")
    page = httpx.post(link, data={"action": "end_pause"}).text
    assert ("Pause for 30 days" in page, "Saved." in page) == (True, True)
    assert "Saved." not in httpx.post(link, data={"action": "end_pause"}).text, "there is no pause to end"
    assert consent.of_person(ledger, subject.address_key) == {PAUSE: True}
    assert [topic for topic, *_ in log_rows(ledger, consent_log, subject)] == [PAUSE, PAUSE]


@pytest.mark.parametrize(("seconds_left", "is_paused"), [(60, True), (-1, False)])
def test_a_pause_ends_by_itself(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject, seconds_left: int, is_paused: bool
) -> None:
    paused_at = clock.now().timestamp() - PAUSE_SECONDS + seconds_left
    consent.record(ledger, [Consent(subject.address_key, PAUSE, False, "preference_page", paused_at)])
    page = httpx.get(f"{edge.url}/preferences/{mint(secrets, subject)}").text
    assert ("You paused our mail" in page, "Pause for 30 days" in page) == (is_paused, not is_paused)


def test_resubscribing_ends_a_pause(edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject) -> None:
    link = f"{edge.url}/preferences/{mint(secrets, subject)}"
    httpx.post(link, data={"action": "pause"})
    stopped = httpx.post(link, data={"action": "stop_all"}).text
    assert ("You paused our mail" in stopped, "Pause for 30 days" in stopped) == (False, False)
    httpx.post(link, data={"action": "resubscribe"})
    assert consent.of_person(ledger, subject.address_key) == {PAUSE: True, "marketing": True}


def test_the_preference_page_does_not_lift_a_complaint(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject
) -> None:
    suppress(ledger, [Suppression(subject.address_key, "spam_complaint", "webhook", 1.0)])
    link = f"{edge.url}/preferences/{mint(secrets, subject)}"
    assert "Send me mail again" not in httpx.get(link).text
    assert "Saved." not in httpx.post(link, data={"action": "resubscribe"}).text
    assert reasons_in_force(ledger, subject.address_key) == {"spam_complaint"}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"action": "nonsense"},
        {"action": "save'--"},
        {"action": "save", "topic": ["newss"], "stop_tracking": "yes"},
        {"action": "save", "topic": ["news", "marketing"]},
        {"action": "save", "allow_tracking": "no"},
        {"action": "save", "topic": [PAUSE]},
        {"action": PAUSE},
    ],
)
def test_an_unknown_form_is_rejected_and_changes_nothing(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject, data: dict[str, str]
) -> None:
    for token in (mint(secrets, subject), FORGED):
        answer = httpx.post(f"{edge.url}/preferences/{token}", data=data)
        assert (answer.status_code, "Nothing was changed" in answer.text, "Saved." in answer.text) == (400, True, False)
    assert consent.of_person(ledger, subject.address_key) == {}
    assert not reasons_in_force(ledger, subject.address_key)


def test_topics_come_from_the_shop_file_and_an_invalid_file_does_not_prevent_an_unsubscribe(
    start_edge: Callable[..., Edge], tmp_path: Path, signer: Signer
) -> None:
    file, root = tmp_path / "shop.yaml", tmp_path / "data"
    file.write_text(SHOP.read_text().replace("id: offers", "id: parties"))
    edge = start_edge(root, signer.public, TRADEWIND_SHOP=str(file))
    person = Subject(str(uuid.uuid4()), "cd" * 32)
    link = f"{edge.url}/preferences/{mint(load_secrets(DataPaths(root)), person)}"
    page = httpx.get(link).text
    assert ('value="parties"' in page, 'value="offers"' in page) == (True, False)
    assert httpx.post(link, data={"action": "save", "topic": ["offers"]}).status_code == 400
    file.write_text(file.read_text().replace("id: parties", "id: concerts"))
    assert 'value="concerts"' in httpx.get(link).text, "a change of the file needs no restart"
    file.write_text("topics: [")
    assert 'value="concerts"' in httpx.get(link).text, "the previous content is used while the file is invalid"
    restarted = start_edge(root, signer.public, TRADEWIND_SHOP=str(file))
    assert httpx.post(link.replace(edge.url, restarted.url).replace("preferences", "u")).status_code == 200
    assert httpx.get(link.replace(edge.url, restarted.url)).status_code == 200
    ledger = open_ledger(f"sqlite:///{DataPaths(root).ledger}", load_secrets(DataPaths(root)))
    assert reasons_in_force(ledger, person.address_key)
    ledger.close()
    assert "shop.yaml" in restarted.logged()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"anything", "multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nz\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (b"%ff%fe=%00&action=save;;", "application/x-www-form-urlencoded"),
        (b"&".join(b"a=b" for _ in range(15_000)), "application/x-www-form-urlencoded"),
    ],
)
def test_a_malformed_form_causes_no_server_error(
    edge: Edge, secrets: Secrets, subject: Subject, content: bytes, kind: str
) -> None:
    link = f"{edge.url}/preferences/{mint(secrets, subject)}"
    assert httpx.post(link, content=content, headers={"Content-Type": kind}).status_code in (200, 400)


def confirm_link(edge: Edge, secrets: Secrets, subject: Subject, days: float = 14) -> str:
    until = int((clock.now() + timedelta(days=days)).timestamp())
    return f"{edge.url}/confirm/{mint(secrets, replace(subject, valid_until=until), CONFIRM)}"


def press_button(link: str) -> httpx.Response:
    """Send what a browser sends for the page's only button."""
    page = parse(httpx.get(link))
    fields = {str(field.attributes["name"]): field.attributes["value"] for field in page.css("form input")}
    assert first(page, "form").attributes == {"method": "post"}
    return httpx.post(link, data=fields)


def test_a_get_request_does_not_confirm(edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject) -> None:
    link = confirm_link(edge, secrets, subject)
    seen = [httpx.get(link), httpx.head(link), httpx.get(link, headers={"Sec-Purpose": "prefetch"}), httpx.options(link)]
    assert [answer.status_code for answer in seen] == [200, 200, 200, 204]
    assert "<button" in seen[0].text
    for body in ({}, {"List-Unsubscribe": "One-Click"}, {"action": "nonsense"}):
        answer = httpx.post(link, data=body)
        assert (answer.status_code, "Nothing was changed" in answer.text) == (400, True)
    assert log_rows(ledger, consent_log, subject) == []


def test_the_button_confirms_once_and_only_with_a_confirmation_token(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject
) -> None:
    other = httpx.post(f"{edge.url}/confirm/{mint(secrets, subject)}", data={"action": "confirm"})
    assert other.status_code == httpx.get(f"{edge.url}/confirm/{mint(secrets, subject)}").status_code == 404
    assert consent.of_person(ledger, subject.address_key) == {}
    link = confirm_link(edge, secrets, subject)
    pages = [press_button(link) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert log_rows(ledger, consent_log, subject) == [("marketing", "double_opt_in", subject.message_key)]
    assert f"/preferences/{mint(secrets, subject)}" in pages[0].text
    httpx.post(link.replace("/confirm/", "/u/"))
    assert not reasons_in_force(ledger, subject.address_key)


def test_an_answer_is_kept_with_what_the_person_read_and_how_they_answered(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject, paths: DataPaths
) -> None:
    confirming = replace(subject, address_key=address_key(secrets.address_key, f"{uuid.uuid4()}@example.org"))
    press_button(confirm_link(edge, secrets, confirming))
    link = f"{edge.url}/preferences/{mint(secrets, subject)}?l=de"
    httpx.post(f"{edge.url}/u/{mint(secrets, subject)}")
    httpx.post(link, data={"action": "resubscribe"})
    httpx.post(link, data={"action": "save", "topic": ["news"], "stop_tracking": "yes"})
    assert shown_texts(ledger, confirming) == {
        ("marketing", 1, "/confirm"): [
            "Harbour Records",
            "Confirm your address",
            "Press the button to confirm that you want our mail. If you did not sign up, close this page: nothing happens.",
            "Yes, send me mail",
        ]
    }
    shown = shown_texts(ledger, subject)
    assert {(topic, given) for topic, given, _ in shown} == {("marketing", 1), ("news", 1), ("offers", 0), ("tracking", 0)}
    assert shown["marketing", 1, "/preferences"][1:] == [
        "Sie bekommen keine Werbepost von uns.",
        "Schicken Sie mir wieder Post",
    ]
    assert shown["offers", 0, "/preferences"][1:3] == ["Was Sie bekommen", "Angebote und Erinnerungen"]
    assert shown["tracking", 0, "/preferences"][2] == "Nicht erfassen, was ich mit der Post tue"
    checked = consent_journal.check(paths, ledger).require_intact()
    assert consent_journal.newest(paths) == replace(checked.head, where="spool/consent.log")


def shown_texts(ledger: Ledger, subject: Subject) -> dict[tuple[str, int, str], list[str]]:
    """The lines that the person read, by topic, answer and page."""
    log, texts = consent_log.c, consent_wordings.c
    query = select(log.topic, log.given, log.evidence, texts.text).join(consent_wordings, log.wording == texts.wording)
    with ledger.read() as connection:
        rows = connection.execute(query.where(log.address_key == subject.address_key).order_by(log.seq)).all()
    return {(row.topic, row.given, json.loads(row.evidence)["page"]): row.text.splitlines() for row in rows}


def test_an_expired_confirmation_link_records_nothing(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject
) -> None:
    link = confirm_link(edge, secrets, subject, days=-0.001)
    for answer in (httpx.get(link), httpx.post(link, data={"action": "confirm"})):
        assert (answer.status_code, "expired" in answer.text, "Sign up again" in answer.text) == (410, True, True)
    assert log_rows(ledger, consent_log, subject) == []


@pytest.mark.parametrize("reason", ["unsubscribe", "spam_complaint", "hard_bounce"])
def test_a_confirmation_does_not_lift_a_suppression(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject, reason: str
) -> None:
    suppress(ledger, [Suppression(subject.address_key, reason, "test", 1.0)])
    answer = press_button(confirm_link(edge, secrets, subject))
    assert (answer.status_code, "Nothing was changed" in answer.text) == (200, True)
    assert ("/preferences/" in answer.text) == (reason == "unsubscribe")
    assert reasons_in_force(ledger, subject.address_key) == {reason}
    assert consent.of_person(ledger, subject.address_key) == {}


def test_confirming_again_does_not_undo_an_unsubscribe(
    edge: Edge, ledger: Ledger, secrets: Secrets, subject: Subject
) -> None:
    link = confirm_link(edge, secrets, subject)
    press_button(link)
    httpx.post(f"{edge.url}/u/{mint(secrets, subject)}")
    press_button(link)
    assert reasons_in_force(ledger, subject.address_key)


def test_every_response_has_the_security_headers_and_no_external_resources(
    edge: Edge, secrets: Secrets, subject: Subject
) -> None:
    for path in (f"/u/{mint(secrets, subject)}", f"/preferences/{mint(secrets, subject)}", "/nowhere", "/healthz"):
        answer = httpx.get(edge.url + path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert not re.search(r"(src|href)=[\"']?(https?:)?//", answer.text)
        assert "<script" not in answer.text


def test_a_token_is_escaped_on_the_page_and_absent_from_the_log(edge: Edge, secrets: Secrets, subject: Subject) -> None:
    page = httpx.get(f"{edge.url}/u/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert "<script" not in page.text
    token = mint(secrets, subject)
    httpx.post(f"{edge.url}/u/{token}")
    assert token not in edge.logged()
    assert token[:20] not in edge.logged()


def test_a_trailing_slash_is_not_redirected(edge: Edge, secrets: Secrets, subject: Subject) -> None:
    assert httpx.post(f"{edge.url}/u/{mint(secrets, subject)}/", follow_redirects=False).status_code == 404


def test_the_health_page_reports_each_check(edge: Edge, secrets: Secrets, subject: Subject) -> None:
    httpx.get(f"{edge.url}/u/{mint(secrets, subject)}")
    answer = httpx.get(f"{edge.url}/healthz")
    assert answer.status_code == 200
    state = {"spool_writable": True, "ledger_reachable": True, "webhook_keys": 2, "tokens": "ok"}
    assert answer.json() == {"status": "ok", **state}


def test_unsubscribes_and_events_are_spooled_while_the_ledger_is_unavailable(
    start_edge: Callable[..., Edge], tmp_path: Path, signer: Signer
) -> None:
    (tmp_path / "blocked").write_text("a file where a folder should be")
    root = tmp_path / "data"
    edge = start_edge(root, signer.public, AIRFLOW_CONN_LEDGER_DEFAULT=f"sqlite:///{tmp_path}/blocked/ledger.sqlite")
    person = Subject(str(uuid.uuid4()), "ab" * 32)
    token = mint(load_secrets(DataPaths(root)), person)
    assert [httpx.post(f"{edge.url}/u/{link}").status_code for link in (token, FORGED)] == [200, 404]
    (spooled,) = (root / "spool" / "unsubscribes").iterdir()
    entry = json.loads(spooled.read_bytes())
    assert (entry["address_key"], entry["message_key"], entry["reason"]) == (
        person.address_key,
        person.message_key,
        "unsubscribe",
    )
    assert logged_opt_outs(DataPaths(root)) == {person.address_key}
    answer = httpx.get(f"{edge.url}/preferences/{token}")
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "60")
    health = httpx.get(f"{edge.url}/healthz")
    assert (health.status_code, health.json()["ledger_reachable"]) == (503, False)
    body = b'[{"event":"open"}]'
    assert httpx.post(f"{edge.url}/events/sendgrid", content=body, headers=signer.headers(body)).status_code == 200
