"""A person stays on the version in which they entered, whatever becomes of the file."""

from __future__ import annotations

import pytest

from include.core.errors import JourneysBroken
from include.dispatch.journey.tick import require_unbroken
from tests.dispatch.journey.conftest import JOURNEY, JourneyShop

SHORTER = JOURNEY.replace("  - id: two_days\n    wait: {days: 2}\n  - id: second\n    mail: {}\n", "")


def test_a_step_that_disappears_stays_for_those_who_are_inside(shop: JourneyShop) -> None:
    shop.basket(1)
    shop.run()
    shop.write("basket", SHORTER)
    shop.basket(2)
    shop.later(hours=1)
    shop.run()
    shop.later(hours=1)
    shop.run()
    assert shop.mailed() == ["1", "2"]
    assert shop.states() == {"1": "two_days", "2": "finished"}
    shop.later(days=3)
    shop.run()
    assert shop.mailed("second") == ["1"]
    assert len({entry.version for entry in shop.entries()}) == 2


def test_a_file_with_an_error_lets_nobody_enter_and_those_inside_go_on(shop: JourneyShop) -> None:
    shop.write("other", JOURNEY.replace("id: basket", "id: other"))
    shop.basket(1)
    shop.run()
    shop.write("basket", JOURNEY.replace("    mail: {}", "    mail: {}\n    then: gone", 1))
    shop.basket(2)
    shop.later(hours=1)
    result = shop.run()
    assert [line.partition(":")[0] for line in result["broken"]] == ["basket"]
    assert shop.mailed() == ["1"]
    assert shop.states() == {"1": "two_days"}
    shop.later(hours=1)
    shop.run()
    assert shop.mailed("first", "other") == ["1", "2"]
    with pytest.raises(JourneysBroken, match=r"basket\.yaml, line \d+: steps\.1\.then: the step 'gone' does not exist"):
        require_unbroken(result["broken"])


def test_a_query_that_fails_keeps_people_and_leaves_the_others_alone(shop: JourneyShop) -> None:
    first = "  - id: first\n    mail: {}\n"
    asked = "  - id: asked\n    condition: {segment: loyal_customers}\n    then: first\n"
    shop.write("basket", JOURNEY.replace(first, asked + first))
    shop.write("other", JOURNEY.replace("id: basket", "id: other"))
    shop.basket(1)
    shop.run()
    shop.later(hours=1)
    result = shop.run()
    assert "no recent run of build_segments has loyal_customers" in result["broken"][0]
    assert (shop.mailed(), shop.mailed("first", "other")) == ([], ["1"])
    assert shop.states() == {"1": "an_hour"}


@pytest.mark.parametrize(("policy", "state"), [("finish", "finished"), ("leave", "left journey_deleted")])
def test_when_the_file_is_deleted_people_finish_or_leave(shop: JourneyShop, policy: str, state: str) -> None:
    shop.write("basket", JOURNEY.replace("goal: ordered", f"goal: ordered\nwhen_deleted: {policy}"))
    shop.basket(1)
    shop.run()
    (shop.journeys / "basket.yaml").unlink()
    shop.basket(2)
    for _ in range(3):
        shop.later(days=1.5)
        shop.run()
    assert shop.states() == {"1": state}
    assert shop.mailed("second") == (["1"] if policy == "finish" else [])
