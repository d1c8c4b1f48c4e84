"""Conditions, splits, exits, re-entry and caps."""

from __future__ import annotations

from collections import Counter

import pytest

from include.core.journey_fields import Arm, Split
from include.dispatch.journey.move import drawn
from include.warehouse.connection import open_warehouse
from tests.dispatch.journey.conftest import JOURNEY, JourneyShop
from tests.frozen_segment import freeze_segment

BRANCH = """\
  - id: asked
    condition: {condition}
    then: first
    otherwise: away
  - id: away
    exit: not for them
  - id: first
    mail: {{}}
"""


def branching(condition: str) -> str:
    return JOURNEY.partition("  - id: an_hour")[0] + BRANCH.format(condition=condition)


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("{feature: {column: purchases, at_least: 3, at_most: 4}}", ["3", "4"]),
        ("{feature: {column: lifecycle_stage, one_of: [loyal]}}", ["4", "5", "6"]),
        ("{segment: loyal_customers}", ["5"]),
        ("{query: clicked}", ["7"]),
    ],
)
def test_a_condition_decides_the_way(shop: JourneyShop, condition: str, met: list[str]) -> None:
    shop.write("basket", branching(condition))
    with open_warehouse(shop.stores.paths) as warehouse:
        freeze_segment(warehouse, "loyal_customers", "select '5' as subscriber_id")
    for person in range(8):
        shop.basket(person)
    for person, hours in ((7, 1), (6, -1)):
        shop.execute(
            "insert into engagement.events by name select 'd' as dedup_key, 'm' as message_key, 'c' as campaign, "
            f"'o' as occurrence, '{person}' as subscriber_id, 'clicked' as event, 'human' as verdict, 's' as spool_file, "
            f"now() as received_at, (select max(happened_at) from core.activities) + interval ({hours}) hour as occurred_at"
        )
    shop.later(hours=2)
    shop.run()
    assert shop.mailed() == met
    assert Counter(shop.states().values()) == {"finished": len(met), "left not for them": 8 - len(met)}


def test_a_segment_that_was_not_built_keeps_people_where_they_are(shop: JourneyShop) -> None:
    shop.write("basket", branching("{segment: big_spenders}"))
    shop.basket(1)
    assert "no recent run of build_segments has big_spenders" in shop.run()["broken"][0]
    assert shop.states() == {"1": "asked"}


def test_a_split_draws_by_percent_and_the_same_in_every_run() -> None:
    split = Split(salt="s", arms=(Arm(id="a", percent=20), Arm(id="b", percent=80)))
    arms = [drawn(split, "half", f"entry-{number}") for number in range(20_000)]
    assert arms == [drawn(split, "half", f"entry-{number}") for number in range(20_000)]
    assert 0.18 < arms.count("a") / len(arms) < 0.22
    other = [drawn(split.model_copy(update={"salt": "t"}), "half", f"entry-{number}") for number in range(20_000)]
    assert sum(one != two for one, two in zip(arms, other, strict=True)) > 5_000


@pytest.mark.parametrize(
    ("rule", "entries"), [("never", [1, 1, 1]), ("{after_days: 3}", [1, 1, 2]), ("each_trigger", [1, 2, 3])]
)
def test_the_reentry_rule_says_how_often_a_person_enters(shop: JourneyShop, rule: str, entries: list[int]) -> None:
    shop.write("basket", JOURNEY.replace("each_trigger", rule))
    found = []
    for _ in range(3):
        shop.basket(1)
        shop.run()
        found.append(len(shop.entries()))
        shop.later(days=2)
    assert found == entries


def test_the_cap_of_entries_lets_the_others_in_later(shop: JourneyShop) -> None:
    shop.write("basket", JOURNEY.replace("goal: ordered", "goal: ordered\nentries_per_day: 2"))
    for person in range(5):
        shop.basket(person)
    assert [shop.run()["entered"], shop.run()["entered"]] == [2, 0]
    shop.later(hours=25)
    assert shop.run()["entered"] == 2
    shop.later(hours=25)  # The trigger of the fifth is older than two days now.
    assert shop.run()["entered"] == 0


def test_mail_that_is_too_late_is_passed_without_it(shop: JourneyShop) -> None:
    shop.basket(1)
    shop.run()
    shop.later(days=3)
    shop.run()
    assert (shop.mailed(), shop.states()) == ([], {"1": "two_days"})
    shop.later(days=2.1)
    shop.run()
    assert shop.mailed("second") == ["1"]


def test_all_mail_of_a_journey_shares_its_budget_and_who_is_beyond_it_waits(shop: JourneyShop) -> None:
    """A cent pays for five messages at two dollars per thousand: four first mails, of which one person gets the second."""
    budget = "budget: {amount: 0.01, per: month}\nlate_limit_hours: 72\nmail:\n  cost_per_thousand: 2\n"
    shop.write("basket", JOURNEY.replace("mail:\n", budget, 1))
    for person in range(4):
        shop.basket(person)
    shop.later(hours=1)
    shop.run()
    shop.later(days=2, hours=1)
    assert shop.run()["planned"] == 1
    assert (len(shop.mailed("first")), len(shop.mailed("second"))) == (4, 1)
    assert Counter(shop.states().values()) == {"second": 3, "finished": 1}
    shop.later(days=4)
    shop.run()
    assert (len(shop.mailed("second")), set(shop.states().values())) == (1, {"finished"})
    shop.basket(5)
    shop.later(hours=2)
    assert shop.run()["planned"] == 0
    shop.later(days=2)
    assert shop.run()["planned"] == 1, "December has its own money"
