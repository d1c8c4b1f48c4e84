"""Results are recorded with their history; an alert comes when a verdict gets worse, not each time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analyze.marts import build_marts
from include.audit.checks import CHECKS
from include.audit.record import Audit, Earlier, is_worse, record
from include.audit.result import ORDER, Result, Verdict, conclude, rank
from include.core import alert_files
from include.core.paths import DataPaths
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse

FIRST = datetime(2026, 9, 1, 5, tzinfo=UTC)


def results(**verdicts: Verdict) -> list[dict[str, Any]]:
    """A result of every check; a pass unless `verdicts` says otherwise."""
    found = [Result(name, verdicts.get(name, "pass"), {"people": 1_234}, f"Advice for {name}.") for name in CHECKS]
    return [one.as_json() for one in found]


def month(number: int) -> Audit:
    return Audit("audit", f"run-{number}", FIRST + timedelta(days=30 * number))


def alerts(paths: DataPaths) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(paths.alerts.glob("*.json"))]


def test_the_mart_has_each_verdict_with_the_one_before(stores: Stores) -> None:
    for number, verdict in enumerate(("pass", "fail", "unknown")):
        record(stores.paths, results(dmarc=verdict), month(number))  # type: ignore[arg-type]
    record(stores.paths, results(dmarc="warn"), month(2))
    build_marts(stores, as_of=FIRST)
    query = """
        select run_id, verdict, previous_verdict, evidence ->> '$.people', advice from marts.audit_checks
        where check_name = 'dmarc' order by checked_at
    """
    with open_warehouse(stores.paths) as warehouse:
        assert warehouse.execute(query).fetchall() == [
            ("run-0", "pass", None, "1234", "Advice for dmarc."), ("run-1", "fail", "pass", "1234", "Advice for dmarc."),
            ("run-2", "warn", "fail", "1234", "Advice for dmarc."),
        ], "a run that is recorded again replaces its results"  # fmt: skip
        assert warehouse.execute("select count(*) from marts.audit_checks").fetchall() == [(3 * len(CHECKS),)]


def test_an_alert_comes_for_what_got_worse_and_none_for_what_stays(stores: Stores) -> None:
    counts = record(stores.paths, results(bimi="warn"), month(0))
    assert counts == {"pass": len(CHECKS) - 1, "unknown": 0, "warn": 1, "fail": 0, "worse": 0}
    assert alerts(stores.paths) == [], "the first audit alerts on failures only"
    record(stores.paths, results(bimi="warn", dmarc="fail", consent="warn"), month(1))
    found = {alert["about"]: alert for alert in alerts(stores.paths)}
    assert {name: alert["severity"] for name, alert in found.items()} == {"dmarc": "critical", "consent": "warning"}
    assert found["dmarc"]["title"] == "Audit: DMARC records: fail"
    assert found["dmarc"]["happened"] == "It was pass at the last audit. Advice for dmarc."
    record(stores.paths, results(bimi="warn", dmarc="fail", consent="warn"), month(2))
    assert len(alerts(stores.paths)) == 2


@pytest.mark.parametrize(
    ("verdict", "then", "is_open"),
    [
        ("fail", "fail", True), ("fail", "unknown", True), ("fail", "warn", False), ("fail", "pass", False),
        ("warn", "unknown", True), ("warn", "pass", False), ("warn", "warn", True), ("unknown", "pass", False),
    ],
)  # fmt: skip
def test_an_alert_is_over_when_the_check_is_better(stores: Stores, verdict: Verdict, then: Verdict, is_open: bool) -> None:
    for number, each in enumerate(("pass", verdict, then)):
        record(stores.paths, results(dmarc=each), month(number))
    assert len(alert_files.open_alerts(stores.paths.alerts)) == is_open


def test_a_failure_alerts_in_the_first_audit(stores: Stores) -> None:
    assert record(stores.paths, results(one_click="fail"), month(0))["worse"] == 1
    (alert,) = alerts(stores.paths)
    assert alert["happened"] == "Advice for one_click."


def test_checks_of_a_task_that_failed_are_unknown(stores: Stores) -> None:
    counts = record(stores.paths, results()[:5], month(0))
    assert (counts["pass"], counts["unknown"]) == (5, len(CHECKS) - 5)


def test_the_page_shows_verdict_evidence_advice_and_history(stores: Stores) -> None:
    record(stores.paths, results(), month(0))
    record(stores.paths, [*results(dmarc="fail"), Result("addresses", "warn", {"<b>": "<i>"}, "A & B").as_json()], month(1))
    page = (stores.paths.audit / "audit.html").read_text()
    assert "1,234" in page
    assert "before: pass, got worse" in page
    assert ("&lt;b&gt;" in page, "<b>" in page, "A &amp; B" in page) == (True, False, True)
    assert all(f'id="{name}"' in page for name in CHECKS)
    assert "http://" not in page.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("history", "alerting"),
    [
        (["pass", "unknown", "unknown", "pass"], [False, True, False, False]),
        (["fail", "unknown", "fail"], [True, False, False]),
        (["pass", "unknown", "warn", "fail"], [False, True, True, True]),
        (["warn", "warn"], [False, False]),
        (["unknown", "warn"], [False, True]),
    ],
)
def test_which_verdicts_alert(history: list[Verdict], alerting: list[bool]) -> None:
    assert alerted(history) == alerting


def alerted(history: list[Verdict]) -> list[bool]:
    found = []
    for at, verdict in enumerate(history):
        known = [one for one in history[:at] if one != "unknown"]
        found.append(is_worse(verdict, Earlier(history[at - 1] if at else None, known[-1] if known else None)))
    return found


@given(st.lists(st.sampled_from(ORDER), min_size=1, max_size=12))
def test_a_verdict_that_stays_or_improves_never_alerts(history: list[Verdict]) -> None:
    for at, alerts_now in enumerate(alerted(history)[1:], start=1):
        if rank(history[at]) <= rank(history[at - 1]):
            assert not alerts_now
        if history[at] == "fail" and "fail" not in history[:at]:
            assert alerts_now


@given(st.lists(st.sampled_from(ORDER[1:])))
def test_the_worst_finding_decides(verdicts: list[Verdict]) -> None:
    result = conclude("check", {}, [(verdict, f"{verdict}.") for verdict in verdicts], fine="Fine.")
    assert result.verdict == max(verdicts, key=rank, default="pass")
    assert result.advice.startswith(f"{result.verdict}." if verdicts else "Fine.")
