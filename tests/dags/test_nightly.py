"""The nightly checks compare data of one moment: the task that compares events with sends copies the sends first."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete

from include.analyze.reconcile import check_sums
from include.core.errors import ConsentChainBroken
from include.dispatch.account.record import record_sends
from include.dispatch.send.sender import send_range
from include.ledger import consent
from include.ledger.stores import Stores
from include.ledger.tables import consent_log
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
    build.python_callable(dag_run=run, params={"whole": False})
    assert check_sums(stores.paths)["events_for_unsent"]


def test_the_report_is_mailed_after_it_is_written_and_to_nobody_by_default(dags: dict[str, DAG], stores: Stores) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    nightly = dags["nightly_analytics"]
    plan: Any = nightly.get_task("dispatch.plan")
    assert "publish.report" in plan.upstream_task_ids
    assert plan.downstream_task_ids == {"dispatch.send_report"}
    with pytest.raises(AirflowSkipException, match="nobody gets the report by mail"):
        plan.python_callable(dag_run=SimpleNamespace(run_after=datetime(2026, 11, 24, 2, tzinfo=UTC)))


def test_a_broken_consent_chain_fails_its_own_task_and_holds_back_nothing(dags: dict[str, DAG], stores: Stores) -> None:
    check: Any = dags["nightly_analytics"].get_task("check_consent")
    assert not check.downstream_task_ids
    consent.record(stores.ledger, [consent.Consent("a" * 64, "tracking", True, "page", 1.0)])
    assert check.python_callable() == {"rows": 1, "last_seq": 1}
    with stores.ledger.write() as connection:
        connection.execute(delete(consent_log))
    with pytest.raises(ConsentChainBroken, match=r"row 1 of the consent log was removed.*docs/runbook/consent-chain\.md"):
        check.python_callable()
