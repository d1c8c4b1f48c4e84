"""Traces and metrics of real sends, as a real OTLP receiver gets them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from uuid import UUID

import pytest

from include.core import telemetry
from include.core.connections import SendGridAccount
from include.core.errors import CampaignStopped
from include.core.paths import PROJECT
from include.dispatch.account.settle import settle
from include.dispatch.send.sender import ranges, send_range
from include.ledger.stores import Stores
from tests.dispatch.scripted_esp import ScriptedEsp, accepted, failed
from tests.dispatch.sending import Sending
from tests.running_simulator import RunningSimulator
from tests.telemetry.receiver import OtlpReceiver

TASK = """
import sys
from include.core.connections import SendGridAccount, ledger_url
from include.core.paths import data_paths
from include.core.secrets import load_secrets
from include.dispatch.account.settle import settle
from include.dispatch.send.sender import send_range
from include.ledger.database import open_ledger
from include.ledger.stores import Stores
import os

paths = data_paths()
secrets = load_secrets(paths)
stores = Stores(paths, open_ledger(ledger_url(paths), secrets), secrets)
first, last = map(int, sys.argv[3].split("-"))
send_range(stores, SendGridAccount(sys.argv[1], "SG.test"), plan_id=sys.argv[2], first=first, last=last)
os._exit(0)  # as Airflow ends its task processes
"""


def trace_of(sending: Sending) -> str:
    return UUID(sending.plan_id).hex


def test_a_send_in_several_processes_is_one_trace_whose_counts_are_the_simulators(
    stores: Stores, otlp: OtlpReceiver, simulator: RunningSimulator
) -> None:
    sending = Sending(stores, people=600, chunk_size=100)
    for part in ("0-2", "3-5"):
        arguments = [sys.executable, "-c", TASK, simulator.base_url, sending.plan_id, part]
        subprocess.run(arguments, check=True, cwd=PROJECT, capture_output=True)
    settle(stores.ledger, sending.plan_id)
    taken = simulator.accepted()
    assert len(taken) == 600
    assert otlp.count("tradewind.send.messages", state="accepted") == len(taken)
    by_name = {span.name: [one.attributes for one in otlp.spans if one.name == span.name] for span in otlp.spans}
    requests = [one for one in by_name["dispatch.request"] if one["response"] == "accepted"]
    assert otlp.count("tradewind.send.requests", response="accepted") == len(requests)
    assert otlp.count("tradewind.send.request.duration", response="accepted") == len(requests)
    assert sum(one["recipients"] for one in requests) == 600
    assert sum(one.get("accepted", 0) for one in by_name["dispatch.outcome"]) == 600
    assert [one["accepted"] for one in by_name["dispatch"]] == [600]
    assert {name: len(by_name[name]) for name in ("dispatch.send_range", "dispatch.settle")} == {
        "dispatch.send_range": 2, "dispatch.settle": 1,
    }  # fmt: skip
    assert {span.trace for span in otlp.spans} == {trace_of(sending)}
    assert otlp.services == {"tradewind"}


def test_every_span_is_below_the_root(stores: Stores, otlp: OtlpReceiver, esp: ScriptedEsp) -> None:
    sending = Sending(stores)
    sending.send(esp)
    settle(sending.ledger, sending.plan_id)
    by_id = {span.id: span for span in otlp.spans}
    (root,) = [span for span in otlp.spans if not span.parent]
    assert (root.name, root.attributes["accepted"]) == ("dispatch", 100)
    above = {span.name: by_id[span.parent].name for span in otlp.spans if span.parent}
    assert above == {
        "dispatch.send_range": "dispatch", "dispatch.settle": "dispatch",
        "dispatch.request": "dispatch.send_range", "dispatch.outcome": "dispatch.send_range",
    }  # fmt: skip
    settle(sending.ledger, sending.plan_id)
    assert [span.name for span in otlp.spans].count("dispatch") == 1, "a plan has one root, however often it is settled"


def test_responses_and_failures_are_in_the_spans(stores: Stores, otlp: OtlpReceiver, esp: ScriptedEsp) -> None:
    sending = Sending(stores, people=30)
    esp.answer = lambda number, _body: failed(401) if number else accepted()
    with pytest.raises(CampaignStopped):
        sending.send(esp)
    requests = [span.attributes for span in otlp.spans if span.name == "dispatch.request"]
    assert ("accepted", 202) in {(one["response"], one["status"]) for one in requests}
    assert ("stop", 401) in {(one["response"], one["status"]) for one in requests}
    (send,) = [span for span in otlp.spans if span.name == "dispatch.send_range"]
    assert send.failed
    assert send.attributes["error"] == "CampaignStopped"
    assert otlp.count("tradewind.send.messages", state="accepted") == sending.tally().accepted


def test_no_address_name_key_or_token_is_exported(stores: Stores, otlp: OtlpReceiver, esp: ScriptedEsp) -> None:
    sending = Sending(stores, people=20)
    esp.answer = lambda number, _body: failed(400, "personalizations.0.to.0.email") if number == 0 else accepted()
    sending.send(esp)
    settle(sending.ledger, sending.plan_id)
    exported = b"".join(otlp.raw)
    people = [person for body in esp.bodies for person in body["personalizations"]]
    values = {value for person in people for value in (*person["custom_args"].values(), *person["substitutions"].values())}
    secret = {value for value in values if len(value) > 2} - {value for value in values if value.startswith(sending.plan_id)}
    assert len(secret) > 40
    for value in (*secret, "example.com", "SG.test"):
        assert value.encode() not in exported, value
    for span in otlp.spans:
        assert set(span.attributes) <= set(telemetry.ATTRIBUTES)
        assert not any("@" in str(value) for value in span.attributes.values())


def test_labels_of_metrics_have_few_values(stores: Stores, otlp: OtlpReceiver, esp: ScriptedEsp) -> None:
    Sending(stores, people=50).send(esp)
    labels = {label for series in otlp.counts.values() for labels in series for label in labels}
    assert {name for name, _ in labels} == {"state", "response"}
    assert len(labels) <= 20


def test_a_span_inside_of_a_foreign_trace_links_it_and_stays_in_the_plans_trace(
    stores: Stores, otlp: OtlpReceiver, esp: ScriptedEsp
) -> None:
    """Airflow's own traces have a span of the task in the same process."""
    from opentelemetry.sdk.trace import TracerProvider

    sending = Sending(stores, people=10)
    with TracerProvider().get_tracer("airflow").start_as_current_span("task"):
        sending.send(esp)
    spans = {span.name: span for span in otlp.spans}
    assert {span.trace for span in spans.values()} == {trace_of(sending)}
    assert (spans["dispatch.send_range"].links, spans["dispatch.request"].links) == (1, 0)


