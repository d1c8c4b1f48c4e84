"""Whoever lost to mail that is cancelled gets their own, as long as it is being sent: by Airflow itself, once each."""

from __future__ import annotations

import re

import pytest

from operations import runs
from operations.runs import Run
from tests.operators.campaigns import CLAIMED, PEOPLE, RIVALS
from tests.operators.stack import Stack, until

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1200)]

LOST = set(range(PEOPLE, PEOPLE + CLAIMED))
"""The people whom both campaigns want."""
KEPT = set(range(PEOPLE + CLAIMED, PEOPLE + RIVALS))
FREED = Run("send_loser", "manual__once-freed1")


def test_people_are_taken_back_from_a_mail_that_is_cancelled(stack: Stack) -> None:
    """SendGrid's limit holds both campaigns in mid-send, until the people are taken back."""
    hold(stack, "loser", after=1)
    hold(stack, "winner", after=2)
    loser = stack.trigger("loser")
    until_held(stack, "loser")
    winner = stack.trigger("winner")
    until_held(stack, "winner")
    assert recipients(stack, "loser") < KEPT
    won = recipients(stack, "winner")
    assert set() < won < LOST
    stack.cancel("winner")
    stack.await_run(winner)
    for _ in range(2):
        stack.collect()
        assert (stack.run_state(loser), stack.run_state(FREED)) == ("running", "queued")
    release(stack)
    stack.await_run(loser)
    stack.await_run(FREED)
    assert recipients(stack, "winner") == won, "a cancelled mail was sent"
    assert recipients(stack, "loser") == KEPT | LOST - won
    assert stack.simulator_get("duplicates") == []
    taken_back = [mail for mail in stack.accepted_mails("loser") if mail["tw_key"] in stack.planned("loser", "once-freed1")]
    assert {person(mail["to"]) for mail in taken_back} == LOST - won
    stack.collect()
    assert {run["dag_run_id"] for run in stack.api.get("/dags/send_loser/dagRuns")["dag_runs"]} == {loser.id, FREED.id}
    assert runs.xcom(stack.api, FREED, "dispatch.plan", key="plan")["occurrence"] == "once-freed1"


def hold(stack: Stack, campaign: str, after: int) -> None:
    """Answer each request of a campaign after the first ones with 429."""
    limit = {"kind": "rate_limit", "after": after, "reset": "seconds", "reset_after": 20, "match": {"campaign": campaign}}
    stack.simulator_call("faults", limit)


def until_held(stack: Stack, campaign: str) -> None:
    def has_fired() -> bool:
        faults = stack.simulator_get("faults")
        return any(fault["fired"] for fault in faults if fault["match"]["campaign"] == campaign)

    until(has_fired, lambda: f"a request of {campaign} to be refused")


def release(stack: Stack) -> None:
    stack.simulator_call("faults", None, "DELETE")


def recipients(stack: Stack, campaign: str) -> set[int]:
    """The people to whom the simulator accepted the campaign's mail, which nobody may have got twice."""
    people = [person(mail["to"]) for mail in stack.accepted_mails(campaign)]
    assert len(people) == len(set(people)), f"somebody got {campaign} twice"
    return set(people)


def person(address: str) -> int:
    """The number of an invented person."""
    found = re.match(r"person(\d+)@", address)
    assert found is not None
    return int(found[1])
