"""A build of what changed equals a build of the whole, whatever happened between two nights.

Histories are random: events that are new, late, for old mail or of test sends, events that are classified anew, plans that
are recorded again with other people or states, unsubscribes of the ledger that come and go, purchases, and erased persons.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from include.analyze import changes
from include.analyze.experiments import WINDOWS
from include.analyze.marts import MARTS
from include.analyze.rebuild import BASE, INPUTS, Builder
from include.core import sqlfile
from include.core.person import Person
from include.privacy import tables
from include.warehouse.connection import configure, prepare, run
from include.warehouse.mart_keys import rebuild_of

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
TABLES = [rebuild_of(sqlfile.load("analyze", name)).table for name in (*INPUTS, *BASE, *MARTS)]
PLANS, PEOPLE = 4, 5

EVENT = """
insert into engagement.events by name
select
    $key as dedup_key, $message as message_key, $person as subscriber_id, $campaign as campaign, $occurrence as occurrence,
    $event as event, $at::timestamptz as occurred_at, $at::timestamptz as received_at, $verdict as verdict,
    1 as rule_version, if($event = 'clicked', $url, null) as url, if($event = 'bounced', 'soft', null) as bounce_class,
    'f' as spool_file"""
NOTED = "insert into build.changes (message_key, since) values ($message, $at::timestamptz)"
SENDS = """
insert into dispatch.sends by name
select
    concat('m', $plan, '-', i) as message_key, concat('p', $plan) as plan_id, $campaign as campaign,
    $occurrence as occurrence,
    concat('s', i) as subscriber_id, concat('a', i) as address_key, ['plain', 'question'][1 + (i % 2)::integer] as variant,
    'gmail' as mailbox_provider, ['accepted', 'capped', 'held_out', 'pending'][1 + (hash(i, $salt) % 4)::integer] as state,
    if(state = 'accepted', 0, null) as chunk, true as tracked, 1 as attempt, $at::timestamptz as planned_at,
    if(state = 'capped', 'c' || ($plan + 1) % 2, null) as lost_to_campaign, if(state = 'capped', $other, null)
        as lost_to_occurrence
