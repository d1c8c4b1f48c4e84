"""A person pauses, resumes or cancels a campaign in Airflow: the decision is kept, and is neither a failure nor an alert."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException

from include.core.errors import ConfigurationError
from include.dispatch.send import sender
from include.ledger import decisions, holds
from include.ledger.stores import Stores
from include.orchestration import configuration, control, journeys, sends
from tests.dispatch.journey.conftest import JourneyShop
from tests.dispatch.scripted_esp import Reply, ScriptedEsp, accepted
from tests.dispatch.sending import Sending

ANNA = SimpleNamespace(triggering_user_name="anna")


@pytest.fixture
def esp(monkeypatch: pytest.MonkeyPatch) -> Any:
    started = ScriptedEsp()
    monkeypatch.setattr(configuration, "account", lambda: started.account)
    monkeypatch.setattr(configuration, "account_pace", lambda: sender.UNLIMITED)
    yield started
    started.stop()


@pytest.fixture
def sending(stores: Stores) -> Sending:
    return Sending(stores)


@pytest.fixture
def shop(stores: Stores, esp: ScriptedEsp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JourneyShop:
    return JourneyShop(stores, esp, tmp_path, monkeypatch)


def form(action: str, **fields: Any) -> dict[str, Any]:
    return {"action": action, "campaign": "spring", "occurrence": None, "note": "a wrong price", **fields}


def send(sending: Sending) -> dict[str, int]:
    return sends.send_range(sending.stores, {"plan_id": sending.plan_id, "first": 0, "last": 10_000})


def test_a_pause_in_mid_send_skips_the_task_and_a_resume_continues(sending: Sending, esp: ScriptedEsp) -> None:
    def pause_after_three(number: int, _body: object) -> Reply:
        if number == 2:
            control.decide(sending.stores, form("pause"), ANNA)
        return accepted()

    esp.answer = pause_after_three
    with pytest.raises(AirflowSkipException, match=r"paused \(paused by an operator\)"):
        send(sending)
    assert 0 < sending.tally().accepted < 100
    resumed = control.decide(sending.stores, form("resume", occurrence="once", note=None), ANNA)
    assert control.next_run("resume", resumed) == {"mode": "live", "occurrence": "once"}
    send(sending)
    assert sending.tally().accepted == 100
    kept = decisions.of_plan(sending.ledger, sending.plan_id)
    assert [(one.action, one.by, one.note) for one in kept] == [("pause", "anna", "a wrong price"), ("resume", "anna", "")]


@pytest.mark.parametrize("paused", [True, False])
def test_a_resumed_campaign_whose_dag_is_paused_is_an_error_instead_of_a_run_that_waits_for_ever(
    dags: dict[str, DAG], paused: bool
) -> None:
    task: Any = dags["control_campaign"].get_task("next_run")
    instance = SimpleNamespace(get_dag=lambda dag: SimpleNamespace(is_paused=paused and dag == "send_spring"))
    resumed = {"campaign": "spring", "occurrence": "once", "state": "sending", "pending": 3}

    def next_run(action: str, decided: dict[str, Any]) -> Any:
        return task.python_callable(decided, None, params=form(action), ti=instance)

    if paused:
        with pytest.raises(ConfigurationError, match=r"DAG send_spring: is paused in Airflow, .* Switch the DAG on"):
            next_run("resume", resumed)
    else:
        assert next_run("resume", resumed) == {"mode": "live", "occurrence": "once"}
    with pytest.raises(AirflowSkipException, match="nothing is to be sent"):
        next_run("pause", {**resumed, "state": "paused"})


def test_a_cancellation_skips_the_rest_and_starts_nothing(sending: Sending, esp: ScriptedEsp) -> None:
    cancelled = control.decide(sending.stores, form("cancel"), ANNA)
    assert (cancelled["state"], cancelled["skipped"]) == ("cancelled", 100)
    assert control.next_run("cancel", cancelled) == {}
    with pytest.raises(AirflowSkipException, match="cancelled"):
        sending_again(sending)
    assert esp.bodies == []


def sending_again(sending: Sending) -> None:
    """A sender that had read its chunks before the cancellation."""
    from include.ledger import plans
    from include.orchestration.sends import skipped_if_stopped_by_operator

    with skipped_if_stopped_by_operator(), sending.ledger.write() as connection:
        plans.require_sending(connection, sending.plan_id)


def test_a_stop_by_the_circuit_breaker_stays_a_failure(sending: Sending, esp: ScriptedEsp) -> None:
    holds.hold(sending.ledger, sending.plan_id, "", "breaker: complaints at 0.20 %")
    with pytest.raises(Exception, match="breaker") as failed:
        send(sending)
    assert not isinstance(failed.value, AirflowSkipException)


def test_a_pause_of_a_journey_skips_the_task_and_goes_on_with_the_next_tick_after_it(shop: JourneyShop) -> None:
    shop.basket(1)
    shop.run()
    shop.later(hours=1)
    (part,) = shop.tick()["ranges"]
    paused = control.decide(shop.stores, form("pause", campaign="basket"), ANNA)
    assert (paused["state"], paused["inside"]) == ("paused", 1)
    with pytest.raises(AirflowSkipException, match=r"paused \(paused by an operator\)"):
        journeys.send_part(shop.stores, part)
    resumed = control.decide(shop.stores, form("resume", campaign="basket"), ANNA)
    assert control.next_run("resume", resumed) == {}
    shop.run()
    assert shop.mailed() == ["1"]
    kept = decisions.of_plan(shop.stores.ledger, part["plan_id"])
    assert [(one.action, one.by, one.note) for one in kept] == [
        ("pause", "anna", "a wrong price"), ("resume", "anna", "a wrong price"),
    ]  # fmt: skip
    with pytest.raises(ConfigurationError, match="not offered for a journey"):
        control.decide(shop.stores, form("replace_content", campaign="basket"), ANNA)


def test_one_step_of_a_journey_is_paused_by_itself_and_continued_by_the_next_tick(shop: JourneyShop) -> None:
    shop.basket(1)
    shop.run()
    shop.later(hours=1)
    shop.tick()
    control.decide(shop.stores, form("pause", campaign="basket__first"), ANNA)
    assert shop.run()["ranges"] == []
    resumed = control.decide(shop.stores, form("resume", campaign="basket__first"), ANNA)
    assert (resumed["pending"], control.next_run("resume", resumed)) == (1, {})
    shop.run()
    assert shop.mailed() == ["1"]


def test_a_decision_that_changes_nothing_is_not_kept(sending: Sending, esp: ScriptedEsp) -> None:
    control.decide(sending.stores, form("resume"), ANNA)
    assert decisions.of_plan(sending.ledger, sending.plan_id) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"campaign": None}, "no campaign was chosen"),
        ({"campaign": "autumn"}, r"has 0 plans .*The plans: none"),
        ({"occurrence": "2026-W01"}, r"no plan of 2026-W01.*once \(sending\)"),
    ],
)
def test_an_unclear_form_names_the_choices(
    sending: Sending, esp: ScriptedEsp, fields: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        control.decide(sending.stores, form("pause", **fields), ANNA)
