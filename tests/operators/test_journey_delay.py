"""From an activity that a shop posts to the accepted request of the mail that it starts: two minutes at most.

Nobody triggers anything: `collect_activities` and `run_journeys` run by their schedules.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator
from datetime import timedelta
from functools import partial

import httpx
import pytest

from include.core import clock
from include.ledger import suppression_tables
from tests.dispatch.populate import address_key_of
from tests.operators.campaigns import PEOPLE
from tests.operators.stack import Stack, until

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

DAGS = ("collect_activities", "run_journeys")
PROMISED_SECONDS = 120.0
MAIL = "abandoned_basket__reminder"


@pytest.fixture
def running_journeys(stack: Stack) -> Iterator[Stack]:
    """The shipped journeys, as `make run` leaves them; after the first tick, which looks at everybody."""
    for dag in DAGS:
        stack.pause_dag(dag, False)
    until(lambda: _has_run(stack), lambda: "the first run of run_journeys", seconds=300)
    yield stack
    for dag in DAGS:
        stack.pause_dag(dag, True)


def test_from_a_basket_to_the_accepted_reminder(running_journeys: Stack) -> None:
    """Three baskets of an hour ago, whose reminder is due at once, each posted when the mail of the one before is out."""
    seconds = dict[int, float]()
    while len(seconds) < 3:
        person, begun = mailable(running_journeys, besides=seconds), time.monotonic()
        post_basket(running_journeys, str(person))
        until(partial(has_accepted, running_journeys, len(seconds) + 1), lambda: "the reminder", seconds=600)
        seconds[person] = time.monotonic() - begun
    print("from the posted activity to the accepted request, in seconds:", [round(each) for each in seconds.values()])  # noqa: T201
    assert len(set(running_journeys.accepted(MAIL))) == 3
    assert max(seconds.values()) < PROMISED_SECONDS


def mailable(stack: Stack, besides: Collection[int]) -> int:
    """The first person whom no mail of the other tests has made leave, complain or bounce."""
    with stack.ledger() as ledger, ledger.read() as connection:
        gone = set(suppression_tables.in_force(connection)[0]["address_key"].to_pylist())
    return next(person for person in range(PEOPLE) if person not in besides and address_key_of(person) not in gone)


def has_accepted(stack: Stack, messages: int) -> bool:
    """Whether the simulator accepted so many reminders."""
    return len(stack.accepted(MAIL)) >= messages


def post_basket(stack: Stack, subscriber: str) -> None:
    """Report what the shop's back end saw, on the activities port."""
    token = json.loads(stack.installation.paths.secrets.read_text())["activities_token"]
    happened = clock.now() - timedelta(minutes=61)
    basket = {
        "activity_id": f"basket of {subscriber}", "subscriber_id": subscriber, "name": "basket_add",
        "happened_at": f"{happened:%FT%TZ}",
    }  # fmt: skip
    url, headers = f"{stack.installation.activities_url}/activities", {"Authorization": f"Bearer {token}"}
    assert httpx.post(url, json=basket, headers=headers).status_code == 202


def _has_run(stack: Stack) -> bool:
    found = stack.api.get("/dags/run_journeys/dagRuns", state="success", limit=1)
    return bool(found["dag_runs"])
