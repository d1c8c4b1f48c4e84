"""Tracking or a topic is declined after a plan was frozen: the mail that SendGrid accepts afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

from include.core import clock
from include.ledger import consent
from include.ledger.consent import TRACKING, Consent
from tests.dispatch.test_withdrawals import NEWER, PEOPLE, Sending, email, others, part_files, sending
from tests.rows import Row

__all__ = ["sending"]
TOPIC = "news"


def answer(sending: Sending, address: object, topic: str, *, given: bool = False) -> None:
    said = Consent(sending.key(str(address)), topic, given, "preference_page", clock.now().timestamp())
    consent.record(sending.stores.ledger, [said])


def tracked(sending: Sending) -> set[str]:
    """The addresses whose mail has open or click tracking."""
    return {
        person["to"][0]["email"]
        for body in sending.esp.bodies
        for person in body["personalizations"]
        if any(body["tracking_settings"][way]["enable"] for way in ("open_tracking", "click_tracking"))
    }


Way = Callable[[Sending, Row], None]
NO_TRACKING: dict[str, Way] = {
    "withdrawn at the source": lambda sending, row: sending.source(row | {"tracking_consent": "withdrawn"}, full=False),
    "missing at the source": lambda sending, row: sending.source(row | {"tracking_consent": None}, full=False),
    "declined on the page": lambda sending, row: answer(sending, row["email"], TRACKING),
}


@pytest.mark.parametrize("way", NO_TRACKING.values(), ids=NO_TRACKING)
def test_mail_is_untracked_after_tracking_is_declined_for_a_frozen_plan(sending: Sending, way: Way) -> None:
    plan_id = sending.freeze()
    way(sending, PEOPLE[0])
    sending.send(plan_id)
    assert sending.got() == others()
    assert len([person for body in sending.esp.bodies for person in body["personalizations"]]) == len(PEOPLE)
    assert tracked(sending) == others(0)


@pytest.mark.parametrize("way", NO_TRACKING.values(), ids=NO_TRACKING)
def test_mail_is_untracked_after_tracking_is_declined_during_the_send(sending: Sending, way: Way) -> None:
    """The last person declines during the first request, when at most four of six chunks are claimed."""
    plan_id = sending.freeze()
    wire = [row for path in sorted(part_files(sending)) for row in pq.read_table(path)["email"].to_pylist()]
    last = next(row for row in PEOPLE if row["email"] == wire[-1])
    acts: Iterator[Callable[[], None]] = iter([lambda: way(sending, last)])
    answering = sending.esp.answer

    def act(number: int, body: dict[str, Any]) -> Any:
        next(acts, lambda: None)()
        return answering(number, body)

    sending.esp.answer = act
    sending.send(plan_id)
    assert sending.got() == others()
    assert tracked(sending) == others() - {last["email"]}


def test_mail_is_tracked_after_tracking_consent_is_given_again(sending: Sending) -> None:
    plan_id = sending.freeze()
    sending.source(PEOPLE[0] | {"tracking_consent": "withdrawn"}, full=False)
    answer(sending, email(1), TRACKING)
    sending.source(PEOPLE[0] | {"updated_at": NEWER}, full=False)
    answer(sending, email(1), TRACKING, given=True)
    sending.send(plan_id)
    assert tracked(sending) == others()


def test_tracking_declined_under_an_old_address_is_in_force(sending: Sending) -> None:
    sending.source(PEOPLE[0] | {"email": "new@example.com", "updated_at": NEWER}, full=False)
    plan_id = sending.freeze()
    answer(sending, email(0), TRACKING)
    sending.send(plan_id)
    assert sending.got() == others(0) | {"new@example.com"}
    assert tracked(sending) == others(0)


def test_topic_declined_after_planning_is_not_sent(sending: Sending) -> None:
    sending.campaign = sending.campaign.model_copy(update={"topic": TOPIC})
    sending.source(PEOPLE[3] | {"email": "new@example.com", "updated_at": NEWER}, full=False)
    plan_id = sending.freeze()
    answer(sending, email(0), TOPIC)
    answer(sending, email(1), "offers")
    answer(sending, email(2), TOPIC)
    answer(sending, email(2), TOPIC, given=True)
    answer(sending, email(3), TOPIC)
    sending.send(plan_id)
    assert sending.got() == others(0, 3)
