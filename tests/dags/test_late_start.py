"""A scheduled run that starts late asks before it plans; `tests/operators` answers the question in a running Airflow."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from airflow.providers.standard.operators.hitl import ApprovalOperator

from include.core import clock, occurrence
from include.dispatch.plan.freeze import freeze
from include.ledger.stores import Stores
from include.orchestration import sends
from tests.dispatch.test_plan import EDGE, Shop, open_shop

if TYPE_CHECKING:
    from airflow.sdk import DAG

LIMIT_HOURS = 2
FORM = {"mode": "live", "occurrence": None}


@pytest.fixture
def shop(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose campaign may start two hours late."""
    made = open_shop(stores, tmp_path, monkeypatch, people=24)
    fields = {**made.campaign.model_dump(mode="json", exclude_defaults=True), "late_start_limit_hours": LIMIT_HOURS}
    made.campaign = type(made.campaign).model_validate(fields)
    folder = tmp_path / "campaigns"
    folder.mkdir()
    (folder / "spring.yaml").write_text(yaml.safe_dump(fields))
    monkeypatch.setenv("TRADEWIND_CAMPAIGNS", str(folder))
    return made


def first_task(shop: Shop, due: datetime, kind: str = "scheduled") -> str:
    """The first task of a run of this kind that was due then and starts now."""
    run: Any = SimpleNamespace(run_id=f"{kind}__1", run_after=due, run_type=kind)
    return sends.first_task(shop.stores, "spring", run, FORM)


def test_a_scheduled_run_asks_if_it_starts_later_than_the_campaign_allows(shop: Shop) -> None:
    limit, minute = clock.now() - timedelta(hours=LIMIT_HOURS), timedelta(minutes=1)
    assert first_task(shop, limit - minute) == sends.LATE
    assert first_task(shop, limit + minute) == sends.PLAN
    assert first_task(shop, limit - minute, kind="manual") == sends.PLAN


def test_a_late_run_whose_plan_was_frozen_in_time_does_not_ask(shop: Shop) -> None:
    due = clock.now() - timedelta(hours=LIMIT_HOURS + 1)
    period = occurrence.occurrence_of(shop.campaign, due)
    freeze(shop.stores, shop.campaign, occurrence=period, edge_url=EDGE, at=due)
    assert first_task(shop, due) == sends.PLAN


def test_the_question_stands_before_the_plan_and_a_rejection_skips_it(dags: dict[str, DAG]) -> None:
    for dag in (dag for name, dag in dags.items() if name.startswith("send_")):
        question = dag.get_task(sends.LATE)
        assert isinstance(question, ApprovalOperator)
        assert not question.fail_on_reject
        assert question.downstream_task_ids == {sends.PLAN}
        assert sends.LATE in dag.get_task("dispatch.start").downstream_task_ids
