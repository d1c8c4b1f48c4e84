"""People who lost to mail that then did not go to them get their own mail, as long as it is being sent."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.core import clock
from include.core.campaign import Campaign
from include.core.campaign_file import load_campaign
from include.core.errors import ContentChanged, PlanError
from include.dispatch import control
from include.dispatch.account.settle import settle
from include.dispatch.plan import approval, freed, split, take_back
from include.dispatch.plan.contents import compile_contents
from include.dispatch.plan.freeze import FrozenPlan, freeze
from include.dispatch.send import sender
from include.dispatch.start import period_of
from include.ledger import plans
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from tests.campaign import a_campaign
from tests.dispatch.scripted_esp import ScriptedEsp
from tests.dispatch.test_plan import EDGE, Shop, open_shop
from tests.frozen_segment import freeze_segment

DAY = datetime(2026, 11, 24, tzinfo=UTC)
PEOPLE, FEW = 40, 10


def at(hour: float) -> datetime:
    return DAY + timedelta(hours=hour)


def set_clock(monkeypatch: pytest.MonkeyPatch, hour: float) -> None:
    monkeypatch.setattr(clock, "now", lambda: at(hour))


class Sales(Shop):
    """A shop with campaigns that want the same people, at hours of one day."""

    def write(self, name: str, hour: float, **changed: Any) -> Campaign:
        """Write a campaign file that is due at an hour."""
        fields = a_campaign(segment="newsletter_readers").model_dump(mode="json", exclude_defaults=True)
        fields |= {"id": name, "schedule": f"{at(hour):%Y-%m-%d %H:%M}", **changed}
        (self.templates.parents[1] / "campaigns" / f"{name}.yaml").write_text(yaml.safe_dump(fields))
        return load_campaign(name)

    def plan(self, name: str, hour: float, occurrence: str = "once") -> FrozenPlan:
        campaign = load_campaign(name)
        part = split.part_of(campaign, occurrence)
        return freeze(self.stores, campaign, occurrence=occurrence, edge_url=EDGE, at=at(hour), part=part)

    def due(self) -> list[str]:
        return [f"{each['campaign']} {each['occurrence']}" for each in take_back.due(self.stores)]

    def lost(self) -> list[tuple[Any, ...]]:
        columns = "campaign, occurrence, reason, lost_to_campaign, lost_to_occurrence, count(*)"
        return sorted(self.rows(f"select {columns} from dispatch.sends where state = 'capped' group by all"))

    def mailed(self) -> dict[str, int]:
        """By campaign and occurrence, the people who have or get its mail."""
        sent = "select campaign, occurrence, subscriber_id from dispatch.sends where state in ('pending', 'accepted')"
        return Counter(f"{campaign} {occurrence}" for campaign, occurrence, _ in self.rows(sent))


@pytest.fixture
def shop(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sales:
    (tmp_path / "campaigns").mkdir()
    monkeypatch.setenv("TRADEWIND_CAMPAIGNS", str(tmp_path / "campaigns"))
    set_clock(monkeypatch, 19)
    opened = open_shop(stores, tmp_path, monkeypatch, people=PEOPLE)
    return Sales(opened.stores, opened.templates, opened.campaign)


def lose_and_cancel(shop: Sales, **letter: Any) -> None:
    """A letter loses everybody to a sale of the evening, which is planned and cancelled."""
    shop.write("letter", 9, **letter)
    shop.write("sale", 18, priority=70)
    shop.plan("letter", 9)
    shop.plan("sale", 18)
    control.cancel(shop.stores.ledger, "sale", "once")


def test_whoever_lost_to_a_mail_that_is_cancelled_gets_theirs_and_to_what_they_lost_stays_kept(
    shop: Sales, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write("letter", 9)
    shop.write("sale", 18, priority=70)
    assert shop.plan("letter", 9)["capped"] == PEOPLE
    set_clock(monkeypatch, 18.5)
    assert shop.due() == [], "the sale is waited for"
    set_clock(monkeypatch, 19.5)
    assert shop.due() == ["letter once-freed1"], "nobody waits for it any more"
    assert shop.plan("sale", 18)["planned"] == PEOPLE
    assert shop.due() == []
    control.cancel(shop.stores.ledger, "sale", "once")
    assert shop.due() == ["letter once-freed1"]
    assert shop.plan("letter", 19, "once-freed1")["planned"] == PEOPLE
    assert shop.due() == []
    assert shop.lost() == [("letter", "once", "outranked", "sale", "once", PEOPLE)]


def test_whoever_was_capped_by_a_mail_that_was_not_sent_yet_is_taken_back_too(shop: Sales) -> None:
    shop.write("sale", 8, priority=70)
    shop.write("letter", 9)
    shop.plan("sale", 8)
    assert shop.plan("letter", 9)["capped"] == PEOPLE
    control.pause(shop.stores.ledger, "sale", "once")
    assert shop.due() == [], "a paused mail may be resumed"
    control.cancel(shop.stores.ledger, "sale", "once")
    assert shop.due() == ["letter once-freed1"]


def test_whoever_got_the_winning_mail_before_it_was_cancelled_gets_no_other(shop: Sales, esp: ScriptedEsp) -> None:
    """The sale is sent; only who was withheld from it is free."""
    shop.write("letter", 9)
    shop.write("sale", 18, priority=70)
    shop.plan("letter", 9)
    with open_warehouse(shop.stores.paths) as warehouse:
        warehouse.execute("update core.subscribers set status = 'unsubscribed' where subscriber_id::int < $1", [FEW])
    sale = shop.plan("sale", 18)
    assert sale["suppressed"] == FEW
    with open_warehouse(shop.stores.paths) as warehouse:
        warehouse.execute("update core.subscribers set status = 'subscribed'")
    for part in sender.ranges(shop.stores.ledger, sale["plan_id"]):
        sender.send_range(shop.stores, esp.account, **part)
    assert shop.due() == [], "while the sale is being sent, nobody knows whom it reaches"
    settle(shop.stores.ledger, sale["plan_id"])
    assert shop.due() == ["letter once-freed1"]
    assert shop.plan("letter", 19, "once-freed1")["selected"] == FEW
    assert shop.mailed() == {"sale once": PEOPLE - FEW, "letter once-freed1": FEW}


@pytest.mark.parametrize("state", ["done", "paused", "cancelled"])
def test_a_letter_that_is_not_being_sent_takes_nobody_back_by_itself(shop: Sales, state: str) -> None:
    lose_and_cancel(shop)
    if state == "done":
        settle_letter(shop.stores.ledger)
    else:
        (control.pause if state == "paused" else control.cancel)(shop.stores.ledger, "letter", "once")
    assert shop.due() == []
    assert freed.next_occurrence(shop.stores.ledger, load_campaign("letter"), "once") == (
        "once-freed1" if state == "done" else None
    )


def settle_letter(ledger: Ledger) -> None:
    settle(ledger, plans.plan_id_of("letter", "once"))


ARMS = [{"id": "a"}, {"id": "b", "subject": "B"}]
WINNER = {"metric": "human_click", "test_percent": 50, "after_hours": 2}


@pytest.mark.parametrize("letter", [{"occurrence": "signup"}, {"variants": ARMS, "winner": WINNER}], ids=["event", "test"])
def test_mail_of_an_event_waits_for_its_next_run_and_a_test_takes_nobody_back(shop: Sales, letter: dict[str, Any]) -> None:
    lose_and_cancel(shop, **letter)
    assert shop.due() == []


def test_nobody_gets_more_than_the_caps_allow(shop: Sales) -> None:
    """An alert went to some of them in the meantime."""
    lose_and_cancel(shop)
    with open_warehouse(shop.stores.paths) as warehouse:
        few = f"select i::varchar as subscriber_id from range({FEW}) as t(i)"
        freeze_segment(warehouse, "loyal_customers", few, "run-1")
    shop.write("alert", 18.5, segment="loyal_customers", frequency_cap_hours=0, priority=60)
    shop.plan("alert", 18.5)
    back = shop.plan("letter", 19, "once-freed1")
    assert (back["planned"], back["capped"]) == (PEOPLE - FEW, FEW)
    assert ("letter", "once-freed1", "frequency_cap", "alert", "once", FEW) in shop.lost()
    control.cancel(shop.stores.ledger, "alert", "once")
    assert shop.due() == ["letter once-freed2"], "they lost again, to the alert"


@pytest.mark.parametrize("first", ["letter", "promo"])
def test_of_two_that_lost_the_same_people_the_higher_rank_gets_them(shop: Sales, first: str) -> None:
    shop.write("letter", 9)
    shop.write("promo", 12, priority=60)
    shop.write("sale", 18, priority=70)
    for name, hour in (("letter", 9), ("promo", 12), ("sale", 18)):
        shop.plan(name, hour)
    control.cancel(shop.stores.ledger, "sale", "once")
    assert shop.due() == ["letter once-freed1", "promo once-freed1"]
    for name in (first, "letter", "promo"):
        shop.plan(name, 19, "once-freed1")
    assert shop.mailed() == {"promo once-freed1": PEOPLE}
    assert shop.due() == []


def test_the_next_plan_that_takes_people_back_is_planned_by_name_also_when_the_letter_is_done(shop: Sales) -> None:
    lose_and_cancel(shop)
    letter, ledger = load_campaign("letter"), shop.stores.ledger
    settle_letter(ledger)
    assert period_of(ledger, letter, at(19), "once-freed1") == "once-freed1"
    for unknown in ("once-freed2", "once-freed0", "twice-freed1", "once-rest-freed1"):
        with pytest.raises(PlanError, match="has no plan"):
            period_of(ledger, letter, at(19), unknown)


def test_an_edit_after_the_others_were_planned_is_refused(shop: Sales) -> None:
    lose_and_cancel(shop)
    letter, ledger = load_campaign("letter"), shop.stores.ledger
    freed.require_same_content(ledger, letter, "once-freed1")
    with pytest.raises(ContentChanged, match="edited after the others were planned"):
        freed.require_same_content(ledger, letter.model_copy(update={"postal_address": "2 Quay"}), "once-freed1")


def test_the_approval_of_an_occurrence_covers_whom_it_takes_back(shop: Sales) -> None:
    letter = shop.write("letter", 9)
    contents = compile_contents(letter)
    subjects = [
        approval.subject(letter, contents, name) for name in ("once", "once-rest", "once-freed1", "once-rest-freed2")
    ]
    assert len({each.plan_id for each in subjects}) == 1


def test_an_occurrence_has_one_budget(shop: Sales) -> None:
    """The price of five mails is left when the letter has planned twenty-five of thirty."""
    with open_warehouse(shop.stores.paths) as warehouse:
        few = f"select i::varchar as subscriber_id from range({PEOPLE - 25}) as t(i)"
        freeze_segment(warehouse, "loyal_customers", few, "run-1")
    shop.write("letter", 9, cost_per_thousand=1, budget={"amount": 0.03, "per": "occurrence"})
    shop.write("sale", 18, priority=70, segment="loyal_customers")
    assert shop.plan("letter", 9)["planned"] == 25
    shop.plan("sale", 18)
    control.cancel(shop.stores.ledger, "sale", "once")
    assert shop.plan("letter", 19, "once-freed1")["planned"] == 5


def test_parts_of_an_occurrence_are_told_by_its_name() -> None:
    names = ("2026-W48", "2026-W48-rest", "2026-W48-freed1", "2026-W48-rest-freed12")
    assert [split.is_rest(name) for name in names] == [False, True, False, True]
    assert [split.is_freed(name) for name in names] == [False, False, True, True]
    assert {split.first_part(name) for name in names} == {"2026-W48"}
    assert split.losing_plan(names[3]) == "2026-W48-rest"
