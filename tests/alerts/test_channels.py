"""Alerts reach real servers on loopback: Slack-compatible, PagerDuty-compatible and SMTP; once, and resolved once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from include.core.alert import Alert, Route, deliver, resolve
from include.core.alert_channels import Email, PagerDuty, Slack, Webhook
from include.core.paths import DataPaths
from tests.alerts.receiver import MailServer, Receiver
from tests.alerts.test_alert import ALERT

KEY = "R0UTINGKEY"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    started = MailServer()
    yield started
    started.stop()


@pytest.fixture
def route(receiver: Receiver, mail_server: MailServer) -> Route:
    channels = (Webhook(receiver.url), Slack(f"{receiver.host}/slack"), PagerDuty(KEY, receiver.host), mail_server.channel)
    return Route(channels, "https://git.example/tradewind/blob/main/")


def open_files(paths: DataPaths) -> list[Path]:
    return list((paths.alerts / "open").glob("*"))


def later(minutes: int) -> Alert:
    return replace(ALERT, at=ALERT.at + timedelta(minutes=minutes))


def resolve_all(paths: DataPaths, route: Route) -> int:
    return resolve(paths, lambda _alert: True, lambda: route)


LINK = "https://git.example/tradewind/blob/main/docs/runbook/campaign-stopped.md#key"


def test_every_channel_gets_the_alert_with_a_link_to_its_runbook_page(
    paths: DataPaths, receiver: Receiver, mail_server: MailServer, route: Route
) -> None:
    assert deliver(paths, ALERT, route) == ["webhook", "slack", "pagerduty", "email"]
    whole, slack, event = receiver.posted
    assert receiver.paths == ["/hooks/T0/SECRET", "/slack", "/v2/enqueue"]
    assert whole["runbook_url"] == LINK
    assert LINK in slack["text"]
    assert set(slack) == {"text"}, "Slack refuses fields that it does not know"
    (mail,), (envelope,) = mail_server.mails, mail_server.envelopes
    assert mail["Subject"] == "[CRITICAL] send_newsletter: SendGrid refuses the API key"
    assert envelope == ["ops@shop.example"]
    assert LINK in mail.get_content()
    assert ALERT.next_step in mail.get_content()
    assert event["links"] == [{"href": LINK, "text": "Runbook"}]


def test_pagerduty_gets_events_of_its_api_v2(paths: DataPaths, receiver: Receiver) -> None:
    """https://developer.pagerduty.com/docs/events-api-v2/trigger-events/: required fields, allowed values, limits."""
    deliver(paths, replace(ALERT, title="t" * 3_000), Route((PagerDuty(KEY, receiver.host),)))
    (event,) = receiver.posted
    assert (event["routing_key"], event["event_action"]) == (KEY, "trigger")
    assert len(event["dedup_key"]) <= 255
    assert set(event["payload"]) >= {"summary", "source", "severity"}
    assert event["payload"]["severity"] in ("critical", "error", "warning", "info")
    assert 0 < len(event["payload"]["summary"]) <= 1_024
    assert event["links"] == [], "without a base there is no address"


def test_repetitions_are_one_incident_and_other_subjects_another(paths: DataPaths, receiver: Receiver) -> None:
    route = Route((PagerDuty(KEY, receiver.host),))
    for alert in (ALERT, later(5), later(61), replace(ALERT, about="another run"), replace(ALERT, dag="send_winback")):
        deliver(paths, alert, route)
    keys = [event["dedup_key"] for event in receiver.posted]
    assert len(keys) == 4, "the repetition within an hour is not posted"
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_a_resolved_alert_is_resolved_once_in_every_channel(
    paths: DataPaths, receiver: Receiver, mail_server: MailServer, route: Route
) -> None:
    deliver(paths, ALERT, route)
    fired = list(receiver.posted)
    assert resolve_all(paths, route) == 1
    event, slack = receiver.posted[len(fired) :]
    assert slack == {"text": "RESOLVED: send_newsletter: SendGrid refuses the API key"}
    assert event == {"routing_key": KEY, "event_action": "resolve", "dedup_key": fired[2]["dedup_key"]}
    first, second = mail_server.mails
    assert second["Subject"].startswith("[RESOLVED] ")
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]
    assert resolve_all(paths, route) == 0
    assert open_files(paths) == []


def test_an_alert_whose_cause_holds_stays_open(paths: DataPaths, route: Route) -> None:
    deliver(paths, ALERT, route)
    assert resolve(paths, lambda alert: alert["kind"] == "another", lambda: route) == 0
    assert len(open_files(paths)) == 1


def test_a_failed_resolution_is_tried_again_for_that_channel_only(
    paths: DataPaths, receiver: Receiver, mail_server: MailServer, route: Route
) -> None:
    deliver(paths, ALERT, route)
    receiver.status = 500
    resolve_all(paths, route)
    receiver.status, receiver.posted[:] = 200, []
    resolve_all(paths, route)
    assert len(receiver.posted) == 2, "Slack and PagerDuty"
    assert len(mail_server.mails) == 2, "e-mail was told the first time"
    assert open_files(paths) == []


def test_only_channels_that_were_told_of_an_alert_are_told_of_its_end(
    paths: DataPaths, receiver: Receiver, route: Route
) -> None:
    deliver(paths, ALERT)
    assert resolve_all(paths, route) == 1
    assert receiver.posted == []


def test_the_route_is_read_only_if_there_is_something_to_resolve(paths: DataPaths) -> None:
    def unreachable() -> Route:
        raise AssertionError("the route was read")

    assert resolve(paths, lambda _alert: True, unreachable) == 0


def test_a_channel_that_fails_does_not_stop_the_others_and_gets_the_next_repetition(
    paths: DataPaths, receiver: Receiver, mail_server: MailServer, route: Route
) -> None:
    receiver.status = 503
    assert deliver(paths, ALERT, route) == ["email"]
    receiver.status = 200
    assert deliver(paths, later(1), route) == ["webhook", "slack", "pagerduty"]
    assert len(mail_server.mails) == 1


def test_problems_name_neither_urls_nor_keys_nor_addresses(paths: DataPaths, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    route = Route(
        (
            Slack("http://127.0.0.1:9/T0/SECRET"), PagerDuty("SECRET", "http://127.0.0.1:9"),
            Email("127.0.0.1", 9, "SECRET@shop.example", ("SECRET@shop.example",), "SECRET", "SECRET", ssl=False),
        )
    )  # fmt: skip
    assert deliver(paths, ALERT, route) == []
    assert "SECRET" not in caplog.text
    assert "SECRET" not in repr(route)
    assert caplog.text.count("could not be posted") == 3


def test_refused_recipients_are_a_problem(
    paths: DataPaths, mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail_server.refused = {"gone@shop.example"}
    channel = replace(mail_server.channel, recipients=("ops@shop.example", "gone@shop.example"))
    assert deliver(paths, ALERT, Route((channel,))) == []
    assert "1 recipients were refused" in caplog.text


def test_markup_of_slack_is_escaped(paths: DataPaths, receiver: Receiver) -> None:
    deliver(paths, replace(ALERT, title="a < b & <!channel>"), Route((Slack(receiver.url),)))
    assert "a &lt; b &amp; &lt;!channel&gt;" in receiver.posted[0]["text"]


def test_a_title_of_two_lines_is_one_header(paths: DataPaths, mail_server: MailServer) -> None:
    deliver(paths, replace(ALERT, title="one\nBcc: everybody@shop.example"), Route((mail_server.channel,)))
    assert mail_server.mails[0]["Bcc"] is None
    assert mail_server.envelopes == [["ops@shop.example"]]
