"""The model of hosts, disk and CPU: by hand, in proportion, and with costs and days that the installation really has."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from include.core.paths import PROJECT
from include.publish.resources import Shop, UnitCosts, resources, stored, unit_costs

ONE_EACH = UnitCosts(**dict.fromkeys(UnitCosts.__dataclass_fields__, 1.0))


def test_a_shop_worked_out_by_hand() -> None:
    shop = Shop(
        people=7_000, sends_a_week=1, send_hours=1, purchases_a_year=2, events_a_message=2, deliveries=3, years=1,
        landed_days=10, plan_days=20, spool_days=30, builds=2, night_hours=1,
    )  # fmt: skip
    sizes = stored(shop, ONE_EACH)
    a_year = 365.25
    assert sizes["landed"] == 10 * (7_000 + 14_000)
    assert sizes["plans"] == 1_000 * 20
    assert sizes["spool"] == 1_000 * 2 * 3 * 30
    assert sizes["ledger"] == 1_000 * a_year
    assert sizes["warehouse"] == pytest.approx(2 * 7_000 + 14_000 + 1_000 * a_year + 2 * 2_000 * a_year)
    assert sizes["published"] == 2 * (7_000 + 2_000 * a_year)
    found = resources(shop, ONE_EACH)
    assert (found.requests_a_day, found.events_a_day) == (1.0, 2_000)
    assert found.messages_per_second == pytest.approx(7_000 / 3_600)
    assert found.cpu_by_stage["ingest"] == pytest.approx((7_000 + 14_000) / 1e6)
    assert found.cpu_by_stage["analyze"] == pytest.approx((7_000 + 2_000) / 1e6)
    assert found.cpu_by_stage["send"] == pytest.approx(1_000 / 1e6)


@given(st.integers(10_000, 10**8), st.floats(0.1, 20), st.integers(2, 10))
def test_more_people_take_more_in_proportion(people: int, sends: float, times: int) -> None:
    few, many = (resources(Shop(size, sends), unit_costs()) for size in (people, people * times))
    assert many.bytes == pytest.approx(times * few.bytes)
    assert sum(many.cpu_by_stage.values()) == pytest.approx(times * sum(few.cpu_by_stage.values()))
    assert few.cores <= many.cores <= times * few.cores + 2
    assert few.memory_mb <= many.memory_mb


def test_a_send_in_half_the_time_takes_more_cores_and_no_more_disk() -> None:
    slow, fast = (resources(Shop(50_000_000, 7, send_hours=hours), unit_costs()) for hours in (4, 0.5))
    assert fast.send_cores > slow.send_cores
    assert fast.bytes == slow.bytes
    assert fast.cpu_by_stage == slow.cpu_by_stage


def test_each_cost_counts() -> None:
    shop = Shop(1_000_000, 7)
    usual = resources(shop, ONE_EACH)
    for name in UnitCosts.__dataclass_fields__:
        dearer = resources(shop, replace(ONE_EACH, **{name: 2.0}))
        assert dearer != usual, name


def test_the_stored_costs_were_measured() -> None:
    assert all(cost >= 0 for cost in vars(unit_costs()).values())
    assert resources(Shop(1_000_000, 7), unit_costs()).bytes > 1e9


def test_days_kept_are_those_of_the_configuration() -> None:
    kept, shop = yaml.safe_load((PROJECT / "include" / "retention.yaml").read_text()), Shop(1, 1)
    assert (shop.landed_days, shop.plan_days, shop.spool_days) == (kept["landed"], kept["plans"], kept["spool"])
    assert shop.builds == kept["published"] + 2, "the current one and the one before stay"
