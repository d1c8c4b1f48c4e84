"""The nightly checks compare data of one moment: the task that compares events with sends copies the sends first."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from include.analyze.reconcile import check_sums
from include.dispatch.account.record import record_sends
from include.dispatch.send.sender import send_range
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from tests.dispatch.frozen import frozen_plan
from tests.dispatch.scripted_esp import ScriptedEsp

if TYPE_CHECKING:
    from airflow.sdk import DAG

EVENTS = """
insert into engagement.events by name
select
    message_key as dedup_key, message_key, subscriber_id, campaign, occurrence, 'delivered' as event, now() as occurred_at,
    now() as received_at, 'f' as spool_file
from dispatch.sends
"""


def test_events_of_messages_sent_after_the_last_copy_pass_the_checks(
    dags: dict[str, DAG], stores: Stores, esp: ScriptedEsp
) -> None:
    plan_id = frozen_plan(stores, 20, chunk_size=10)
    record_sends(stores)
    send_range(stores, esp.account, plan_id=plan_id, first=0, last=9)
    with open_warehouse(stores.paths) as warehouse:
        warehouse.execute(EVENTS)
    run = SimpleNamespace(run_after=datetime(2026, 11, 24, 6, tzinfo=UTC))
    build: Any = dags["nightly_analytics"].get_task("analyze.marts")
    build.python_callable(dag_run=run)
    assert check_sums(stores.paths)["events_for_unsent"]
