"""What the stages write reaches the features of the next run, although it computes the noted people only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from include.collect.activities import load_activities
from include.core import clock
from include.core.activity import Activity, encode
from include.core.paths import DataPaths
from include.core.secrets import Secrets
from include.edge import spool
from include.privacy.expired_rows import Tables, delete_rows
from include.segment import features
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from include.warehouse.connection import open_warehouse
from tests.collect.conftest import World, make_event
from tests.privacy.test_retention import TABLES
from tests.rows import Row, activity, purchase, subscriber
from tests.validate.conftest import land_rows, query

AS_OF = clock.now() + timedelta(days=3)
"""Later than everything here, so that nothing counts anew because of the time."""
PEOPLE = [subscriber(number, subscriber_id=f"s{number}") for number in range(3)]
PURCHASES = [purchase(number, subscriber_id="s0") for number in range(8)]
RECENT = (clock.now() - timedelta(hours=1)).isoformat()
ACTIVITIES = [activity(number, subscriber_id="s0", happened_at=RECENT) for number in range(8)]


def ingest(paths: DataPaths, relation: str, rows: list[Row]) -> None:
    manifest = land_rows(paths, relation, rows)
    validate_batch(paths, manifest)
    merge_batch(paths, manifest)


def buys(world: World) -> None:
    ingest(world.paths, "purchases", [*PURCHASES, purchase(8, subscriber_id="s1")])


def buys_as_another(world: World) -> None:
    ingest(world.paths, "purchases", [*PURCHASES[:-1], PURCHASES[-1] | {"subscriber_id": "s1"}])


def returns(world: World) -> None:
    for _ in range(2):
        ingest(world.paths, "purchases", PURCHASES[:-1])


def acts(world: World) -> None:
    ingest(world.paths, "activities", [*ACTIVITIES, activity(8, subscriber_id="s1", happened_at=RECENT)])


def acted_as_another(world: World) -> None:
    ingest(world.paths, "activities", [*ACTIVITIES[:-1], ACTIVITIES[-1] | {"subscriber_id": "s1"}])


def is_forgotten(world: World) -> None:
    for _ in range(2):
        ingest(world.paths, "activities", ACTIVITIES[:-1])


def posts(world: World) -> None:
    spool.write_activities(world.paths, encode([Activity("posted", "s2", "basket_add", clock.now())]))
    load_activities(world.paths)


def expires(world: World) -> None:
    with open_warehouse(world.paths) as warehouse:
        warehouse.execute(
            "update core.activities set received_at = happened_at, happened_at = timestamptz '2020-01-01 00:00:00Z'"
        )
    delete_rows(world.paths, Tables(**TABLES), dry_run=False)


def opens(world: World) -> None:
    world.load([make_event(world.people[0], "delivered"), make_event(world.people[0], "open", 600)])


def is_judged_anew(world: World) -> None:
    with open_warehouse(world.paths) as warehouse:
        warehouse.execute("update engagement.events set rule_version = 0, verdict = 'machine', signals = ['scan_time']")
    world.load()


@pytest.mark.parametrize(
    "change",
    [buys, buys_as_another, returns, acts, acted_as_another, is_forgotten, posts, expires, opens, is_judged_anew],
    ids=lambda change: change.__name__,
)
def test_a_change_reaches_the_features(
    paths: DataPaths, secrets: Secrets, change: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(paths, secrets)
    for relation, rows in (("subscribers", PEOPLE), ("purchases", PURCHASES), ("activities", ACTIVITIES)):
        ingest(paths, relation, rows)
    for sent in world.send(3):
        world.load([make_event(sent, "delivered"), make_event(sent, "click", 400)])
    build(paths)
    before = read(paths)
    change(world)
    with monkeypatch.context() as patch:
        patch.setattr(features, "whole_because", lambda *_: "")
        patch.setattr(features, "MAX_SHARE", 1.0)
        build(paths)
    followed = read(paths)
    build(paths, whole=True)

    assert followed == read(paths)
    assert followed != before or change is is_judged_anew


def build(paths: DataPaths, *, whole: bool = False) -> None:
    with open_warehouse(paths) as warehouse:
        features.build_features(warehouse, AS_OF, whole=whole)


def read(paths: DataPaths) -> list[list[tuple[Any, ...]]]:
    return [query(paths, f"from segment.{view} order by all") for view in ("features", "activity_counts")]
