"""What all mail is worth by the global hold-out, and people's decisions, in the marts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.analyze.decisions import user, without_addresses
from include.analyze.marts import build_marts
from include.core.journey_version import load_version
from include.dispatch.journey import control
from include.ledger import journeys
from include.ledger.decisions import Decision, keep
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse

DURING, AFTER = datetime(2026, 11, 20, 6, tzinfo=UTC), datetime(2026, 12, 1, 6, tzinfo=UTC)
SENDS = """
insert into dispatch.sends by name
select
    concat('m', i) as message_key, 'plan' as plan_id, 'newsletter' as campaign, '2026-W47' as occurrence,
    concat('s', i) as subscriber_id,
    concat('k', i) as address_key, 'only' as variant, 'gmail' as mailbox_provider,
    if(is_held_out, 'held_out', 'accepted') as state, if(is_held_out, 'global_hold_out', null) as reason,
    if(is_held_out, null, 0) as chunk,
    1 as attempt, timestamptz '2026-11-03 09:00:00Z' as planned_at
from (select i, md5_number_lower(concat('autumn:s', i)) % 10000 < 2000 as is_held_out from range(1000) as t (i))
"""
PURCHASES = """
insert into core.purchases by name
select
    concat('p', message_key) as purchase_id, subscriber_id, timestamptz '2026-11-10 00:00:00Z' as purchased_at,
    if(state = 'held_out', 1, 3) + hash(subscriber_id) % 2 as amount, 'USD' as currency, 'r' as landed_run
from dispatch.sends
union all
select concat('late', subscriber_id), subscriber_id, timestamptz '2026-12-01 00:00:00Z', 500, 'USD', 'r' from dispatch.sends
where state = 'held_out'
"""


@pytest.fixture
def shop(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stores:
    """A thousand people, of whom a fifth is held out; those who are mailed spend two dollars more."""
    known = yaml.safe_load(Path("include/shop.yaml").read_text())
    held = {"name": "autumn", "percent": 20, "first_day": "2026-11-01", "last_day": "2026-11-30"}
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump({**known, "global_hold_out": held}))
    monkeypatch.setenv("TRADEWIND_SHOP", str(tmp_path / "shop.yaml"))
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(SENDS)
        warehouse.execute(PURCHASES)
    return stores


def revenue(stores: Stores, as_of: datetime) -> dict[str, Any]:
    build_marts(stores, as_of=as_of)
    with open_warehouse(stores.paths) as warehouse:
        rows = warehouse.execute("from marts.global_hold_out where metric = 'revenue'").to_arrow_table().to_pylist()
    assert len(rows) == 1
    return dict(rows[0])


def test_the_worth_of_all_mail_is_the_revenue_per_person_against_those_held_out(shop: Stores) -> None:
    found = revenue(shop, AFTER)
    assert found["status"] == "final"
    assert found["people_mailed"] + found["people_held_out"] == 1000
    assert 150 < found["people_held_out"] < 250
    assert found["lift"] == pytest.approx(2, abs=0.2)
    assert 1.5 < found["confidence_low"] < found["lift"] < found["confidence_high"] < 2.5
    assert found["p_value"] < 1e-9


def test_before_the_last_day_there_is_only_the_interval_that_holds_on_any_day(shop: Stores) -> None:
    found = revenue(shop, DURING)
    assert (found["status"], found["p_value"], found["confidence_low"]) == ("window_open", None, None)
    assert found["lift"] == pytest.approx(2, abs=0.2)
    assert found["always_valid_low"] is None, "nobody bought before, so that the interval has no place to be tightest at"


def test_arms_of_another_size_than_drawn_have_no_result(shop: Stores) -> None:
    with open_warehouse(shop.paths) as warehouse:
        warehouse.execute("delete from dispatch.sends where state = 'held_out' and hash(subscriber_id) % 2 = 0")
    found = revenue(shop, AFTER)
    assert (found["status"], found["lift"], found["p_value"]) == ("sample_ratio_mismatch", None, None)


def test_decisions_are_in_the_marts_without_addresses(stores: Stores) -> None:
    version = load_version("abandoned_basket")
    journeys.register(stores.ledger, "abandoned_basket", version.version, version.definition)
    control.pause(stores.ledger, "abandoned_basket", by="anna@shop.example.com", note="ask bob@example.com first")
    with stores.ledger.write() as connection:
        keep(connection, "a plan that was not made", Decision("reject", "anna"))
    build_marts(stores, as_of=AFTER)
    with open_warehouse(stores.paths) as warehouse:
        rows = warehouse.execute("select action, journey, campaign, decided_by, note from marts.decisions").fetchall()
    assert rows == [
        ("pause", "abandoned_basket", None, "anna", "ask … first"), ("reject", None, None, "anna", ""),
    ]  # fmt: skip


def test_users_and_notes_lose_what_looks_like_an_address() -> None:
    assert (user("anna"), user("anna@x.example")) == ("anna", "anna")
    assert without_addresses("<a%40x.example> and b@y.example, twice") == "<…> and … twice"
