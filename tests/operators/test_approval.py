"""A campaign with `approval` waits for a person in Airflow, asks again after an edit, and is sent as it was approved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from include.ledger import decisions, plans
from include.ledger.decisions import Decision
from tests.operators.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

APPROVE = "dispatch.approve"


@pytest.mark.slow
def test_a_campaign_is_sent_after_its_approval(stack: Stack) -> None:
    run = stack.trigger("approved")
    stack.await_task(run, APPROVE, "awaiting_input")
    assert f"/tradewind/previews/approved/{preview(stack, 'approved').name}" in stack.question(run, APPROVE)["body"]
    assert not stack.has_plan("approved")
    stack.answer(run, APPROVE, "Approve")
    stack.await_run(run)
    stack.require_everybody_once("approved")
    assert approved(stack, "approved").by == "Anonymous"


@pytest.mark.slow
def test_an_edit_while_it_waits_asks_again(stack: Stack) -> None:
    run = stack.trigger("edited")
    stack.await_task(run, APPROVE, "awaiting_input")
    before = preview(stack, "edited").read_text()
    edit("Good to have you here", "Good that you are here")
    assert stack.answer(run, APPROVE, "Approve") >= 2
    stack.await_run(run)
    stack.require_everybody_once("edited")
    version = approved(stack, "edited").details["hash"][:12]
    assert version in preview(stack, "edited").read_text()
    assert version not in before


def preview(stack: Stack, campaign: str) -> Path:
    """The only preview of a campaign."""
    (found,) = (stack.installation.paths.previews / campaign).glob("*.html")
    return found


def approved(stack: Stack, campaign: str) -> Decision:
    """The only decision about a campaign."""
    with stack.ledger() as ledger:
        (kept,) = decisions.of_plan(ledger, plans.plan_id_of(campaign, "once"))
    assert kept.action == "approve"
    return kept


def edit(old: str, new: str) -> None:
    body = Path(os.environ["TRADEWIND_TEMPLATES"]) / "to_approve" / "body.html.j2"
    text = body.read_text()
    assert old in text
    body.write_text(text.replace(old, new, 1))
