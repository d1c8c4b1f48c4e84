"""The way of people through a journey: who enters, waits, gets mail and leaves, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.core import clock
from include.ledger.database import Ledger
from tests.dispatch.journey.conftest import JOURNEY, JourneyShop


@pytest.fixture
def ledger(each_ledger: Ledger) -> Ledger:
    return each_ledger


def test_a_person_gets_each_mail_once_and_is_out_at_the_end(shop: JourneyShop) -> None:
    shop.basket(3)
    assert shop.run()["entered"] == 1
    assert shop.states() == {"3": "an_hour"}
    shop.later(minutes=29)
    shop.run()
    assert shop.mailed() == []
    shop.later(minutes=2)
    assert shop.run()["planned"] == 1
    assert shop.mailed() == ["3"]
    for _ in range(3):
        shop.later(hours=20)
        shop.run()
    assert shop.mailed("second") == ["3"]
    assert shop.states() == {"3": "finished"}
    shop.later(days=1)
    result = shop.run()
    assert (result["entered"], result["planned"], shop.esp.taken.total()) == (0, 0, 2)


def test_who_reaches_the_goal_leaves_before_any_further_mail(shop: JourneyShop) -> None:
    shop.basket(3)
    shop.basket(4)
    shop.run()
    shop.later(hours=1)
    shop.order(4)
    shop.run()
    assert (shop.mailed(), shop.states()) == (["3"], {"3": "two_days", "4": "goal"})
    shop.order(3)
    shop.later(days=3)
    shop.run()
    assert (shop.mailed("second"), shop.states()["3"]) == ([], "goal")


def test_a_goal_that_is_known_late_and_a_trigger_that_is_known_late_still_count(shop: JourneyShop) -> None:
    basket = clock.now()
    shop.later(hours=5)
    shop.order(5, at=basket + timedelta(minutes=10))
    shop.basket(5, at=basket)
    shop.basket(6, at=basket)
    shop.order(6, at=basket - timedelta(minutes=10))
    shop.basket(7, at=basket - timedelta(days=9))
    shop.run()
    assert shop.mailed() == ["6"]  # Half an hour after the basket has long passed; an order from before it is no goal.
    assert shop.states() == {"5": "goal", "6": "two_days"}


def test_who_may_not_be_mailed_does_not_enter_and_leaves_at_the_next_mail(shop: JourneyShop) -> None:
    shop.execute("update core.subscribers set status = 'pending' where subscriber_id = '1'")
    for person in (1, 2):
        shop.basket(person)
    shop.run()
    assert shop.states() == {"2": "an_hour"}
    shop.execute("update core.subscribers set status = if(subscriber_id = '1', 'subscribed', 'unsubscribed')")
    shop.later(hours=1)
    shop.run()
    assert shop.mailed() == ["1"]
    assert shop.states() == {"1": "two_days", "2": "left unsubscribed_at_source"}


def test_who_is_capped_gets_the_mail_when_the_cap_is_over(shop: JourneyShop) -> None:
    shop.write("basket", JOURNEY.replace("frequency_cap_hours: 0", "frequency_cap_hours: 16"))
    shop.basket(3)
    shop.run()
    shop.later(hours=1)
    shop.run()
    shop.basket(3, at=clock.now() + timedelta(days=1))
    shop.later(days=1)
    shop.run()
    assert shop.mailed() == ["3"]
    shop.later(days=1)
    shop.run()
    shop.run()
    assert sorted(shop.states().values()) == ["two_days"]
    assert shop.mailed() == ["3", "3"]  # One for each basket.
    assert len(shop.mailed("second")) == 0
    shop.later(hours=17)
    shop.run()
    assert shop.mailed("second") == ["3"]
