"""A subscriber's address changes while a plan has the old one: the addresses that SendGrid accepts afterwards."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest

from include.ledger import plans
from tests.dispatch.test_withdrawals import PEOPLE, Sending, email, ingested_people, others
from tests.dispatch.test_withdrawals import sending as one_campaign

__all__ = ["ingested_people", "one_campaign"]
NEW = "new@example.com"


@pytest.fixture
def sending(one_campaign: Sending) -> Sending:
    """The campaign without a frequency cap, so that several weeks can be sent at once."""
    one_campaign.campaign = one_campaign.campaign.model_copy(update={"frequency_cap_hours": 0})
    return one_campaign


def move(sending: Sending, to: str, day: int, **fields: str) -> None:
    """Ingest a valid row of the first person with this address."""
    sending.source(PEOPLE[0] | {"email": to, "updated_at": f"2026-02-{day:02}"} | fields, full=False)


def mailed(sending: Sending, plan_id: str) -> set[str]:
    """Send the plan; returns the addresses of its requests."""
    before = len(sending.esp.bodies)
    sending.send(plan_id)
    bodies = sending.esp.bodies[before:]
    return {person["to"][0]["email"] for body in bodies for person in body["personalizations"]}


def test_replaced_address_gets_nothing_and_the_next_plan_uses_the_new_one(sending: Sending) -> None:
    """The next week's plan is frozen while the first is open; the replaced address is not an opt-out of the person."""
    first = sending.freeze()
    move(sending, NEW, 1)
    second = sending.freeze("2026-W49")
    sending.source(PEOPLE[1], full=False)
    assert mailed(sending, first) == others(0)
    assert mailed(sending, second) == others(0) | {NEW}


WAYS: dict[str, Callable[[Sending], None]] = {
    "one click in another mail": lambda sending: sending.suppress(NEW, "unsubscribe"),
    "a complaint": lambda sending: sending.suppress(NEW, "spam_complaint"),
    "an erasure": lambda sending: sending.suppress(NEW, "erasure"),
    "a word at the source": lambda sending: move(sending, NEW, 2, status="cleaned"),
    "a row that cannot be read": lambda sending: move(sending, NEW, 2, timezone="Mars"),
    "gone from a full pass": lambda sending: sending.source(*PEOPLE[1:]),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_opt_out_under_the_new_address_suppresses_both_addresses(sending: Sending, way: Callable[[Sending], None]) -> None:
    plan_id = sending.freeze()
    move(sending, NEW, 1)
    way(sending)
    assert mailed(sending, plan_id) == others(0)
    assert mailed(sending, sending.freeze("2026-W49")) == others(0)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_opt_out_under_the_new_address_is_in_force_in_any_order(sending: Sending, order: tuple[int, ...]) -> None:
    """Planning, the change of address and the unsubscribe, in every order."""
    frozen = list[str]()
    steps: list[Callable[[], None]] = [
        lambda: frozen.append(sending.freeze()),
        lambda: move(sending, NEW, 1),
        lambda: sending.suppress(NEW, "unsubscribe"),
    ]
    for step in order:
        steps[step]()
    assert mailed(sending, frozen[0]) == others(0)


def test_address_restored_by_a_valid_row_is_mailed(sending: Sending) -> None:
    plan_id = sending.freeze()
    move(sending, NEW, 1)
    move(sending, email(0), 2)
    assert mailed(sending, plan_id) == others()


def test_opt_out_stays_in_force_after_returning_to_the_old_address(sending: Sending) -> None:
    plan_id = sending.freeze()
    move(sending, NEW, 1)
    sending.suppress(NEW, "unsubscribe")
    move(sending, email(0), 2)
    assert mailed(sending, plan_id) == others(0)


def test_address_replaced_a_second_time_gets_nothing(sending: Sending) -> None:
    """The address changes back and forth before the plan, and once more after it."""
    move(sending, NEW, 1)
    move(sending, email(0), 2)
    plan_id = sending.freeze()
    move(sending, NEW, 3)
    assert mailed(sending, plan_id) == others(0)


def sent(sending: Sending, plan_id: str) -> set[str]:
    """Send the plan and mark it as done, so that no plan is open."""
    found = mailed(sending, plan_id)
    plans.change_state(sending.stores.ledger, plan_id, "done", from_states=("sending",))
    return found


def test_replaced_address_is_withheld_from_a_later_plan_too(sending: Sending) -> None:
    """The address is restored while no plan is open, so its suppression is not lifted; a later change still counts."""
    first = sending.freeze()
    move(sending, NEW, 1)
    assert sent(sending, first) == others(0)
    move(sending, email(0), 2)
    second = sending.freeze("2026-W49")
    move(sending, NEW, 3)
    assert mailed(sending, second) == others(0)


def test_quarantined_row_is_withheld_from_a_later_plan_too(sending: Sending) -> None:
    first = sending.freeze()
    move(sending, email(0), 1, timezone="Mars")
    assert sent(sending, first) == others(0)
    move(sending, email(0), 2)
    second = sending.freeze("2026-W49")
    move(sending, email(0), 3, timezone="Mars")
    assert mailed(sending, second) == others(0)
