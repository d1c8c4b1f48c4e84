"""SendGrid's totals, kept beside ours."""

from __future__ import annotations

import json

import pytest

from include.collect.stats import fetch_totals
from include.core import clock
from include.core.connections import SendGridAccount
from include.core.errors import EspUnavailable
from tests.collect.conftest import SendGrid, World

TOTALS = "select category, metric, value from engagement.esp_totals order by all"


def plan(world: World, *campaigns: str) -> None:
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
    plan(world, "newsletter")
    state.answer = (200, stats("newsletter", delivered=3, bounces=1))
    assert fetch_totals(account, world.paths) == {"categories": 1, "totals": 2}
    state.answer = (200, stats("newsletter", delivered=4))
    assert fetch_totals(account, world.paths) == {"categories": 1, "totals": 1}
    assert world.query(TOTALS) == [("newsletter", "delivered", 4)]
    name, query = state.asked[-1]
    assert (name, query["categories"], query["aggregated_by"]) == ("stats", ["newsletter"], ["day"])


def test_ten_categories_a_call(world: World, sendgrid: tuple[SendGrid, SendGridAccount]) -> None:
    state, account = sendgrid
    plan(world, *(f"c{number:02}" for number in range(12)))
    state.answer = (200, b"[]")
    assert fetch_totals(account, world.paths) == {"categories": 12, "totals": 0}
    assert [len(query["categories"]) for _, query in state.asked] == [10, 2]


def test_no_plan_asks_nothing_and_no_statistics_is_no_error(
    world: World, sendgrid: tuple[SendGrid, SendGridAccount]
) -> None:
    state, account = sendgrid
    assert fetch_totals(account, world.paths) == {"categories": 0, "totals": 0}
    assert state.asked == []
    plan(world, "newsletter")
    state.answer = (404, b"{}")
    assert fetch_totals(account, world.paths) == {"totals": "not offered"}


@pytest.mark.parametrize("body", [b"{}", b'[{"date": "soon"}]', b"[1]"])
def test_an_answer_of_another_shape_is_unavailable(
    world: World, sendgrid: tuple[SendGrid, SendGridAccount], body: bytes
) -> None:
    state, account = sendgrid
    plan(world, "newsletter")
    state.answer = (200, body)
    with pytest.raises(EspUnavailable):
        fetch_totals(account, world.paths)
