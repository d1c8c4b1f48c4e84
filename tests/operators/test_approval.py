"""A campaign with `approval` waits for a person in Airflow, asks again after an edit, and is sent as it was approved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from include.ledger import decisions, plans
from operations import runs
from tests.operators.stack import Stack, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

APPROVE = "dispatch.approve"


def test_a_campaign_is_sent_as_it_was_approved(stack: Stack) -> None:
    run = stack.trigger("approved")
    stack.await_task(run, APPROVE, "awaiting_input")
    assert not stack.has_plan("approved")
    asked = stack.question(run, APPROVE)
    assert "/tradewind/previews/approved/" in asked["body"]
    edit("Good to have you here", "Good that you are here")
    stack.answer(run, APPROVE, "Approve")
    until(lambda: stack.question(run, APPROVE)["body"] != asked["body"], lambda: "a question about the edited mail")
    assert stack.accepted("approved") == []
    stack.answer(run, APPROVE, "Approve")
    stack.await_run(run)
    stack.require_everybody_once("approved")
    with stack.ledger() as ledger:
        (kept,) = decisions.of_plan(ledger, plans.plan_id_of("approved", "once"))
    assert (kept.action, kept.by) == ("approve", "Anonymous")
    assert kept.details["hash"][:12] in stack.question(run, APPROVE)["body"]
    assert runs.xcom(stack.api, run, APPROVE)["chosen_options"] == ["Approve"]


def edit(old: str, new: str) -> None:
    body = Path(os.environ["TRADEWIND_TEMPLATES"]) / "to_approve" / "body.html.j2"
    text = body.read_text()
    assert old in text
    body.write_text(text.replace(old, new, 1))
