"""The task that asks for the approval of a campaign: what it shows, whose answers count, and what happens after them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from airflow.providers.standard.exceptions import HITLTriggerEventError
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput

from include.core.errors import ConfigurationError, NotApproved, PlanError, may_retry
from include.dispatch.approve import CampaignEdited
from include.dispatch.plan.freeze import freeze
from include.dispatch.send.sender import UNLIMITED
from include.ledger import decisions, plans
from include.ledger.decisions import Decision
from include.ledger.stores import Stores
from include.orchestration import configuration, control, runs, sends
from include.orchestration.approval import ApproveCampaign, due
from include.orchestration.forms import send_form
from tests.dispatch.test_plan import AT, EDGE, FILES, Shop, open_shop

ANNA, BEN = {"id": "anna", "name": "Anna"}, {"id": "ben", "name": "Ben"}
WEEK = "2026-W48"
SHOWN = {
    "page": "previews/spring/manual-1.html", "selected": 24, "planned": 21, "suppressed": 2, "capped": 0, "held_out": 1
}  # fmt: skip
TIMEOUT = {"error": "The time has passed.", "error_type": "timeout"}


class Asked:
    """The task of campaign spring, with what it showed and which tasks it skipped."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, correction: bool = False) -> None:
        self.shown: list[dict[str, Any]] = []
        self.skipped: list[str] = []
        self.task = ApproveCampaign(task_id="approve", campaign="spring", correction=correction)
        downstream = SimpleNamespace(task_id="plan", is_teardown=False)
        monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **shown: self.shown.append(shown))
        monkeypatch.setattr(self.task, "skip", lambda ti, tasks: self.skipped.extend(task.task_id for task in tasks))
        monkeypatch.setattr(self.task, "downstream_task_ids", {"plan"})
        run = SimpleNamespace(run_id="manual__1", run_after=AT, run_type="manual", triggering_user_name="anna")
        form = {"mode": "live", "occurrence": None, "action": "replace_content", "campaign": "spring", "note": ""}
        relatives = SimpleNamespace(get_direct_relatives=lambda upstream: [downstream])
        self.context: Any = {
            "task_instance": SimpleNamespace(id="1"), "ti": None, "params": form, "dag_run": run, "task": relatives
        }  # fmt: skip

    def ask(self) -> TaskAwaitingInput:
        with pytest.raises(TaskAwaitingInput) as waiting:
            self.task.execute(self.context)
        return waiting.value

    def click(self, waiting: TaskAwaitingInput, user: Mapping[str, str], option: str = "Approve") -> Any:
        answered = {"chosen_options": [option], "responded_by_user": user, "responded_at": datetime.now(UTC)}
        return self.end(waiting, {**answered, "params_input": {}, "timedout": False})

    def end(self, waiting: TaskAwaitingInput, event: dict[str, Any]) -> Any:
        assert waiting.kwargs is not None
        return self.task.execute_complete(self.context, event, **waiting.kwargs)


