"""A campaign with a winner: a part of the audience tests the variants, and the rest gets the best, everybody once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from include.analyze import winner
from include.analyze.experiments import experiment_rows
from include.analyze.ledger_facts import designs
from include.analyze.statistics import rate_sample
from include.analyze.winner import Choice, choose
from include.core import clock
from include.core.campaign import Campaign
from include.core.campaign_fields import Variant, Winner
from include.core.errors import ContentChanged, EspUnavailable, PlanError
from include.dispatch import start
from include.dispatch.account import record
from include.dispatch.account.settle import settle
from include.dispatch.send import sender
from include.ledger import decisions, plans, suppressions
from include.ledger.stores import Stores
from include.warehouse.connection import open_warehouse
from tests.analyze.counted import count
from tests.campaign import a_campaign
from tests.dispatch.populate import populate
from tests.dispatch.scripted_esp import ScriptedEsp

PEOPLE = 3_000
CLICKED = """
insert into engagement.events by name
select
    event || message_key as dedup_key, message_key, subscriber_id, campaign, occurrence, event, now() as occurred_at,
    occurred_at as received_at, if(event = 'delivered', null, 'human') as verdict, 'f' as spool_file
from dispatch.sends, (values ('delivered'), ('clicked')) as events (event)
where sends.state = 'accepted' and (event = 'delivered' or hash(message_key) % 100 < if(variant = 'b', $b, 5))
"""


class Experiment:
    """A campaign that tests two subjects on a fifth of 3,000 people."""

    def __init__(self, stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stores, self.esp, self.monkeypatch = stores, esp, monkeypatch
        self.at = clock.now()
        self.campaign = a_campaign(
            occurrence="once",
            segment="newsletter_readers",
            template="winback",
            locales=("en",),
            variants=(Variant(id="a", subject="Plain"), Variant(id="b", subject="Fancy")),
            winner=Winner(metric="human_click", test_percent=20, after_hours=24),
        )

    def send(
        self, occurrence: str | None = None, campaign: Campaign | None = None, *, most: int | None = None
    ) -> list[dict[str, Any]]:
        """Run the campaign live, and send `most` parts; the personalizations that SendGrid accepted, with their subject."""
        before = len(self.esp.bodies)
        started, ranges = start.start_run(
            self.stores, campaign or self.campaign, account=self.esp.account, mode="live", run="r", at=clock.now(),
            edge_url="https://mail.tradewind.example", resumes=occurrence,
        )  # fmt: skip
        for part in ranges[:most]:
            sender.send_range(self.stores, self.esp.account, **part)
        assert started["mode"] == "live"
        settle(self.stores.ledger, started["plan_id"])
        record.record_sends(self.stores)
        return [
            {"subject": body["subject"], "to": person["to"][0]["email"]}
            for body in self.esp.bodies[before:]
            for person in body["personalizations"]
        ]

    def click(self, percent_of_b: int) -> None:
        with open_warehouse(self.stores.paths) as warehouse:
            warehouse.execute(CLICKED, {"b": percent_of_b})

    def sent_to_rest(self) -> set[tuple[str, str, str]]:
        """What marts.experiment_results says of the choice."""
        with open_warehouse(self.stores.paths) as warehouse:
            count(warehouse, clock.now())
            rows = experiment_rows(warehouse, designs(self.stores.ledger)).to_pylist()
        return {(row["occurrence"], row["variant"], row["sent_to_rest"]) for row in rows if row["sent_to_rest"]}

    def wait(self, hours: float) -> None:
        later = clock.now() + timedelta(hours=hours)
        self.monkeypatch.setattr(clock, "now", lambda: later)


@pytest.fixture
def experiment(stores: Stores, esp: ScriptedEsp, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    populate(stores.paths, PEOPLE)
    return Experiment(stores, esp, monkeypatch)


def test_the_rest_gets_the_winner_and_everybody_one_message(experiment: Experiment) -> None:
    tested = experiment.send()
    experiment.click(percent_of_b=20)
    assert winner.choose_due(experiment.stores) == [], "the test is not over"

    experiment.wait(25)
    due = winner.choose_due(experiment.stores)
    rest = experiment.send(due[0]["occurrence"])

    assert due == [{"campaign": "spring", "occurrence": "once-rest"}]
    assert {mail["subject"] for mail in rest} == {"Fancy"}
    assert Counter(mail["subject"] for mail in tested).keys() == {"Plain", "Fancy"}
    assert 450 < len(tested) < 750
    assert len({mail["to"] for mail in tested + rest}) == len(tested) + len(rest) == PEOPLE
    assert winner.choose_due(experiment.stores) == []
    assert experiment.send("once-rest") == []
    assert experiment.sent_to_rest() == {("once", "b", "winner")}


def test_without_a_clear_winner_the_rest_gets_the_first_variant(experiment: Experiment) -> None:
    experiment.send()
    experiment.click(percent_of_b=6)
    experiment.wait(25)

    (due,) = winner.choose_due(experiment.stores)

    assert {mail["subject"] for mail in experiment.send(due["occurrence"])} == {"Plain"}
    assert experiment.sent_to_rest() == {("once", "a", "inconclusive")}
    (decision,) = decisions.of_plan(experiment.stores.ledger, plans.plan_id_of("spring", "once"))
    assert (decision.details["variant"], decision.details["is_clear"]) == ("a", False)


def test_a_test_that_is_not_sent_to_its_end_has_no_winner(experiment: Experiment) -> None:
    with pytest.raises(EspUnavailable):
        experiment.send(most=0)
    experiment.wait(25)

    assert winner.choose_due(experiment.stores) == []

    experiment.send()

    assert len(winner.choose_due(experiment.stores)) == 1


def test_who_left_since_the_test_is_not_in_the_rest(experiment: Experiment) -> None:
    tested = experiment.send()
    experiment.wait(25)
    with open_warehouse(experiment.stores.paths) as warehouse:
        keys = [key for (key,) in warehouse.execute("select address_key from core.subscribers").fetchall()]
    left = [suppressions.Suppression(key, "unsubscribe", "edge", clock.now().timestamp()) for key in keys]
    suppressions.suppress(experiment.stores.ledger, left)

    (due,) = winner.choose_due(experiment.stores)

    assert experiment.send(due["occurrence"]) == []
    assert len(tested) > 450


def test_the_rest_waits_for_the_choice_and_for_the_tested_content(experiment: Experiment) -> None:
    experiment.send()
    with pytest.raises(PlanError, match="no winner yet"):
        experiment.send("once-rest")
    experiment.wait(25)
    winner.choose_due(experiment.stores)
    edited = experiment.campaign.model_copy(
        update={"variants": (Variant(id="a", subject="Plain!"), Variant(id="b", subject="Fancy"))}
    )
    with pytest.raises(ContentChanged, match="after its variants were tested"):
        experiment.send("once-rest", edited)


def test_a_rest_without_plan_is_asked_for_again_after_an_hour(experiment: Experiment) -> None:
    experiment.send()
    experiment.wait(25)
    first = winner.choose_due(experiment.stores)
    assert winner.choose_due(experiment.stores) == []

    experiment.wait(1.1)

    assert winner.choose_due(experiment.stores) == first
    assert len(decisions.of_plan(experiment.stores.ledger, plans.plan_id_of("spring", "once"))) == 1


def test_choice() -> None:
    assert choose({"a": rate_sample(50, 1_000), "b": rate_sample(90, 1_000)}) == Choice("b", True)
    assert choose({"a": rate_sample(50, 1_000), "b": rate_sample(60, 1_000)}) == Choice("a", False)
    assert choose({"a": rate_sample(90, 1_000), "b": rate_sample(50, 1_000)}) == Choice("a", True)
    assert choose({"a": rate_sample(0, 0), "b": rate_sample(0, 0)}) == Choice("a", False)
    close = {"a": rate_sample(50, 1_000), "b": rate_sample(72, 1_000)}
    assert choose(close) == Choice("b", True)
    assert choose(close | {"c": rate_sample(51, 1_000), "d": rate_sample(50, 1_000)}) == Choice("a", False)


@pytest.mark.parametrize("wrong", [{"variants": (Variant(id="only"),)}, {"occurrence": "signup"}])
def test_a_winner_needs_variants_and_a_rest(wrong: dict[str, Any]) -> None:
    settings = {"variants": (Variant(id="a"), Variant(id="b")), "winner": Winner(metric="purchase")} | wrong
    with pytest.raises(ValueError, match="winner"):
        a_campaign(**settings)


def test_with_three_variants_each_comparison_needs_more_evidence() -> None:
    """The difference is clear (p = 0.04) if it is the only one that is looked at, and not if it is one of two."""
    usual, better = rate_sample(50, 1_000), rate_sample(72, 1_000)
    assert choose({"a": usual, "b": better}) == Choice("b", is_clear=True)
    assert choose({"a": usual, "b": better, "c": usual}) == Choice("a", is_clear=False)
