"""Tracking or a topic is declined after a plan was frozen: the mail that SendGrid accepts afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core import clock
from include.core.shop import PAUSE_SECONDS
from include.dispatch.account.record import record_sends
from include.dispatch.send.withdrawals import Withdrawals
from include.ledger import consent
from include.ledger.consent import PAUSE, TRACKING, Consent
from include.warehouse.connection import open_warehouse
from tests.dispatch.test_withdrawals import NEWER, PEOPLE, Sending, email, ingested_people, others, part_files, sending
from tests.rows import Row

__all__ = ["ingested_people", "sending"]
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


def test_paused_people_get_no_mail_until_the_pause_is_over(sending: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    """Person 0 pauses before the plan is frozen, 1 afterwards under an old address, 2 and 3 end their pause."""
    sending.source(PEOPLE[1] | {"email": "new@example.com", "updated_at": NEWER}, full=False)
    answer(sending, email(0), PAUSE)
    answer(sending, email(2), PAUSE)
    answer(sending, email(2), PAUSE, given=True)
    plan_id = sending.freeze()
    answer(sending, email(1), PAUSE)
    answer(sending, email(3), PAUSE)
    answer(sending, email(3), PAUSE, given=True)
    sending.send(plan_id)
    assert sending.got() == others(0, 1)
    record_sends(sending.stores)
    with open_warehouse(sending.stores.paths) as warehouse:
        query = "select state, reason, count(*) from dispatch.sends where plan_id = ? and reason is not null group by all"
        counted = warehouse.execute(query, [plan_id]).fetchall()
    assert counted == [("suppressed", "paused", 2)]
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(PAUSE_SECONDS))
    sending.esp.bodies.clear()
    sending.send(sending.freeze("2027-W01"))
    assert sending.got() == others(1) | {"new@example.com"}


def test_pause_that_is_over_does_not_stop_a_frozen_plan(sending: Sending, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_id = sending.freeze()
    answer(sending, email(0), PAUSE)
    monkeypatch.setenv("TRADEWIND_CLOCK_OFFSET_SECONDS", str(PAUSE_SECONDS))
    sending.send(plan_id)
    assert sending.got() == others()


@pytest.mark.parametrize(("confirming", "reasons"), [(False, ["paused"]), (True, [])])
def test_mail_that_asks_for_confirmation_is_not_paused(sending: Sending, confirming: bool, reasons: list[str]) -> None:
    answer(sending, email(0), PAUSE)
    people = pa.table({"address_key": [sending.key(email(0))], "message_key": ["m"]})
    withdrawals = Withdrawals(0, {}, confirming=confirming)
    with sending.stores.ledger.read() as connection:
        withdrawals.read(connection)
    assert [outcome.reason for outcome in withdrawals.excluded(people, [0], clock.now().timestamp())] == reasons
