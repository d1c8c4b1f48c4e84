"""SendGrid's totals by day and category, stored for reconciliation."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from include.collect.provider_totals import fetch_totals
from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import EspUnavailable
from tests.collect.conftest import SendGrid, World
from tests.running_simulator import RunningSimulator
from tests.simulator.mail_bodies import mail

TOTALS = "select category, metric, value from engagement.esp_totals order by all"


def record_plans(world: World, *campaigns: str) -> None:
    for campaign in campaigns:
        world.query(f"""
            insert into dispatch.plans by name
            select '{campaign}' as plan_id, '{campaign}' as campaign, 'o' as occurrence, 's' as segment, 'r' as segment_run,
                'done' as state, 'h' as content_hash, timestamptz '{clock.now().isoformat()}' as planned_at, 1 as selected
        """)


def stats(category: str, **metrics: int) -> bytes:
    day = clock.now().date().isoformat()
    stat = {"type": "category", "name": category, "metrics": metrics}
    return json.dumps([{"date": day, "stats": [stat]}]).encode()


def test_totals_are_replaced_by_day_and_category(world: World, sendgrid: tuple[SendGrid, SendGridAccount]) -> None:
    state, account = sendgrid
    record_plans(world, "newsletter")
    state.answer = (200, stats("newsletter", delivered=3, bounces=1))
    assert fetch_totals(account, world.paths) == {"categories": 1, "totals": 2}
    state.answer = (200, stats("newsletter", delivered=4))
    assert fetch_totals(account, world.paths) == {"categories": 1, "totals": 1}
    assert world.query(TOTALS) == [("newsletter", "delivered", 4)]
    name, query = state.requests[-1]
    assert (name, query["categories"], query["aggregated_by"]) == ("stats", ["newsletter"], ["day"])


def test_each_request_names_one_category(world: World, sendgrid: tuple[SendGrid, SendGridAccount]) -> None:
    state, account = sendgrid
    record_plans(world, *(f"c{number:02}" for number in range(12)))
    state.answer = (200, b"[]")
    assert fetch_totals(account, world.paths) == {"categories": 12, "totals": 0}
    assert [query["categories"] for _, query in state.requests] == [[f"c{number:02}"] for number in range(12)]


def test_without_plans_nothing_is_requested_and_missing_statistics_are_not_an_error(
    world: World, sendgrid: tuple[SendGrid, SendGridAccount]
) -> None:
    state, account = sendgrid
    assert fetch_totals(account, world.paths) == {"categories": 0, "totals": 0}
    assert state.requests == []
    record_plans(world, "newsletter")
    state.answer = (404, b"{}")
    assert fetch_totals(account, world.paths) == {"totals": "not offered"}


@pytest.mark.parametrize("body", [b"{}", b'[{"date": "soon"}]', b"[1]"])
def test_a_response_of_another_shape_raises_esp_unavailable(
    world: World, sendgrid: tuple[SendGrid, SendGridAccount], body: bytes
) -> None:
    state, account = sendgrid
    record_plans(world, "newsletter")
    state.answer = (200, body)
    with pytest.raises(EspUnavailable):
        fetch_totals(account, world.paths)


def test_totals_of_several_campaigns_are_fetched_from_the_simulator(world: World, tmp_path: Path) -> None:
    esp = RunningSimulator(tmp_path / "simulator", speed=1000, flush=0.05)
    try:
        esp.send(mail(3, categories=["newsletter"]))
        esp.send(mail(2, categories=["winback"]))
        while (status := esp.status())["events_pending"] or status["runs_waiting"]:
            time.sleep(0.05)
        record_plans(world, "newsletter", "winback")
        fetch_totals(SendGridAccount(esp.base_url, esp.key), world.paths)
    finally:
        esp.stop()
    requests = "select category, value from engagement.esp_totals where metric = 'requests' and value > 0 order by all"
    assert world.query(requests) == [("newsletter", 3), ("winback", 2)]
