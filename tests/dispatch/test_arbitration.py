"""Campaigns that are due within the frequency cap compete for people by rank, and whoever loses keeps to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from include.core.campaign import Campaign
from include.core.campaign_file import load_campaign
from include.core.connections import ledger_url
from include.core.errors import ConfigurationError
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.dispatch.plan import freeze
from include.dispatch.plan.audience import Audience
from include.dispatch.plan.contenders import Rank, Run, clash, contenders
from include.dispatch.plan.live_audience import IsRunning, always, select_segment
from include.ledger import plans
from include.ledger.database import Ledger, open_ledger
from include.ledger.stores import Stores
from include.ledger.tables import plans as plans_table
from include.warehouse.connection import configure, prepare
from tests.campaign import a_campaign
from tests.dispatch.test_plan import EDGE, open_shop
from tests.frozen_segment import freeze_segment
from tests.ledger import plan as ledger_plan

DAY = datetime(2026, 11, 24, tzinfo=UTC)
SEGMENTS = ("newsletter_readers", "lapsing_customers", "loyal_customers", "big_spenders")
PEOPLE = 24
Write = Callable[..., Campaign]


def at(hour: float) -> datetime:
    return DAY + timedelta(hours=hour)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a campaign file that is due so many hours after midnight; None: that is started by hand."""
    folder = tmp_path / "campaigns"
    folder.mkdir()
    monkeypatch.setenv("TRADEWIND_CAMPAIGNS", str(folder))

    def write_file(name: str, hour: float | None = None, **changed: Any) -> Campaign:
        fields = a_campaign(segment="newsletter_readers").model_dump(mode="json", exclude_defaults=True)
        due = {} if hour is None else {"schedule": f"{at(hour):%Y-%m-%d %H:%M}"}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({**fields, "id": name, **due, **changed}))
        return load_campaign(name)

    return write_file


