"""The classification: versioned, revised by later events, and never based on one weak signal."""

from __future__ import annotations

import hashlib

import pytest

from include.collect import classify
from include.collect.classify import RULE_VERSION
from include.core import sqlfile
from include.warehouse.connection import open_warehouse, run
from tests.collect.conftest import World, make_event

RULE_HASHES = {1: "5205c81a9b56bf3f", 2: "7c52a6ea812e1559", 3: "a41e7f633596e80d", 4: "fc2b40c3b7e79cad"}
"""The hash of classify.sql by version, without the rows that it returns. A rule that changes without a new version would not
be applied to old events."""

CLASSIFIED = "select verdict, signals, rule_version from engagement.events where verdict is not null order by occurred_at"


def test_a_change_of_the_rules_requires_a_new_version() -> None:
    words = " ".join(sqlfile.load("collect", "classify").statement.split()).partition(" returning ")[0] + ";"
    assert RULE_HASHES[classify.RULE_VERSION] == hashlib.sha256(words.encode()).hexdigest()[:16]


def test_a_late_delivery_event_changes_the_classification(world: World) -> None:
    (ada,) = world.send()
    world.load([make_event(ada, "click", 62, url="https://a.example", useragent="Firefox/60.0")])
    assert world.query(CLASSIFIED) == [("human", ["stale_browser"], RULE_VERSION)]
    world.load([make_event(ada, "delivered", 60)])
    assert world.query(CLASSIFIED) == [("machine", ["too_soon", "unopened", "stale_browser"], RULE_VERSION)]


def test_a_new_rule_version_reclassifies_old_events(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, ben = world.send(2)
    world.load([make_event(ada, "open", 100, sg_machine_open=True), make_event(ben, "open", 101)])
    with open_warehouse(world.paths) as warehouse:
        assert classify.reclassify_history(warehouse) == 0
        warehouse.execute("update engagement.events set verdict = 'human', signals = []")
        assert classify.reclassify_history(warehouse, 8) == 2
        assert classify.reclassify_history(warehouse, 8) == 0
        monkeypatch.setattr(classify, "MESSAGES_PER_ROUND", 1)
        assert classify.reclassify_history(warehouse, 9) == 2
        assert classify.reclassify_history(warehouse, 8) == 2
    assert world.query(CLASSIFIED) == [("machine", ["sg_machine_open"], 8), ("human", [], 8)]
    assert world.load()["events"] == 0
    assert {row[2] for row in world.query(CLASSIFIED)} == {classify.RULE_VERSION}


def test_a_click_on_an_unsubscribe_link_is_reclassified_under_version_2(world: World) -> None:
    """Under version 1, a click on the unsubscribe link was classified as human."""
    (ada,) = world.send()
    click = make_event(ada, "click", 100, url=f"https://mail.example/u/{'x' * 88}", useragent="Mozilla/5.0")
    world.load([click])
    world.query("update engagement.events set verdict = 'human', rule_version = 1")
    world.load()
    assert world.query("select verdict, url, rule_version from engagement.events") == [
        ("own_link", "https://mail.example/u/<token>", RULE_VERSION)
    ]


def test_the_difference_that_new_rules_make_is_recorded_by_campaign(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by rounds of one message; events that keep their verdict are counted, and nothing is counted twice."""
    ada, ben, cid = world.send(3)
    world.load(
        [
            make_event(ada, "open", 100, sg_machine_open=True),
            make_event(ben, "open", 101),
            make_event(cid, "click", 102, url="https://a.example"),
        ]
    )
    world.query("update engagement.events set verdict = 'human', rule_version = 2")
    monkeypatch.setattr(classify, "MESSAGES_PER_ROUND", 1)
    world.load()
    world.load()
    with open_warehouse(world.paths) as warehouse:
        run(warehouse, "analyze", "verdict_changes")
    assert world.query(
        "select campaign, occurrence, event, from_version, to_version, verdict_before, verdict_after, events, messages "
        "from marts.verdict_changes order by all"
    ) == [
        ("newsletter", "2026-W48", "clicked", 2, RULE_VERSION, "human", "human", 1, 1),
        ("newsletter", "2026-W48", "opened", 2, RULE_VERSION, "human", "human", 1, 1),
        ("newsletter", "2026-W48", "opened", 2, RULE_VERSION, "human", "machine", 1, 1),
    ]
