"""The route of alerts as Airflow's variables and connections describe it, and what a task's success resolves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, Connection

from include.core.alert import Alert, Route, deliver
from include.core.alert_channels import PAGERDUTY_HOST, Email, PagerDuty, Slack, Webhook
from include.core.errors import EspUnavailable, QualityStop
from include.core.failure_alert import failure_alert_for
from include.core.paths import DataPaths
from include.orchestration import notifications
from include.orchestration.alert_route import alert_route
from tests.alerts.receiver import Receiver

SMTP = {"conn_type": "smtp", "host": "mail.shop.example", "login": "u", "password": "p"}
PEOPLE = {"from_email": "tradewind@shop.example", "to": "a@shop.example, b@shop.example"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.stop()


def connect(monkeypatch: pytest.MonkeyPatch, name: str, **fields: Any) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(fields))


def test_without_anything_configured_alerts_go_nowhere() -> None:
    assert alert_route() == Route()


def test_all_channels_are_read_from_variables_and_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_ALERT_WEBHOOK_URL", "https://chat.example/hook")
    monkeypatch.setenv("AIRFLOW_VAR_RUNBOOK_URL", "https://git.example/main")
    connect(
        monkeypatch, "alert_slack", conn_type="slackwebhook", host="https://hooks.slack.com/services", password="T0/B0/x"
    )
    connect(monkeypatch, "alert_pagerduty", conn_type="pagerduty_events", password="key")
    connect(monkeypatch, "alert_email", **SMTP, extra=PEOPLE)
    email = Email(
        "mail.shop.example", 465, "tradewind@shop.example", ("a@shop.example", "b@shop.example"), "u", "p", ssl=True
    )
    expected = (
        Webhook("https://chat.example/hook"), Slack("https://hooks.slack.com/services/T0/B0/x"),
        PagerDuty("key", PAGERDUTY_HOST), email,
    )  # fmt: skip
    assert alert_route() == Route(expected, "https://git.example/main")


@pytest.mark.parametrize(
    ("extra", "port", "ssl", "starttls"),
    [({}, 465, True, False), ({"disable_ssl": True}, 587, False, True),
     ({"disable_ssl": True, "disable_tls": True}, 587, False, False)],
)  # fmt: skip
def test_encryption_of_email_follows_airflows_smtp_connections(
    extra: dict[str, bool], port: int, ssl: bool, starttls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "alert_email", **SMTP, extra=PEOPLE | extra)
    (channel,) = alert_route().channels
    assert isinstance(channel, Email)
    assert (channel.port, channel.ssl, channel.starttls) == (port, ssl, starttls)


def test_an_incomplete_connection_is_left_out_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connect(monkeypatch, "alert_email", **SMTP)
    connect(monkeypatch, "alert_pagerduty", conn_type="pagerduty_events")
    connect(monkeypatch, "alert_slack", conn_type="http", host="https://chat.example/SECRET")
    assert [channel.name for channel in alert_route().channels] == ["slack"]
    assert "alert_email" in caplog.text
    assert "alert_pagerduty" in caplog.text
    assert "SECRET" not in caplog.text


def test_an_airflow_that_does_not_answer_gives_an_empty_route(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unreachable(*arguments: object, **named: object) -> None:
        raise ConnectionError("no supervisor")

    monkeypatch.setattr(Connection, "get", unreachable)
    assert alert_route() == Route()
    assert "alert_pagerduty could not be read" in caplog.text


def succeed(
    dag: str, run: str, task: str, upstream: tuple[str, ...] = (), rule: str = "all_success", mapped: int = -1
) -> None:
    """The callback of a task that succeeded."""
    operator = SimpleNamespace(task_id=task, upstream_task_ids=set(upstream), trigger_rule=rule)
    instance = SimpleNamespace(dag_id=dag, run_id=run, task_id=task, map_index=mapped)
    context: Any = {"ti": instance, "run_id": run, "task": operator, "dag": DAG(dag, schedule=None)}
    notifications.TaskSuccessNotifier()(context)


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> list[dict[str, Any]]:
    connect(monkeypatch, "alert_pagerduty", conn_type="pagerduty_events", password="key", host=receiver.host)
    return receiver.posted


def fail(paths: DataPaths, dag: str, run: str, task: str) -> None:
    error = EspUnavailable("x") if dag.startswith("send_") else QualityStop("x")
    deliver(paths, failure_alert_for(error, dag=dag, run=run, task=task), alert_route())


SEND, INGEST = "send_newsletter", "ingest_subscribers"


@pytest.mark.parametrize(
    ("success", "is_resolved"),
    [
        ((INGEST, "r2", "validate.check"), True),
        ((INGEST, "r1", "validate.merge", ("validate.check",)), True),
        ((INGEST, "r1", "validate.merge", ("validate.check",), "all_done"), False),
        ((INGEST, "r2", "validate.merge"), False),
        ((SEND, "r2", "validate.check"), False),
    ],
)
def test_a_tasks_success_resolves_its_alert_and_those_it_waited_for(
    success: Any, is_resolved: bool, paths: DataPaths, resolved: list[dict[str, Any]]
) -> None:
    fail(paths, INGEST, "r1", "validate.check")
    succeed(*success)
    assert [event["event_action"] for event in resolved] == ["trigger", *(["resolve"] if is_resolved else [])]


def test_a_campaigns_alert_is_resolved_by_its_own_run_and_not_by_one_of_several_mapped_tasks(
    paths: DataPaths, resolved: list[dict[str, Any]]
) -> None:
    fail(paths, SEND, "r1", "dispatch.send_range")
    succeed(SEND, "r1", "dispatch.send_range", mapped=0)
    succeed(SEND, "r1", "dispatch.send_range", mapped=3)
    succeed(SEND, "r2", "dispatch.settle", ("dispatch.send_range",))
    assert len(resolved) == 1
    succeed(SEND, "r1", "dispatch.settle", ("dispatch.send_range",), "none_failed")
    assert [event["event_action"] for event in resolved] == ["trigger", "resolve"]


def test_a_late_run_is_over_when_a_later_run_works(paths: DataPaths, resolved: list[dict[str, Any]]) -> None:
    deliver(paths, notifications.late_run_alert(INGEST, "r1", 50), alert_route())
    succeed(INGEST, "r1", "extract.land")
    assert len(resolved) == 1, "the run may still be late"
    succeed(INGEST, "r2", "extract.land")
    assert [event["event_action"] for event in resolved] == ["trigger", "resolve"]


def test_alerts_of_checks_are_not_resolved_by_a_tasks_success(paths: DataPaths, resolved: list[dict[str, Any]]) -> None:
    """The task that raised the alert succeeds right after it."""
    found = Alert("row-quarantined", "t", "h", "s", "n", "docs/runbook/x.md", dag=INGEST, run="r", task="warn", about="r")
    deliver(paths, found, alert_route())
    succeed(INGEST, "r", "warn")
    assert len(resolved) == 1
