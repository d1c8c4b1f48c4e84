"""Pause, resume, cancel, a person's way, the picture, erasure, and what SendGrid stops."""

from __future__ import annotations

from typing import Any

import pytest

from include.core import clock
from include.core.errors import CampaignStopped, ConfigurationError, PlanError, StoppedByOperator
from include.dispatch.journey import changes, control, enter, picture, send, tick
from include.ledger import decisions, journeys
from tests.dispatch.journey.conftest import JOURNEY, JourneyShop
from tests.dispatch.scripted_esp import failed


def test_while_it_is_paused_nobody_enters_moves_or_gets_mail(shop: JourneyShop) -> None:
    shop.basket(1)
    shop.run()
    control.pause(shop.stores.ledger, "basket")
    shop.basket(2)
    shop.later(hours=1)
    shop.run()
    assert (shop.states(), shop.mailed()) == ({"1": "an_hour"}, [])
    control.resume(shop.stores.ledger, "basket")
    shop.later(hours=1)
    shop.run()
    assert shop.mailed() == ["1", "2"]


def test_a_pause_between_plan_and_request_holds_the_mail(shop: JourneyShop) -> None:
    shop.basket(1)
    shop.run()
    shop.later(hours=1)
    (part,) = shop.tick()["ranges"]
    control.pause(shop.stores.ledger, "basket")
    with pytest.raises(StoppedByOperator):
        send.send_part(shop.stores, shop.esp.account, part)
    assert shop.run()["ranges"] == []
    control.resume(shop.stores.ledger, "basket")
    shop.run()
    assert shop.mailed() == ["1"]


def test_a_pause_in_the_midst_of_a_tick_breaks_nothing(shop: JourneyShop, monkeypatch: pytest.MonkeyPatch) -> None:
    def paused_first(*args: Any) -> int:
        control.pause(shop.stores.ledger, "basket", by="anna", note="a wrong price")
        return enter.enter(*args)

    shop.basket(1)
    with monkeypatch.context() as patch:
        patch.setattr(tick, "enter", paused_first)
        assert (shop.run()["broken"], shop.entries()) == ([], [])
    control.resume(shop.stores.ledger, "basket", by="anna")
    shop.run()
    assert shop.states() == {"1": "an_hour"}
    kept = decisions.of_plan(shop.stores.ledger, decisions.of_journey("basket"))
    assert [(one.action, one.by, one.note) for one in kept] == [("pause", "anna", "a wrong price"), ("resume", "anna", "")]


def test_cancelled_is_for_good_and_pending_mail_is_skipped(shop: JourneyShop) -> None:
    for person in (1, 2):
        shop.basket(person)
    shop.run()
    shop.later(hours=1)
    shop.tick()
    assert control.cancel(shop.stores.ledger, "basket") == 2
    shop.basket(3)
    shop.later(days=3)
    shop.run()
    assert shop.esp.taken.total() == 0
    assert set(shop.states().values()) == {"cancelled cancelled by an operator"}
    with pytest.raises(PlanError, match="is cancelled and stays so"):
        control.resume(shop.stores.ledger, "basket")
    with pytest.raises(ConfigurationError, match="has never run"):
        control.pause(shop.stores.ledger, "other")


def test_a_key_that_sendgrid_refuses_stops_the_mail_of_the_journey_until_it_is_resumed(shop: JourneyShop) -> None:
    shop.esp.answer = lambda _number, _body: failed(401, message="The provided authorization grant is invalid")
    shop.basket(1)
    shop.run()
    shop.later(hours=1)
    with pytest.raises(CampaignStopped):
        shop.run()
    shop.basket(2)
    shop.later(hours=1)
    assert shop.run()["planned"] == 0
    shop.esp.answer = type(shop.esp)().answer
    control.resume(shop.stores.ledger, "basket")
    shop.run()
    assert shop.mailed() == ["1", "2"]


def test_the_way_of_a_person_and_the_numbers_can_be_asked(shop: JourneyShop) -> None:
    shop.basket(1)
    shop.basket(2)
    shop.run()
    shop.later(hours=1)
    shop.order(2)
    shop.run()
    lines = list(control.way_lines(shop.stores.ledger, "basket", "1"))
    assert [line.split("UTC  ")[-1].partition(" (")[0] for line in lines[3:]] == [
        "an_hour: waited", "first: planned", "two_days is due",
    ]  # fmt: skip
    assert list(control.way_lines(shop.stores.ledger, "basket", "9")) == ["9 was never in basket"]
    status = "\n".join(control.status_lines(shop.stores.ledger, "basket"))
    assert "basket: active" in status
    assert "two_days            wait 2 days" in status
    assert "goal" in status
    assert picture.draw_all(shop.stores) == ["basket"]
    drawn = (shop.stores.paths.journeys / "basket.svg").read_text()
    assert "1 here" in drawn
    assert "1 planned" in drawn
    assert "1 reached the goal" in drawn


def test_an_erased_person_is_out_and_unnamed_and_does_not_enter_again(shop: JourneyShop) -> None:
    shop.basket(1)
    shop.run()
    assert journeys.erase(shop.stores.ledger, ["1"], "erased-1") == 1
    (entry,) = journeys.of_people(shop.stores.ledger, "basket", ["erased-1"])
    assert (entry.state, entry.reason, entry.trigger_key) == ("left", "erasure", "")
    shop.later(hours=1)
    assert shop.run()["entered"] == 0


def test_an_idle_minute_has_nothing_to_do_and_a_change_has(shop: JourneyShop) -> None:
    def is_idle() -> bool:
        return changes.is_idle(shop.stores, clock.now())

    assert not is_idle()
    shop.run()
    shop.run()  # What the first run wrote to the warehouse is a change too.
    assert is_idle()
    shop.basket(1)
    assert not is_idle()
    shop.run()
    shop.run()
    assert is_idle()
    shop.write("basket", JOURNEY + "# edited\n")
    assert not is_idle()
    shop.run()
    assert is_idle()
    shop.later(minutes=16)
    assert not is_idle()
    shop.run()
    assert is_idle()
    shop.later(minutes=-20)
    assert not is_idle()
    shop.later(hours=1)
    shop.run()
    assert shop.mailed() == ["1"]