from range($people) as people (i)"""
PLAN = """
insert into dispatch.plans by name
select
    concat('p', $plan) as plan_id, $campaign as campaign, $occurrence as occurrence, 'all' as segment, 'r' as segment_run,
    'done' as state, 'h' as content_hash, $at::timestamptz as planned_at, $people as selected"""
PERSON = """
insert into core.subscribers by name
select
    $person as subscriber_id, concat('k', $person) as address_key, 'gmail' as mailbox_provider, 'subscribed' as status,
    'consent' as lawful_basis, $at::timestamptz as signed_up_at, $at::timestamptz as consented_at,
    ['UTC', 'Asia/Tokyo', null][1 + $zone % 3] as timezone, true as tracking_consent, $at::timestamptz as updated_at,
    'l' as landed_run"""
PURCHASE = """
insert into core.purchases by name
select
    $key as purchase_id, $person as subscriber_id, $at::timestamptz as purchased_at, 10 as amount, 'EUR' as currency,
    'l' as landed_run"""

plan = st.integers(0, PLANS - 1)
person = st.integers(0, PEOPLE - 1)
late = st.integers(0, 40)
step = st.one_of(
    st.tuples(
        st.just("event"), plan, person, st.sampled_from(["delivered", "opened", "clicked", "bounced"]), late,
        st.sampled_from(["human", "machine", None]),
    ),
    st.tuples(st.just("test_event"), person, late),
    st.tuples(st.just("reclassify"), plan, person),
    st.tuples(st.just("record"), plan, st.integers(0, 9), st.integers(1, PEOPLE)),
    st.tuples(st.just("opt_out"), plan, person),
    st.tuples(st.just("purchase"), person, late),
    st.tuples(st.just("refund"), person),
    st.tuples(st.just("move"), person, st.integers(0, 2), late),
    st.tuples(st.just("erase"), person),
)  # fmt: skip
nights = st.lists(st.lists(step, max_size=4), min_size=1, max_size=3)


class History:
    """A warehouse to which things happen, as the writers of the product make them happen."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection, self.number = connection, 0
        self.opted_out: set[str] = set()
        configure(connection)
        prepare(connection)
        connection.execute("insert into core.exchange_rates values ('EUR', 1, 'EUR')")
        for number in range(PEOPLE - 1):
            self.move(number, number, 10 * number)
        for number in range(PLANS):
            self.record(number, 0, PEOPLE)
        for number in range(12):
            self.event(number % PLANS, number % PEOPLE, "delivered", number, None)

    def run(self, statement: str, **values: Any) -> None:
        self.connection.execute(statement, {name: value for name, value in values.items() if f"${name}" in statement})

    def event(self, plan: int, person: int, event: str, late: int, verdict: str | None) -> None:
        self._add(f"m{plan}-{person}", f"s{person}", f"c{plan % 2}", f"o{plan // 2}", event, late, verdict)

    def test_event(self, person: int, late: int) -> None:
        self._add(f"t-{person}", f"s{person}", "c0", "test-1", "opened", late, "human")

    def _add(self, message: str, person: str, campaign: str, occurrence: str, event: str, late: int, verdict: Any) -> None:
        self.number += 1
        at = FIRST + timedelta(hours=20 * late)
        names = {"message": message, "person": person, "campaign": campaign, "occurrence": occurrence, "event": event}
        url = f"https://shop.example/?coupon={late % 3}"
        self.run(EVENT, key=f"e{self.number}", at=at, verdict=verdict, url=url, **names)
        self.run(NOTED, message=message, at=at)

    def reclassify(self, plan: int, person: int) -> None:
        message = f"m{plan}-{person}"
        verdict = "if(verdict = 'human', 'machine', 'human')"
        self.run(f"update engagement.events set verdict = {verdict} where message_key = $m and event = 'opened'", m=message)
        self.connection.execute(f"create or replace temp table messages_to_classify as select '{message}' as message_key")
        run(self.connection, "collect", "changes_insert_reclassified")

    def record(self, plan: int, salt: int, people: int) -> None:
        values = {
            "plan": plan, "salt": salt, "people": people, "at": FIRST + timedelta(days=7 * plan),
            "campaign": f"c{plan % 2}", "occurrence": f"o{plan // 2}", "other": f"o{plan // 2}",
        }  # fmt: skip
        for name in ("plan_delete", "sends_delete"):
            run(self.connection, "dispatch", name, {"plan_id": f"p{plan}"})
        self.run(PLAN, **values)
        self.run(SENDS, **values)
        run(self.connection, "dispatch", "changes_insert", {"plan_id": f"p{plan}"})

    def opt_out(self, plan: int, person: int) -> None:
        self.opted_out ^= {f"m{plan}-{person}"}

    def purchase(self, person: int, late: int) -> None:
        self.number += 1
        self.run(PURCHASE, key=f"b{self.number}", person=f"s{person}", at=FIRST + timedelta(days=late))

    def refund(self, person: int) -> None:
        """The source corrects the person's purchases."""
        self.run("update core.purchases set amount = -amount where subscriber_id = $person", person=f"s{person}")

    def move(self, person: int, zone: int, late: int) -> None:
        self.run("delete from core.subscribers where subscriber_id = $person", person=f"s{person}")
        self.run(PERSON, person=f"s{person}", zone=zone, at=FIRST - timedelta(days=3 * late))

    def erase(self, person: int) -> None:
        run(self.connection, "privacy", "changes_insert", {"ids": [f"s{person}"]})
        for table in tables.tables_with_people(self.connection):
            tables.erase(self.connection, table, Person((f"s{person}",), (), (), f"erased-{person}"))

    def build(self, night: int, *, whole: bool) -> bool:
        """Build all tables; returns whether only what changed was built."""
        rows = ", ".join(f"('{key}', 1793500000.0)" for key in sorted(self.opted_out)) or "(null, null)"
        values = f"select * from (values {rows}) as logged (message_key, happened_at) where message_key is not null"
        self.connection.execute(f"create or replace temp view ledger_opt_outs as {values}")
        changes.note_opt_outs(self.connection)
        self.connection.execute("delete from engagement.opt_outs")
        run(self.connection, "analyze", "opt_outs_insert")
        as_of = FIRST + timedelta(days=20 + 6 * night)
        builder = Builder(self.connection, {"as_of": as_of, **WINDOWS}, whole=whole)
        builder.build_base()
        for name in MARTS:
            builder.build(name)
        builder.finish()
        return builder.is_incremental

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        return {name: self.connection.execute(f"from {name} order by all").fetchall() for name in TABLES if name}


EACH = [
    [("event", 0, 0, "opened", 3, "human"), ("event", 1, 1, "clicked", 1, "human"), ("opt_out", 2, 2), ("test_event", 0, 1)],
    [("event", 0, 2, "clicked", 1, "human"), ("purchase", 1, 5), ("reclassify", 0, 0), ("move", 0, 2, 39),
     ("record", 3, 5, 4)],
    [("refund", 1), ("record", 0, 4, 5), ("opt_out", 2, 2), ("event", 2, 3, "bounced", 0, None)],
    [("erase", 0), ("record", 3, 9, 2), ("event", 0, 3, "clicked", 1, "machine")],
]  # fmt: skip
"""Each way in which something changes, over four nights."""


@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(nights)
@example(EACH)
def test_build_of_what_changed_equals_build_of_the_whole(happened: list[list[tuple[Any, ...]]]) -> None:
    with duckdb.connect() as connection, pytest.MonkeyPatch.context() as patched:
        patched.setattr(changes, "MAX_SHARE", 99)
        history = History(connection)
        history.build(0, whole=True)
        for night, steps in enumerate(happened, 1):
            for name, *values in steps:
                getattr(history, name)(*values)
            assert history.build(night, whole=False), "all changes are noted"
        kept = history.tables()

        history.build(len(happened), whole=True)

        assert kept == history.tables()


def test_unnoted_change_builds_everything_and_changed_statement_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_SHARE", 99)
    with duckdb.connect() as connection:
        history = History(connection)
        history.build(0, whole=True)
        connection.execute("delete from marts.daily_engagement")
        connection.execute("update build.marts set statement_hash = 'another' where mart = 'daily_engagement'")
        assert history.build(1, whole=False)
        assert connection.execute("select sum(events) from marts.daily_engagement").fetchall() == [(12,)]

        connection.execute("update engagement.events set event = 'bounced', bounce_class = 'hard' where dedup_key = 'e7'")
        assert not history.build(2, whole=False)
        assert connection.execute("select event from marts.events where event_key = 'e7'").fetchall() == [("bounced",)]