@pytest.mark.parametrize("trouble", ["refused", "error"])
def test_a_collector_in_trouble_stops_no_send(
    trouble: str, stores: Stores, otlp: OtlpReceiver, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trouble == "refused":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    otlp.status = 500
    assert Sending(stores, people=10).send(esp)["accepted"] == 10


def test_nothing_is_imported_or_exported_while_it_is_off(
    stores: Stores, otlp: OtlpReceiver, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADEWIND_TELEMETRY")
    telemetry._signals.cache_clear()
    sending = Sending(stores, people=10)
    sending.send(esp)
    settle(sending.ledger, sending.plan_id)
    assert otlp.raw == []
    check = "import sys, include.core.metrics, include.core.alert; sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=PROJECT, check=False).returncode == 0


def test_ranges_of_a_planned_send_are_in_the_trace(
    stores: Stores, otlp: OtlpReceiver, start_simulator: Callable[..., RunningSimulator]
) -> None:
    simulator = start_simulator(no_recipients=True)
    sending = Sending(stores, people=40, chunk_size=10)
    for part in ranges(stores.ledger, sending.plan_id):
        send_range(stores, SendGridAccount(simulator.base_url, simulator.key), **part)
    (span,) = [one for one in otlp.spans if one.name == "dispatch.send_range"]
    assert (span.attributes["first"], span.attributes["requests"], span.attributes["accepted"]) == (0, 4, 40)
