"""Ledger, events and SendGrid's statistics by campaign and day: one flipped event is a difference that nothing explains."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from include.analyze.day_reconciliation import alert_on_differences
from include.analyze.marts import build_marts
from include.analyze.reconcile import check_sums
from include.ledger.stores import Stores
from include.ledger.tables import plans
from include.warehouse.connection import open_warehouse
from tests.collect.test_ledger_updates import with_defaults

AS_OF = datetime(2026, 11, 28, 2, tzinfo=UTC)
SENT = """
insert into dispatch.plans by name
select
    'p1' as plan_id, 'newsletter' as campaign, 'W48' as occurrence, 'all' as segment, 'run' as segment_run, 'done' as state,
    'hash' as content_hash, timestamptz '2026-11-24 06:00:00Z' as planned_at, 20 as selected, 1.0 as cost_per_thousand;
insert into dispatch.sends by name
select
    'm' || n as message_key, 'p1' as plan_id, 'newsletter' as campaign, 'W48' as occurrence, 's' || n as subscriber_id,
    'a' || n as address_key, 'only' as variant, 'gmail' as mailbox_provider, 'accepted' as state, 0 as chunk, 1 as attempt,
    timestamptz '2026-11-24 06:00:00Z' as planned_at, timestamptz '2026-11-24 06:00:00Z' as sent_at
from range(20) as r (n);
insert into engagement.events by name
select
    'e' || n as dedup_key, 'm' || n as message_key, 's' || n as subscriber_id, 'newsletter' as campaign, 'W48' as occurrence,
    'delivered' as event, timestamptz '2026-11-24 06:01:00Z' as occurred_at, occurred_at as received_at, 'f' as spool_file
from range(20) as r (n);
insert into engagement.esp_totals
select date '2026-11-24', 'newsletter', metric, value, timestamptz '2026-11-28 01:00:00Z'
from (values ('requests', 21), ('delivered', 21), ('bounces', 0)) as t (metric, value);
insert into engagement.quarantined_events
select
    'test', 'unknown_message', timestamptz '2026-11-24 08:00:00Z', 'f',
    json_object('event', 'delivered', 'message_key', 'seed', 'chunk', 'trial.0', 'reported_at', 1795507200)
"""
UNEXPLAINED = "select measure, unknown, is_over_limit from marts.provider_reconciliation where not holds order by measure"
DELIVERIES = "select accepted, delivered, bounced, unknown, is_over_limit from marts.delivery_reconciliation"
FLIPPED = "update engagement.events set event = 'bounced', bounce_class = 'hard' where dedup_key = 'e7'"


@pytest.fixture
def sent(stores: Stores) -> Stores:
    """A campaign of 20 messages four days ago and a test send, which SendGrid counts too."""
    with open_warehouse(stores.paths) as connection:
        connection.execute(SENT)
    with stores.ledger.write() as writing:
        row: dict[str, object] = {
            "plan_id": "trial",
            "campaign": "newsletter",
            "occurrence": "test-1",
            "kind": "test",
            "state": "done",
        }
        writing.execute(insert(plans).values(with_defaults(plans, row)))
    return stores


def ask(stores: Stores, query: str) -> list[tuple[object, ...]]:
    with open_warehouse(stores.paths) as connection:
        return connection.execute(query).fetchall()


def test_test_sends_explain_what_sendgrid_counts_more(sent: Stores) -> None:
    build_marts(sent, as_of=AS_OF)

    assert ask(sent, "select measure, difference, test_sends, unknown from marts.provider_reconciliation order by all") == [
        ("delivered", 1, 1, 0), ("requests", 1, 1, 0),
    ]  # fmt: skip
    assert ask(sent, DELIVERIES) == [(20, 20, 0, 0, False)]
    checks = check_sums(sent.paths)
    assert checks["provider_totals"]
    assert checks["deliveries_explained"]
    assert alert_on_differences(sent.paths, AS_OF) == {"over_limit": 0}


def test_one_flipped_event_is_a_difference_that_nothing_explains(sent: Stores) -> None:
    ask(sent, FLIPPED)
    build_marts(sent, as_of=AS_OF)

    assert ask(sent, UNEXPLAINED) == [("bounces", -1, True), ("delivered", 1, True)]
    assert ask(sent, DELIVERIES) == [(20, 19, 1, 0, False)]
    assert not check_sums(sent.paths)["provider_totals"]
    assert alert_on_differences(sent.paths, AS_OF, dag="nightly_analytics", run="r") == {"over_limit": 2}
    (stored,) = [json.loads(path.read_text()) for path in sent.paths.alerts.glob("*reconciliation-differs*.json")]
    assert "newsletter 2026-11-24 delivered: 1 of 21" in stored["happened"]


def test_one_lost_event_is_unknown_when_sendgrid_has_stopped_trying(sent: Stores) -> None:
    ask(sent, "delete from engagement.events where dedup_key = 'e7'")
    build_marts(sent, as_of=AS_OF)

    assert ask(sent, DELIVERIES) == [(20, 19, 0, 1, True)]
    assert ask(sent, UNEXPLAINED) == [("delivered", 1, True), ("requests", 1, True)]
    assert not check_sums(sent.paths)["deliveries_explained"]


def test_a_missing_event_of_today_may_still_arrive(sent: Stores) -> None:
    ask(sent, "delete from engagement.events where dedup_key = 'e7'")
    ask(sent, "update engagement.esp_totals set fetched_at = timestamptz '2026-11-24 23:00:00Z'")
    build_marts(sent, as_of=datetime(2026, 11, 25, 2, tzinfo=UTC))

    assert ask(sent, "select distinct late_events, unknown from marts.provider_reconciliation") == [(1, 0)]
    assert ask(sent, "select in_flight, unknown from marts.delivery_reconciliation") == [(1, 0)]


def test_differences_of_older_days_raise_no_alert_again(sent: Stores) -> None:
    ask(sent, FLIPPED)
    build_marts(sent, as_of=AS_OF)

    assert alert_on_differences(sent.paths, AS_OF + timedelta(days=7)) == {"over_limit": 0}
