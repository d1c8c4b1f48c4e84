"""The consent log: append-only, with one answer in force per topic."""

from __future__ import annotations

import pytest

from include.core.campaign_file import campaign_names, load_campaign
from include.core.shop import UnknownTopic, load_shop
from include.ledger import consent
from include.ledger.consent import Consent
from include.ledger.database import Ledger


def answer(topic: str, given: bool, address: str = "a") -> Consent:
    return Consent(address, topic, given, "test", 1.0)


def test_only_changes_are_logged_and_the_newest_answer_is_in_force(ledger: Ledger) -> None:
    assert consent.record(ledger, [answer("tracking", True), answer("news", False)]) == 2
    assert consent.record(ledger, [answer("tracking", True), answer("news", True)]) == 1
    assert consent.of_person(ledger, "a") == {"tracking": True, "news": True}
    assert consent.record(ledger, [answer("tracking", False, "b")]) == 1
    with ledger.read() as connection:
        rows = consent.in_force(connection).to_pylist()
    assert {(row["address_key"], row["topic"], row["given"]) for row in rows if row["address_key"] in "ab"} == {
        ("a", "tracking", True),
        ("a", "news", True),
        ("b", "tracking", False),
    }


def test_answers_with_an_unknown_topic_are_rejected_as_a_whole(ledger: Ledger) -> None:
    with pytest.raises(UnknownTopic, match=r"consent log: the topic 'newss' does not exist\. Did you mean news\?"):
        consent.record(ledger, [answer("news", False, "c"), answer("newss", True, "c")])
    with pytest.raises(UnknownTopic) as error:
        consent.record(ledger, [answer("somebody@example.com", True, "c")])
    assert "@" not in str(error.value)
    assert consent.of_person(ledger, "c") == {}


def test_a_restored_ledger_accepts_a_declined_topic_that_was_removed(ledger: Ledger) -> None:
    assert consent.record(ledger, [answer("retired", False, "r")], restored=True) == 1
    assert consent.of_person(ledger, "r") == {"retired": False}


def test_every_campaign_has_a_topic_that_people_can_decline() -> None:
    topics = {load_campaign(name).topic for name in campaign_names()} - {None}
    assert topics
    assert topics <= {topic.id for topic in load_shop().topics}
