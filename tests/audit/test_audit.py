"""A whole audit, as the tasks of its DAG make it: of the simulator, a name server and an edge that is not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from include.audit.access import SIMPLE
from include.audit.checks import CHECKS
from include.audit.result import Result
from include.core import clock
from include.core.alert import NOWHERE
from include.ledger.stores import Stores
from include.orchestration import alert_route, audit, configuration
from include.publish.views import audit_page
from tests.audit.zone import RunningNameServer, good_zone
from tests.ports import free_port
from tests.running_simulator import RunningSimulator


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, stores: Stores) -> SimpleNamespace:
    """A run of the DAG. Airflow has neither connections nor variables."""
    monkeypatch.setattr(configuration, "_stored", lambda _name: None)
    monkeypatch.setattr(configuration, "_variable", lambda _name, default: default)
    monkeypatch.setattr(alert_route, "alert_route", lambda: NOWHERE)
    monkeypatch.setenv("TRADEWIND_EDGE_PORT", str(free_port()))
    return SimpleNamespace(dag_id="audit", run_id="scheduled__1", run_after=clock.now())


def as_xcom(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(json.dumps(results))
    return found


def test_every_check_has_a_result_and_the_page_shows_it(
    run: SimpleNamespace,
    stores: Stores,
    dns_server: RunningNameServer,
    start_simulator: Callable[..., RunningSimulator],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    esp = start_simulator(no_recipients=True, webhook="http://127.0.0.1:9/events/sendgrid")
    connection = {"conn_type": "http", "host": esp.base_url, "password": esp.key}
    monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps(connection))
    monkeypatch.setenv("TRADEWIND_NAME_SERVER", dns_server.address)
    dns_server.zone = good_zone("example.com", {"_dmarc.shop.example.com": ["v=DMARC1; p=none; rua=mailto:a@b.example"]})
    assert "Run the DAG <code>audit</code>" in audit_page(stores.paths)
    halves = [as_xcom(audit.ask(stores)), as_xcom(audit.measure(stores, run))]
    found = {one["check"]: Result(**one) for half in halves for one in half}
    assert set(found) == set(CHECKS)
    assert {name: one.verdict for name, one in found.items()} | {"airflow_access": "", "unused_segments": ""} == {
        "sender_domains": "pass", "spf": "pass", "dkim": "pass", "dmarc": "warn", "bimi": "fail",
        "one_click": "fail", "event_webhook": "pass", "api_key_scopes": "pass", "airflow_access": "",
        "unused_segments": "", "unused_templates": "pass", "addresses": "pass", "never_reacted": "unknown",
        "sunset": "pass", "consent": "unknown", "suppression_sync": "unknown", "complaints": "unknown", "key_age": "unknown",
    }  # fmt: skip
    counts = audit.record(halves, run)
    assert sum(counts[verdict] for verdict in ("pass", "unknown", "warn", "fail")) == len(CHECKS)
    assert "DMARC of shop.example.com only observes" in audit_page(stores.paths)


def test_what_cannot_be_asked_is_unknown_and_hides_nothing_else(run: SimpleNamespace, stores: Stores) -> None:
    """No SendGrid, no edge, and sending domains that are reserved."""
    verdicts = {one["check"]: one["verdict"] for one in audit.ask(stores)}
    asked = ("sender_domains", "spf", "dkim", "dmarc", "bimi", "event_webhook", "api_key_scopes")
    assert {name: verdicts[name] for name in asked} == dict.fromkeys(asked, "unknown")
    assert verdicts["one_click"] == "fail"
    assert verdicts["unused_templates"] == "pass"


def test_a_task_that_failed_leaves_its_checks_unknown(run: SimpleNamespace, stores: Stores) -> None:
    counts = audit.record([None, as_xcom(audit.measure(stores, run))], run)
    assert counts["unknown"] >= 11


def test_users_of_the_simple_auth_manager_are_counted_by_role(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", manager)
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "ann:admin,bo:viewer, cy:viewer")
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "false")
    monkeypatch.setenv("AIRFLOW__API__HOST", "127.0.0.1")
    found = audit.access()
    assert (found.auth_manager, found.users, found.everybody_is_admin) == (SIMPLE, {"admin": 1, "viewer": 2}, False)
    assert found.host == "127.0.0.1"
