"""After a restore from a backup nobody goes on in a journey whose next mail they may have had since the backup."""

from __future__ import annotations

from include.core import clock
from include.ledger import gap
from tests.dispatch.journey.conftest import JourneyShop


def test_people_leave_and_only_later_triggers_enter(shop: JourneyShop) -> None:
    shop.basket(1)
    shop.run()
    backup = clock.now()
    shop.later(minutes=10)
    shop.basket(2)
    shop.later(minutes=10)
    assert gap.open_gap(shop.stores.ledger, backup.timestamp()) == {"chunks_in_doubt": 0, "left_journeys": 1}
    shop.later(minutes=10)
    shop.basket(3)
    shop.run()
    shop.later(hours=1)
    shop.run()
    assert shop.states() == {"1": "left restored", "3": "two_days"}
    assert shop.mailed() == ["3"]


def test_mail_that_was_planned_and_not_sent_at_the_backup_is_in_doubt(shop: JourneyShop) -> None:
    shop.basket(1)
    shop.run()
    shop.later(hours=1)
    shop.tick()
    assert gap.open_gap(shop.stores.ledger, clock.now().timestamp()) == {"chunks_in_doubt": 1, "left_journeys": 1}
    shop.run()
    assert shop.mailed() == []
