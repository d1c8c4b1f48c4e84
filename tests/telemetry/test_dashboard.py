"""The queries of the dashboard use metrics and labels that the code emits, as a receiver gets and Prometheus names them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from include.analyze.service_levels import check_service_levels
from include.collect.load import load_spool
from include.core.alert import deliver
from include.core.paths import PROJECT
from include.dispatch.plan.tracing import traced
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from tests.alerts.test_alert import ALERT
from tests.campaign import CAMPAIGN
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.sending import Sending
from tests.telemetry.receiver import OtlpReceiver
from tests.telemetry.test_documentation import ALL

DASHBOARD = PROJECT / "docs" / "observability" / "grafana-dashboard.json"
AIRFLOW = {"airflow_ti_failures_total", "airflow_scheduler_heartbeat_total"}
UNITS = {"s": "_seconds", "1": ""}
LEVEL = """
create or replace table marts.service_levels as
select
    current_date as day, 'event_lag' as objective, 't' as title, 0.9 as target, 1 as good, 1 as total, 1.0 as good_rate,
    1.0 as budget_left, 0.0 as burn_rate_1d, 0.0 as burn_rate_7d
"""


def series(metric: Any) -> set[str]:
    """The names of a metric's series in Prometheus, by the rules for OTLP: unit, then `_total` of counters."""
    name = metric.name.replace(".", "_") + UNITS.get(metric.unit, "")
    match metric.WhichOneof("data"):
        case "sum":
            return {f"{name}_total"}
        case "histogram":
            return {f"{name}_{part}" for part in ("bucket", "sum", "count")}
    return {name}


def queries() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def emit_everything(stores: Stores, esp: ScriptedEsp) -> None:
    """Run everything that has a metric."""
    from types import SimpleNamespace

    sending = Sending(stores, people=20)
    sending.send(esp)
    people = {"selected": 20, "planned": 20, "suppressed": 0, "capped": 0, "held_out": 0, "found": False}
    request: Any = SimpleNamespace(campaign=CAMPAIGN, occurrence="once", kind="live", plan_id=sending.plan_id)
    frozen: Any = people
    traced(request, lambda: frozen)
    load_spool(stores.paths)
    deliver(stores.paths, ALERT)
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(LEVEL)
    check_service_levels(stores.paths)


def test_every_query_uses_metrics_that_are_emitted_and_every_metric_is_shown(
    stores: Stores, otlp: OtlpReceiver, esp: ScriptedEsp
) -> None:
    emit_everything(stores, esp)
    received = {metric.name: series(metric) for metric in otlp.metrics}
    assert set(received) == set(ALL), "every metric is emitted by the code, and none that is not declared"
    names = {name for one in received.values() for name in one} | AIRFLOW
    used = {name for query in queries() for name in re.findall(r"(?:tradewind|airflow)_\w+", query)}
    assert used <= names
    for name, of_metric in received.items():
        assert of_metric & used, f"no panel shows {name}"


@pytest.mark.parametrize("query", queries())
def test_labels_of_a_query_are_labels_of_its_metric(query: str) -> None:
    grouped = {label for group in re.findall(r"by \(([\w, ]+)\)", query) for label in group.split(", ")} - {"le"}
    for name in re.findall(r"tradewind_\w+", query):
        (metric,) = [one for one in ALL.values() if name.startswith(one.name.replace(".", "_"))]
        assert grouped <= set(metric.labels), name


def test_descriptions_name_pages_that_exist() -> None:
    pages = re.findall(r"docs/[\w/-]+(?:\.md)?", DASHBOARD.read_text())
    assert pages
    for page in pages:
        assert Path(PROJECT / page.rstrip("/")).exists(), page