def test_a_plan_keeps_who_lost_to_what(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    """The higher priority gets the people although it is due later; its hold-out gets nothing else either.

    If other mail went to the hold-out, the cap would remove it from the experiment.
    """
    shop = open_shop(stores, tmp_path, monkeypatch, people=40)
    letter, sale = write("letter", 9), write("sale", 18, priority=70, hold_out_percent=50)
    first, second = (
        freeze.freeze(stores, campaign, occurrence="once", edge_url=EDGE, at=at(hour))
        for campaign, hour in ((letter, 9), (sale, 18))
    )
    assert (first["planned"], first["capped"]) == (0, 40)
    assert 0 < second["held_out"] == 40 - second["planned"] < 40
    lost = "select campaign, reason, lost_to_campaign, lost_to_occurrence, count(*) from dispatch.sends group by all"
    assert ("letter", "outranked", "sale", "once", 40) in shop.rows(lost)


@dataclass
class World:
    """A warehouse of people, each in a different selection of four segments, and a ledger; plans have no files."""

    warehouse: duckdb.DuckDBPyConnection
    ledger: Ledger

    def plan(self, campaign: Campaign, hour: float, is_running: IsRunning = always) -> Audience:
        """Select the people of a run, and record it as sent."""
        found = select_segment(self.warehouse, self.ledger, campaign, occurrence="once", at=at(hour), is_running=is_running)
        plan_id = plans.plan_id_of(campaign.id, "once")
        ledger_plan.freeze(self.ledger, sizes=(), plan_id=plan_id)
        own = {"campaign": campaign.id, "settings": campaign.model_dump_json(), "planned_at": at(hour).timestamp()}
        with self.ledger.write() as connection:
            connection.execute(update(plans_table).where(plans_table.c.plan_id == plan_id).values(**own))
        for statement in (SENDS, PLANS):
            self.warehouse.execute(statement, {"plan_id": plan_id, "campaign": campaign.id, "at": at(hour)})
        return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(query).fetchall()

    def clear(self) -> None:
        """Forget all plans."""
        with self.ledger.write() as connection:
            connection.execute(delete(plans_table))
        for table in ("sends", "plans"):
            self.warehouse.execute(f"delete from dispatch.{table}")


SENDS = """
insert into dispatch.sends by name
select
    message_key::varchar as message_key, $plan_id as plan_id, $campaign as campaign, 'once' as occurrence,
    subscriber_id, concat('key', subscriber_id) as address_key, variant, mailbox_provider,
    if(state = 'planned', 'accepted', state::varchar) as state, reason, lost_to_campaign, lost_to_occurrence, 1 as attempt,
    $at as planned_at, if(state = 'planned', $at, null) as sent_at
from audience
"""
PLANS = """
insert into dispatch.plans by name
select
    $plan_id as plan_id, $campaign as campaign, 'once' as occurrence, '' as segment, 'run' as segment_run, 'done' as state,
    '' as content_hash, $at as planned_at, 0 as selected
"""
SUBSCRIBERS = """
insert into core.subscribers by name
select
    i::varchar as subscriber_id, concat('key', i) as address_key, 'subscribed' as status, 'gmail' as mailbox_provider,
    'en' as locale, 'consent' as lawful_basis, timestamptz '2026-01-01' as signed_up_at, true as tracking_consent,
    timestamptz '2026-01-01' as consented_at, timestamptz '2026-01-01' as updated_at, 'run' as landed_run
from range($people) as t(i)
"""
MEMBERS = "select i::varchar as subscriber_id from range({people}) as t(i) where (i >> {number}) % 2 = 0"
RUNS = "insert into segment.runs by name select 'run' as segment_run, $at as as_of, $at as built_at"


@pytest.fixture(scope="module")
def only_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    paths = DataPaths(tmp_path_factory.mktemp("data"))
    opened = open_ledger(ledger_url(paths), load_secrets(paths))
    with duckdb.connect() as connection:
        configure(connection)
        prepare(connection)
        connection.execute(SUBSCRIBERS, {"people": PEOPLE})
        connection.execute(RUNS, {"at": DAY})
        for number, segment in enumerate(SEGMENTS):
            freeze_segment(connection, segment, MEMBERS.format(people=PEOPLE, number=number), "run")
        yield World(connection, opened)
    opened.close()


@pytest.fixture
def world(only_world: World, write: Write) -> World:
    only_world.clear()
    return only_world


HALF = PEOPLE // 2


def test_first_come_decides_between_equals_and_says_so(world: World, write: Write) -> None:
    letter, sale = write("letter", 9), write("sale", 18)
    assert (world.plan(letter, 9).planned, world.plan(sale, 18).planned) == (HALF, 0)
    lost = (
        "select distinct campaign, reason, lost_to_campaign, lost_to_occurrence from dispatch.sends where state = 'capped'"
    )
    assert world.rows(lost) == [("sale", "frequency_cap", "letter", "once")]


def test_of_one_priority_the_higher_value_wins(world: World, write: Write) -> None:
    write("sale", 18, value_per_mail=0.4)
    assert world.plan(write("letter", 9, value_per_mail=0.3), 9).capped == HALF


@pytest.mark.parametrize(
    "rival",
    [
        {"hour": 9 + 16},
        {"hour": 18, "frequency_cap_hours": 0},
        {"hour": 18, "kind": "confirmation", "occurrence": "signup"},
        {"hour": 18, "segment": "sunset_soon"},
        {"hour": 18, "locales": ["not a locale"]},
        {"hour": 7.5},
        {"hour": None},
    ],
    ids=["outside the cap", "does not wait", "confirmation", "no segment", "an error", "an hour late", "by hand"],
)
def test_nobody_gives_way_to(world: World, write: Write, rival: dict[str, Any]) -> None:
    letter = write("letter", 9)
    try:
        write("sale", priority=100, **rival)
    except ConfigurationError:
        assert "locales" in rival
    assert world.plan(letter, 9).planned == HALF


def test_a_confirmation_gives_way_to_nobody(world: World, write: Write) -> None:
    write("sale", 18, priority=100)
    confirm = write("confirm", 9, kind="confirmation", occurrence="signup")
    run = Run(confirm, "2026-11-24", at(9), Rank(50, 0))
    assert contenders(world.ledger, run, [load_campaign("sale")], lambda _: Rank(100, 0)) == []


def test_a_rival_that_is_a_little_late_is_waited_for(world: World, write: Write) -> None:
    write("sale", 8.5, priority=70)
    assert world.plan(write("letter", 9), 9).capped == HALF


def test_a_campaign_that_is_switched_off_claims_nobody(world: World, write: Write) -> None:
    write("sale", 18, priority=70)
    assert world.plan(write("letter", 9), 9, lambda name: name != "sale").planned == HALF


def test_a_plan_that_was_cancelled_claims_nobody(world: World, write: Write) -> None:
    sale = write("sale", 18, priority=70)
    world.plan(sale, 8)
    world.warehouse.execute("update dispatch.sends set state = 'skipped'")
    assert world.plan(write("letter", 9), 9).planned == HALF


ARMS = [{"id": "a"}, {"id": "b", "subject": "B"}]


def test_both_parts_of_a_rivals_test_claim_their_people(world: World, write: Write) -> None:
    winner = {"metric": "human_click", "test_percent": 50, "after_hours": 2}
    sale = write("sale", 10, priority=70, variants=ARMS, winner=winner)
    assert world.plan(write("letter", 9), 9).capped == HALF
    lost = dict(world.rows("select lost_to_occurrence, count(*) from dispatch.sends group by all"))
    assert set(lost) == {"once", "once-rest"}
    world.clear()
    with world.ledger.read():
        world.plan(sale, 8)
    world.warehouse.execute("delete from dispatch.sends")
    assert world.plan(write("letter", 9), 9).capped == lost["once-rest"]


def test_a_rival_of_a_rival_is_found(world: World, write: Write) -> None:
    """Who is claimed by the highest is not claimed by the one between, and gets the lowest if these do not clash."""
    letter, _, _ = (
        write("letter", 9, priority=10),
        write("sale", 20, priority=20),
        write("launch", 30, priority=30, segment="lapsing_customers"),
    )
    assert world.plan(letter, 9).planned == HALF // 2


@st.composite
def calendars(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """For each campaign the half-hour at which it is due, its priority and its cap in hours, in the order of planning.

    Neighbours that are due within an hour may change places.
    """
    times = sorted(draw(st.lists(st.integers(0, 80), min_size=4, max_size=4, unique=True)))
    priorities = draw(st.permutations([10, 20, 30, 40]))
    due = [(time, priority, draw(st.sampled_from([2, 6, 16, 30]))) for time, priority in zip(times, priorities, strict=True)]
    for first in range(3):
        if due[first + 1][0] - due[first][0] < 2 and draw(st.booleans()):
            due[first], due[first + 1] = due[first + 1], due[first]
    return due


def expected(runs: list[Run], people: dict[str, set[str]]) -> dict[str, set[str]]:
    """By campaign who gets its mail: in the order of rank, everybody who has none that clashes."""
    got: dict[str, set[str]] = {}
    for run in sorted(runs, key=lambda run: run.rank, reverse=True):
        taken = [got[other.campaign.id] for other in runs if other.campaign.id in got and clash(run, other)]
        got[run.campaign.id] = people[run.campaign.id].difference(*taken)
    return got


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(due=calendars())
def test_nobody_gets_more_than_the_caps_allow_and_every_loser_keeps_to_whom(
    world: World, write: Write, due: list[tuple[int, int, int]]
) -> None:
    world.clear()
    runs = []
    for number, (half_hours, priority, cap) in enumerate(due):
        fields = {"priority": priority, "frequency_cap_hours": cap, "segment": SEGMENTS[number]}
        campaign = write(f"c{number}", half_hours / 2, **fields)
        runs.append(Run(campaign, "once", at(half_hours / 2), Rank(priority, 0)))
    for run, (half_hours, _, _) in zip(runs, due, strict=True):
        world.plan(run.campaign, half_hours / 2)
    ids = [run.campaign.id for run in runs]
    members = {name: {str(i) for i in range(PEOPLE) if (i >> number) % 2 == 0} for number, name in enumerate(ids)}
    mailed = world.rows("select campaign, list(subscriber_id) from dispatch.sends where state = 'accepted' group by all")
    got = {name: set[str]() for name in ids} | {name: set(people) for name, people in mailed}
    assert got == expected(runs, members)
    lost = world.rows("select subscriber_id, campaign, lost_to_campaign from dispatch.sends where state <> 'accepted'")
    assert len(lost) == sum(map(len, members.values())) - sum(map(len, got.values()))
    named = {run.campaign.id: run for run in runs}
    assert all(person in got[winner] and clash(named[loser], named[winner]) for person, loser, winner in lost)
