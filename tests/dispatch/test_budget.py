"""A budget ends a plan where the money ends; a global hold-out withholds all marketing mail from the same people."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import pytest
import yaml

from include.core.campaign import Campaign
from include.core.campaign_fields import Budget
from include.core.shop import GlobalHoldOut
from include.dispatch.account.settle import settle
from include.dispatch.plan import budget
from include.dispatch.send import sender
from include.ledger.stores import Stores
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.test_plan import AT, Shop, open_shop

FREE = {"hold_out_percent": 0, "frequency_cap_hours": 0}


@pytest.fixture
def shop(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return open_shop(stores, tmp_path, monkeypatch, people=300)


def test_a_plan_ends_where_the_money_of_the_month_ends(
    shop: Shop, esp: ScriptedEsp, caplog: pytest.LogCaptureFixture
) -> None:
    """0.40 dollars pay for 200 messages at 2 dollars per thousand; 50 are spent by an earlier occurrence."""
    limits = {**FREE, "cost_per_thousand": 2.0, "budget": Budget(amount=0.4)}
    monthly = shop.campaign.model_copy(update=limits)
    shop.freeze(**{**limits, "occurrence": "day", "budget": Budget(amount=0.1, per="occurrence")})
    with caplog.at_level(logging.WARNING):
        frozen = shop.freeze(**limits)
    assert (frozen["planned"], frozen["capped"]) == (150, 150)
    assert "of which 0.10 are spent or planned, pays for 150 messages; people beyond that are capped" in caplog.text
    capped = shop.rows("select reason, count(*) from dispatch.sends where state = 'capped' group by all")
    assert capped == [("budget", 250 + 150)]
    for part in sender.ranges(shop.stores.ledger, frozen["plan_id"]):
        sender.send_range(shop.stores, esp.account, **part)
    assert settle(shop.stores.ledger, frozen["plan_id"])["accepted"] == 150
    later = budget.left(shop.stores.ledger, monthly, "later", AT)
    assert later is not None
    assert later.messages == 0
    assert later.spent == pytest.approx(0.4)
    assert budget.left(shop.stores.ledger, monthly, "later", AT.replace(month=12)) == (200, 0)


def test_the_most_engaged_are_sent_to(shop: Shop) -> None:
    shop.freeze(**FREE, cost_per_thousand=2.0, budget=Budget(amount=0.1))
    days = dict(
        shop.rows(
            "select state, [min(days_since_engagement), max(days_since_engagement)] from dispatch.sends "
            "inner join segment.features using (subscriber_id) group by all"
        )
    )
    assert days["pending"][1] <= days["capped"][0]


def test_a_budget_needs_a_price(shop: Shop) -> None:
    with pytest.raises(ValueError, match="cost_per_thousand"):
        Campaign.model_validate({**shop.campaign.model_dump(), "budget": {"amount": 5}})


@pytest.fixture
def held_out_shop(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    file = tmp_path / "shop.yaml"
    settings = {"name": "autumn", "percent": 20, "first_day": date(2026, 11, 1), "last_day": date(2026, 11, 30)}
    known = yaml.safe_load(Path("include/shop.yaml").read_text())
    file.write_text(yaml.safe_dump({**known, "global_hold_out": settings}))
    monkeypatch.setenv("TRADEWIND_SHOP", str(file))
    return shop


def test_the_same_people_are_held_out_of_every_campaign(held_out_shop: Shop) -> None:
    first = held_out_shop.freeze(**FREE)
    second = held_out_shop.freeze(**FREE, id="summer")
    assert 40 <= first["held_out"] == second["held_out"] <= 80
    assert first["selected"] == first["planned"] + first["held_out"]
    people = held_out_shop.rows(
        "select subscriber_id, count(*) from dispatch.sends where reason = 'global_hold_out' group by all"
    )
    assert {count for _, count in people} == {2}
    assert len(people) == first["held_out"]


def test_a_global_hold_out_ends_after_its_last_day(held_out_shop: Shop) -> None:
    found = GlobalHoldOut(name="autumn", percent=20, first_day=date(2026, 11, 1), last_day=date(2026, 11, 30))
    days = (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1))
    assert [found.is_in_force(day) for day in days] == [False, True, True, False]
