"""A campaign with `approval` waits for a person in Airflow, asks again after an edit, and is sent as it was approved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from include.ledger import decisions, plans
from tests.operators.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

APPROVE = "dispatch.approve"


def test_a_campaign_is_sent_as_it_was_approved(stack: Stack) -> None:
    run = stack.trigger("approved")
    stack.await_task(run, APPROVE, "awaiting_input")
    assert not stack.has_plan("approved")
    assert page(stack) in stack.question(run, APPROVE)["body"]
    before = shown(stack)
    edit("Good to have you here", "Good that you are here")
    stack.answer(run, APPROVE, "Approve")
    stack.answer(run, APPROVE, "Approve")
    stack.await_run(run)
    stack.require_everybody_once("approved")
    with stack.ledger() as ledger:
        (kept,) = decisions.of_plan(ledger, plans.plan_id_of("approved", "once"))
    assert (kept.action, kept.by) == ("approve", "Anonymous")
    assert kept.details["hash"][:12] in shown(stack)
    assert kept.details["hash"][:12] not in before


def page(stack: Stack) -> str:
    """The path of the campaign's only preview."""
    (found,) = (stack.installation.paths.previews / "approved").glob("*.html")
    return f"/tradewind/previews/approved/{found.name}"


def shown(stack: Stack) -> str:
    """The preview as it is now."""
    return (stack.installation.paths.previews / "approved" / Path(page(stack)).name).read_text()


def edit(old: str, new: str) -> None:
    body = Path(os.environ["TRADEWIND_TEMPLATES"]) / "to_approve" / "body.html.j2"
    text = body.read_text()
    assert old in text
    body.write_text(text.replace(old, new, 1))