@pytest.fixture
def shop(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose campaign file says `approval: required`; Airflow has logins."""
    made = open_shop(stores, tmp_path, monkeypatch, people=24)

    @contextmanager
    def opened() -> Iterator[Stores]:
        yield stores

    monkeypatch.setenv("TRADEWIND_CAMPAIGNS", str(tmp_path / "campaigns"))
    monkeypatch.setattr(configuration, "stores", opened)
    monkeypatch.setattr(configuration, "has_anonymous_admins", lambda: False)
    monkeypatch.setattr(configuration, "edge_url", lambda: EDGE)
    monkeypatch.setattr(configuration, "account_pace", lambda: UNLIMITED)
    monkeypatch.setattr("include.dispatch.approve.preview_run", lambda *_, **__: dict(SHOWN))
    return write(made, approval="required")


def write(shop: Shop, **fields: Any) -> Shop:
    """The campaign's file, with the fields."""
    folder = shop.templates.parent.parent / "campaigns"
    folder.mkdir(exist_ok=True)
    shop.campaign = type(shop.campaign).model_validate({**shop.campaign.model_dump(mode="json"), **fields})
    (folder / "spring.yaml").write_text(yaml.safe_dump(shop.campaign.model_dump(mode="json", exclude_defaults=True)))
    return shop


def kept(shop: Shop) -> list[tuple[str, str]]:
    return [(one.action, one.by) for one in decisions.of_plan(shop.stores.ledger, plans.plan_id_of("spring", WEEK))]


def edit(shop: Shop) -> None:
    (shop.templates / "body.html.j2").write_text(FILES["body.html.j2"].replace("Dear", "Hello"))


def test_a_live_run_asks_first_and_plans_after_the_approval(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    form, run = asked.context["params"], asked.context["dag_run"]
    assert sends.first_task(shop.stores, "spring", run, form) == sends.APPROVAL
    assert sends.first_task(shop.stores, "spring", run, {**form, "mode": "preview"}) == sends.PLAN
    waiting = asked.ask()
    assert asked.shown[0]["subject"] == "Spring: send the mail of 2026-W48?"
    assert "/tradewind/previews/spring/manual-1.html" in asked.shown[0]["body"]
    assert "24 in the segment, less 2 who may not be mailed, less 1 held out" in asked.shown[0]["body"]
    assert waiting.timeout is not None
    assert timedelta(hours=23) < waiting.timeout <= timedelta(hours=24)
    assert asked.click(waiting, ANNA)["responded_by_user"] == ANNA
    assert (kept(shop), asked.skipped) == ([("approve", "Anna")], [])
    assert sends.first_task(shop.stores, "spring", run, form) == sends.PLAN
    assert asked.task.execute(asked.context)["chosen_options"] == ["Approve"]


def test_the_question_about_mail_that_is_sent_once_has_no_occurrence(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """“Spring: send once?” would be a question about the number of times."""
    write(shop, occurrence="once")
    asked = Asked(monkeypatch)
    asked.ask()
    assert asked.shown[0]["subject"] == "Spring: send the mail?"


def test_two_people_are_asked_one_after_the_other_within_one_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    write(shop, approval={"people": 2, "within": "2h"})
    asked = Asked(monkeypatch)
    waiting = asked.ask()
    for _ in range(2):
        with pytest.raises(TaskAwaitingInput) as again:
            asked.click(waiting, ANNA)
        assert again.value.kwargs == waiting.kwargs
    asked.click(again.value, BEN)
    assert kept(shop) == [("approve", "Anna"), ("approve", "Anna"), ("approve", "Ben")]


def test_a_rejection_skips_the_plan(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    asked.click(asked.ask(), BEN, "Reject")
    assert (kept(shop), asked.skipped) == ([("reject", "Ben")], ["plan"])


@pytest.mark.parametrize("policy", ["skip", "fail"])
def test_without_an_answer_in_time_the_policy_of_the_file_holds(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    write(shop, approval={"on_timeout": policy, "within": "30m"})
    asked = Asked(monkeypatch)
    waiting = asked.ask()
    if policy == "fail":
        with pytest.raises(NotApproved, match="not approved within 30m") as failed:
            asked.end(waiting, TIMEOUT)
        assert not may_retry(failed.value)
    else:
        asked.end(waiting, TIMEOUT)
        assert asked.skipped == ["plan"]
    assert kept(shop) == [("expire", "nobody")]


def test_an_edit_while_it_waits_asks_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    waiting = asked.ask()
    edit(shop)
    with pytest.raises(CampaignEdited) as edited:
        asked.click(waiting, ANNA)
    assert may_retry(edited.value)
    assert kept(shop) == []
    again = asked.ask()
    assert again.kwargs is not None
    assert waiting.kwargs is not None
    assert again.kwargs["question"]["hash"] != waiting.kwargs["question"]["hash"]
    asked.click(again, ANNA)
    assert kept(shop) == [("approve", "Anna")]


def test_an_answer_of_nobody_is_no_approval(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    with pytest.raises(TaskAwaitingInput):
        asked.click(asked.ask(), {})
    assert kept(shop) == []


def test_two_people_are_refused_where_nobody_logs_in(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    write(shop, approval={"people": 2})
    asked = Asked(monkeypatch)
    waiting = asked.ask()
    with pytest.raises(ConfigurationError, match=r"everybody is 'Anonymous'.*SIMPLE_AUTH_MANAGER_ALL_ADMINS=False"):
        asked.click(waiting, {"id": "Anonymous", "name": "Anonymous"})
    monkeypatch.setattr(configuration, "has_anonymous_admins", lambda: True)
    with pytest.raises(ConfigurationError, match="2 different people must approve"):
        asked.task.execute(asked.context)


def test_new_content_is_asked_for_while_the_plan_is_paused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    asked.click(asked.ask(), ANNA)
    freeze(shop.stores, shop.campaign, occurrence=WEEK, edge_url=EDGE, at=AT)
    correction, form = Asked(monkeypatch, correction=True), asked.context["params"]
    with pytest.raises(AirflowSkipException):
        correction.task.execute(correction.context)
    edit(shop)
    monkeypatch.setattr(configuration, "account", lambda: None)
    paused = control.decide(shop.stores, form, asked.context["dag_run"])
    assert (paused["state"], control.next_run("replace_content", paused)) == ("paused", {})
    correction.click(correction.ask(), BEN)
    assert correction.task.execute(correction.context)["chosen_options"] == ["Approve"], "killed before it could end"
    replaced = control.decide(shop.stores, form, asked.context["dag_run"])
    assert control.next_run("replace_content", paused, replaced) == {"mode": "live", "occurrence": WEEK}
    assert [action for action, _ in kept(shop)] == ["approve", "pause", "approve", "pause", "replace_content"]


def test_waiting_for_an_approval_is_not_late(shop: Shop) -> None:
    assert due(shop.campaign, timedelta(hours=4)) == timedelta(hours=28)
    assert due(write(shop, approval=None).campaign, timedelta(hours=4)) == timedelta(hours=4)


def test_decisions_are_read_back_as_they_were_kept(shop: Shop) -> None:
    with shop.stores.ledger.write() as connection:
        decisions.keep(connection, "plan", Decision("reject", "Ben", "a typo", {"user": "ben"}, 1.0))
    assert decisions.of_plan(shop.stores.ledger, "plan") == [Decision("reject", "Ben", "a typo", {"user": "ben"}, 1.0)]


def test_an_edit_while_the_preview_is_written_asks_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def edited_meanwhile(*_: Any, **__: Any) -> dict[str, Any]:
        edit(shop)
        return dict(SHOWN)

    monkeypatch.setattr("include.dispatch.approve.preview_run", edited_meanwhile)
    asked = Asked(monkeypatch)
    with pytest.raises(CampaignEdited):
        asked.task.execute(asked.context)
    assert asked.shown == []


def test_the_next_scheduled_run_can_be_approved_ahead(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run that asks sends nothing; the scheduled run finds the approval and plans at once."""
    write(shop, schedule="0 9 * * 2")
    asked = Asked(monkeypatch)
    run, form = asked.context["dag_run"], {**asked.context["params"], "mode": "approve"}
    asked.context["params"] = form
    run.run_after = datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert "approve" in send_form(shop.campaign)["mode"]["enum"]
    assert sends.first_task(shop.stores, "spring", run, form) == sends.APPROVAL
    waiting = asked.ask()
    assert asked.shown[0]["subject"] == "Spring: send the mail of 2026-W49?"
    asked.click(waiting, ANNA)
    with pytest.raises(AirflowSkipException, match="the scheduled run sends it"):
        sends.start_run(shop.stores, "spring", run, form, None)
    tick = SimpleNamespace(run_type="scheduled", run_after=datetime.now(UTC))
    monkeypatch.setattr(runs, "run_moment", lambda _run: datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert sends.first_task(shop.stores, "spring", tick, {**form, "mode": "preview"}) == sends.PLAN
    assert "approve" not in send_form(write(shop, approval=None).campaign)["mode"]["enum"]


def test_a_template_with_an_error_asks_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A live run goes on to the plan, which says what is wrong; a run that only asks says it itself."""
    (shop.templates / "body.html.j2").write_text("{{ nobody.knows }}")
    asked = Asked(monkeypatch)
    form, run = asked.context["params"], asked.context["dag_run"]
    assert sends.first_task(shop.stores, "spring", run, form) == sends.PLAN
    form["mode"] = "approve"
    assert sends.first_task(shop.stores, "spring", run, form) == sends.APPROVAL
    with pytest.raises(PlanError, match=r"body\.html\.j2"):
        asked.task.execute(asked.context)


def test_another_failure_than_the_time_is_no_answer(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    with pytest.raises(HITLTriggerEventError):
        asked.end(asked.ask(), {"error": "lost", "error_type": "unknown"})
    assert kept(shop) == []
