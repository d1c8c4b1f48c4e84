"""The circuit breaker: its thresholds, and its effect on a campaign that is being sent."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from include.collect import breaker
from include.core import clock
from include.core.errors import CampaignStopped
from include.core.paths import DataPaths
from include.dispatch import control
from include.dispatch.account import record
from include.dispatch.send.sender import send_range
from include.ledger import counts, holds, journeys
from include.ledger.stores import Stores
from include.ledger.tables import chunks
from include.warehouse.connection import open_warehouse
from tests.dispatch.frozen import frozen_plan
from tests.dispatch.scripted_esp import ScriptedEsp

INSERT_EVENTS = """
insert into engagement.events by name
select
    concat(message_key, $event) as dedup_key, message_key, subscriber_id, campaign, occurrence, $event as event,
    $bounce_class as bounce_class, $at as occurred_at, $at as received_at, 'f' as spool_file
from (select * from dispatch.sends where state = 'accepted' order by message_key limit $people offset $skip)
"""


@pytest.mark.parametrize(
    ("delivered", "hard", "complaints", "expected"),
    [
        (199, 100, 100, []),
        (1_000, 20, 0, []),
        (1_000, 21, 0, [("hard bounces", False)]),
        (1_000, 53, 0, [("hard bounces", True)]),
        (10_000, 0, 7, []),
        (10_000, 0, 8, [("complaints", False)]),
        (10_000, 0, 10, [("complaints", True)]),
        (200, 0, 1, [("complaints", True)]),
    ],
)
def test_rates_are_evaluated_against_the_thresholds(
    delivered: int, hard: int, complaints: int, expected: list[tuple[str, bool]]
) -> None:
    row = breaker.Counts(
        plan_id="p", campaign="spring", occurrence="once", provider="gmail",
        delivered=delivered, hard_bounced=hard, complained=complaints,
    )  # fmt: skip
    found = [(finding.reason.partition(" at ")[0], finding.stops) for finding in breaker.evaluate(row)]
    assert found == expected


def insert_events(paths: DataPaths, event: str, people: int, skip: int = 0, bounce_class: str | None = None) -> None:
    with open_warehouse(paths) as warehouse:
        values = {"event": event, "people": people, "skip": skip, "bounce_class": bounce_class, "at": clock.now()}
        warehouse.execute(INSERT_EVENTS, values)


def half_sent(stores: Stores, esp: ScriptedEsp, *, bounced: int) -> str:
    """A plan for 600 people, half of it sent: `bounced` messages bounced, the others were delivered. Returns its id."""
    plan_id = frozen_plan(stores, 600, chunk_size=100)
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=2)
    record.record_sends(stores)
    insert_events(stores.paths, "delivered", 300 - bounced)
    insert_events(stores.paths, "bounced", bounced, skip=300 - bounced, bounce_class="hard")
    return plan_id


def test_an_open_breaker_holds_back_pending_messages_and_drops_none(stores: Stores, esp: ScriptedEsp) -> None:
    plan_id = half_sent(stores, esp, bounced=20)
    assert breaker.check_rates(stores) == ([], 2)
    assert breaker.check_rates(stores) == ([], 0)
    with pytest.raises(CampaignStopped, match=r"hard bounces at 6\.67%"):
        send_range(stores, esp.account, plan_id=plan_id, first=3, last=5)
    assert sum(esp.taken.values()) == 300
    control.resume(stores.ledger, "spring", "once")
    assert breaker.check_rates(stores) == ([], 0)
    assert send_range(stores, esp.account, plan_id=plan_id, first=3, last=5)["accepted"] == 300
    with stores.ledger.read() as connection:
        assert counts.require_conservation(connection, plan_id).accepted == 600


def test_a_hold_of_one_provider_does_not_stop_the_others(stores: Stores, esp: ScriptedEsp) -> None:
    plan_id = frozen_plan(stores, 600, chunk_size=100)
    with stores.ledger.write() as connection:
        connection.execute(update(chunks).where(chunks.c.chunk >= 4).values(provider="yahoo"))
    assert holds.hold(stores.ledger, plan_id, "yahoo", "breaker: complaints")
    assert send_range(stores, esp.account, plan_id=plan_id, first=0, last=5)["accepted"] == 400
    with stores.ledger.read() as connection:
        assert counts.require_conservation(connection, plan_id).pending == 200
    control.resume(stores.ledger, "spring", "once")
    assert send_range(stores, esp.account, plan_id=plan_id, first=0, last=5)["accepted"] == 200


def test_the_small_plans_of_a_journey_are_evaluated_together(stores: Stores) -> None:
    """Each plan has too few messages for a rate; together they pause the journey, once."""
    journeys.register(stores.ledger, "basket", "v1", "{}")
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(
            "insert into dispatch.sends by name select concat('m', i) as message_key, concat('p', i % 2) as plan_id, "
            "'basket__hello' as campaign, (i % 2)::varchar as occurrence, i::varchar as subscriber_id, 'k' as address_key, "
            "'only' as variant, 'gmail' as mailbox_provider, 'accepted' as state, 1 as attempt, $at as planned_at, "
            "$at as sent_at from range(300) as t(i)",
            {"at": clock.now()},
        )
    insert_events(stores.paths, "delivered", 300)
    insert_events(stores.paths, "complained", 2)
    assert breaker.check_rates(stores) == ([], 1)
    state = journeys.states(stores.ledger)["basket"]
    assert (state.state, state.reason) == (
        "paused", "breaker: basket__hello: complaints at 0.67% (warn 0.08%, stop 0.10%)",
    )  # fmt: skip
    assert breaker.check_rates(stores) == ([], 0)
