"""Each problem raises one alert: a rate warning, an open breaker, growing doubt, a silent webhook, damaged links."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from include.collect.monitor import STATE_FILE, check
from include.core import clock
from include.core.paths import DataPaths
from include.dispatch import control
from include.dispatch.send.sender import send_range
from include.ledger import doubt, plans
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.ledger.tables import plans as plans_table
from include.warehouse.connection import open_warehouse
from tests.collect.test_breaker import half_sent
from tests.dispatch.frozen import frozen_plan
from tests.dispatch.scripted_esp import ScriptedEsp, accepted

INSERT_BATCH = """
insert into engagement.spool_files by name
select 'batch' as name, $at as received_at, $at as loaded_at, 1 as events, 1 as new_events, 0 as duplicates, 0 as quarantined
"""


def alert_titles(paths: DataPaths) -> list[tuple[str, str]]:
    alerts = [json.loads(path.read_bytes()) for path in sorted(paths.alerts.glob("*Z-*.json"))]
    return [(alert["kind"], alert["title"]) for alert in alerts]


def alert_details(paths: DataPaths) -> set[tuple[str, ...]]:
    """Kind, severity and runbook page of the alerts of `check(…, dag="collect", run="r")`."""
    alerts = [json.loads(path.read_bytes()) for path in paths.alerts.glob("*Z-*.json")]
    assert all((alert["dag"], alert["run"], alert["task"]) == ("collect", "r", "monitor") for alert in alerts)
    return {(alert["kind"], alert["severity"], alert["runbook"]) for alert in alerts}


def open_kinds(paths: DataPaths) -> list[str]:
    """The kinds of the alerts that are not resolved."""
    return [json.loads(path.read_bytes())["kind"] for path in sorted((paths.alerts / "open").glob("*.json"))]


def advance_clock(monkeypatch: pytest.MonkeyPatch, **time: float) -> None:
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(timedelta(**time).total_seconds()))


def test_an_open_breaker_alerts_once_for_each_hold(stores: Stores, esp: ScriptedEsp) -> None:
    half_sent(stores, esp, bounced=20)
    assert check(stores, dag="collect", run="r") == {"warnings": 0, "held": 2, "in_doubt": 0, "alerts": 2}
    assert alert_details(stores.paths) == {("breaker-open", "critical", "docs/runbook/breaker-open.md#what-to-do")}
    assert check(stores)["alerts"] == 0
    assert sorted(alert_titles(stores.paths)) == [
        ("breaker-open", "The circuit breaker holds back spring once for all mailbox providers"),
        ("breaker-open", "The circuit breaker holds back spring once for gmail"),
    ]
    assert open_kinds(stores.paths) == ["breaker-open", "breaker-open"]
    control.resume(stores.ledger, "spring", "once")
    assert check(stores)["alerts"] == 0
    assert "breaker-open" not in open_kinds(stores.paths)


def test_a_rate_warning_alerts_once_and_holds_nothing_back(stores: Stores, esp: ScriptedEsp) -> None:
    plan_id = half_sent(stores, esp, bounced=8)
    assert check(stores) == {"warnings": 2, "held": 0, "in_doubt": 0, "alerts": 2}
    assert check(stores) == {"warnings": 2, "held": 0, "in_doubt": 0, "alerts": 0}
    assert open_kinds(stores.paths) == ["rate-warning", "rate-warning"]
    assert alert_titles(stores.paths) == [("rate-warning", "spring once: hard bounces at 2.67%")] * 2
    assert send_range(stores, esp.account, plan_id=plan_id, first=3, last=5)["accepted"] == 300


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_a_rate_over_the_limit_of_a_finished_campaign_is_a_warning(stores: Stores, esp: ScriptedEsp, state: str) -> None:
    plan_id = half_sent(stores, esp, bounced=20)
    plans.change_state(stores.ledger, plan_id, state, from_states=("sending",))
    assert check(stores) == {"warnings": 2, "held": 0, "in_doubt": 0, "alerts": 2}
    (alert, _) = [json.loads(path.read_bytes()) for path in stores.paths.alerts.glob("*Z-*.json")]
    assert "this one is finished: there is nothing left to hold back" in alert["safe"]
    assert "yet" not in alert["safe"]


def test_damaged_links_alert_once_until_a_link_verifies(stores: Stores) -> None:
    def alerts_after(in_a_row: int) -> int:
        stores.paths.spool.mkdir(parents=True, exist_ok=True)
        (stores.paths.spool / "links.json").write_text(
            json.dumps({"verified": 3, "damaged": 40, "damaged_in_a_row": in_a_row})
        )
        return check(stores, dag="collect", run="r")["alerts"]

    assert check(stores)["alerts"] == 0
    assert [alerts_after(number) for number in (9, 10, 11)] == [0, 1, 0]
    assert open_kinds(stores.paths) == ["damaged-links"]
    assert [alerts_after(number) for number in (0, 9)] == [0, 0]
    assert open_kinds(stores.paths) == []
    assert alerts_after(30) == 1
    assert alert_titles(stores.paths) == [
        ("damaged-links", "The last 10 links that people pressed were all damaged"),
        ("damaged-links", "The last 30 links that people pressed were all damaged"),
    ]
    assert alert_details(stores.paths) == {("damaged-links", "critical", "docs/runbook/damaged-links.md#what-to-do")}
    (stores.paths.spool / "links.json").write_text("{torn")
    assert check(stores)["alerts"] == 0


def test_doubt_alerts_when_it_grows_and_only_after_the_event_delay(
    stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = frozen_plan(stores, 40, chunk_size=10)
    esp.answer = lambda number, _body: "refuse" if number == 1 else accepted()
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=2)
    assert check(stores)["alerts"] == 0
    advance_clock(monkeypatch, minutes=16)
    assert check(stores, dag="collect", run="r")["in_doubt"] == 10
    assert alert_details(stores.paths) == {("growing-doubt", "warning", "docs/runbook/growing-doubt.md#what-to-do")}
    assert check(stores)["alerts"] == 0
    assert alert_titles(stores.paths) == [("growing-doubt", "spring once: 10 people are in doubt")]
    prove_one(stores.ledger, esp)
    assert check(stores) == {"warnings": 0, "held": 0, "in_doubt": 9, "alerts": 0}
    assert open_kinds(stores.paths) == ["growing-doubt"]
    esp.answer = lambda _number, _body: "refuse"
    send_range(stores, esp.account, plan_id=plan_id, first=3, last=3)
    advance_clock(monkeypatch, minutes=33)
    assert check(stores)["in_doubt"] == 19
    assert ("growing-doubt", "spring once: 19 people are in doubt") in alert_titles(stores.paths)


def prove_one(ledger: Ledger, esp: ScriptedEsp) -> None:
    (chunk,) = doubt.in_doubt_chunks(ledger)
    key = esp.bodies[1]["personalizations"][0]["custom_args"]["tw_key"]
    proof = doubt.Proof(chunk.plan_id, chunk.chunk, 1, key, "delivered", 1.0)
    assert doubt.prove(ledger, [proof]) == 1


def test_a_silent_webhook_alerts_once_half_an_hour_after_mail_was_sent(
    stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = frozen_plan(stores, 10, chunk_size=10)
    assert check(stores)["alerts"] == 0
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=0)
    advance_clock(monkeypatch, minutes=29)
    assert check(stores)["alerts"] == 0
    advance_clock(monkeypatch, minutes=31)
    assert [check(stores, dag="collect", run="r")["alerts"] for _ in range(2)] == [1, 0]
    assert alert_details(stores.paths) == {("webhook-silent", "critical", "docs/runbook/webhook-silent.md#what-to-do")}
    assert [kind for kind, _ in alert_titles(stores.paths)] == ["webhook-silent"]
    assert open_kinds(stores.paths) == ["webhook-silent"]
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(INSERT_BATCH, {"at": clock.now()})
    assert check(stores)["alerts"] == 0
    assert open_kinds(stores.paths) == []
    assert json.loads((stores.paths.alerts / STATE_FILE).read_bytes())["silent"] is False


def test_a_silent_webhook_after_a_test_send_does_not_alert(
    stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = frozen_plan(stores, 10, chunk_size=10)
    with stores.ledger.write() as connection:
        connection.execute(update(plans_table).values(kind=plans.TEST))
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=0)
    advance_clock(monkeypatch, minutes=31)
    assert check(stores)["alerts"] == 0


@pytest.mark.parametrize("content", [b"", b"[]", b'{"holds"', b"null"])
def test_an_unreadable_state_file_repeats_the_alerts(
    content: bytes, stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = frozen_plan(stores, 10, chunk_size=10)
    esp.answer = lambda _number, _body: "refuse"
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=0)
    advance_clock(monkeypatch, minutes=16)
    assert check(stores)["alerts"] == 1
    (stores.paths.alerts / STATE_FILE).write_bytes(content)
    assert check(stores)["alerts"] == 1


def test_the_state_file_contains_no_addresses(stores: Stores, esp: ScriptedEsp) -> None:
    frozen_plan(stores, 10, chunk_size=10)
    check(stores)
    state: dict[str, Any] = json.loads((stores.paths.alerts / STATE_FILE).read_bytes())
    assert state == {"warnings": [], "holds": [], "doubt": {}, "silent": False, "links": False, "waiting": False}


def test_activities_that_wait_alert_once(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    incoming = stores.paths.spool / "activities" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / f"{clock.now():%Y%m%dT%H%M%S%f}Z-1.jsonl").write_text("{}\n")
    assert check(stores)["alerts"] == 0
    advance_clock(monkeypatch, minutes=16)
    assert [check(stores, dag="collect", run="r")["alerts"] for _ in range(2)] == [1, 0]
    assert alert_details(stores.paths) == {
        ("activities-waiting", "warning", "docs/runbook/warehouse-busy.md#activities-wait")
    }
