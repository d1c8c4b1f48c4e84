"""9. Every way to opt out, at every stage of a send: before the plan, after it, between two tries, during a send.

checks.py has the guarantee: nobody gets mail whose opt-out was logged before the intent for them was written.
"""

from __future__ import annotations

import signal
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pyarrow.parquet as pq
from sqlalchemy import select

from include.collect.export_unsubscribes import export_unsubscribes
from include.collect.load import load_spool
from include.collect.suppress import suppress_from_events
from include.collect.sync_suppressions import sync_suppressions
from include.collect.withhold import withhold
from include.core import clock, token
from include.core.connections import SendGridAccount
from include.core.keys import message_key
from include.ledger.tables import chunks
from include.validate.batch import validate_batch
from include.validate.merge import merge_batch
from include.validate.withdrawals import sync_withdrawals_on_exit
from include.warehouse.connection import open_warehouse
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed, Findings, accepted_at_the_end, state_by_key
from tests.faults.injection import Injection
from tests.faults.processes import wait_until
from tests.faults.resources import OCCURRENCE
from tests.faults.scenario import Scenario
from tests.faults.scheduled import CONSTANTS, scheduled
from tests.faults.servers import Edge
from tests.ports import free_port
from tests.rows import Row, subscriber
from tests.validate.conftest import land_rows

LAST_WEEK = """
insert into dispatch.sends by name
select
    message_key('before', 'once', subscriber_id) as message_key, 'before' as plan_id, 'before' as campaign,
    'once' as occurrence, subscriber_id, address_key, 'only' as variant, mailbox_provider, 'accepted' as state,
    0 as chunk, 1 as attempt,
    timestamptz '2026-11-17 06:00:00Z' as planned_at, timestamptz '2026-11-17 06:00:00Z' as sent_at
from core.subscribers
"""
"""An earlier message to everybody, for events about it."""
HELD_SECONDS = 20.0
"""Time until the mail is due: long enough for opt-outs through ingest or the edge and a run of collect."""


@dataclass(frozen=True)
class Person:
    """A subscriber, with the token of an earlier message to them."""

    subscriber_id: str
    email: str
    address_key: str
    token: str


OptOut = Callable[[Scenario, list[Person]], None]
"""Opts people out; the opt-out is in force when it returns."""


def everybody(scenario: Scenario) -> list[Person]:
    with open_warehouse(scenario.paths) as warehouse:
        rows = warehouse.execute("select subscriber_id, email, address_key from core.identities order by 1").fetchall()
    return [_person(scenario, *row) for row in rows]


def _person(scenario: Scenario, subscriber_id: str, email: str, address: str) -> Person:
    subject = token.Subject(message_key("before", "once", subscriber_id), address)
    return Person(subscriber_id, email, address, token.mint(scenario.secrets, subject))


def source(scenario: Scenario, rows: list[Row], *, full: bool = False) -> None:
    """Run ingest as the DAG does."""
    since = None if full else datetime(2020, 1, 1, tzinfo=UTC)
    manifest = land_rows(scenario.paths, "subscribers", rows, since=since)
    with sync_withdrawals_on_exit(scenario.stores):
        validate_batch(scenario.paths, manifest)
        merge_batch(scenario.paths, manifest)


def row_of(person: Person, **changes: Any) -> Row:
    known = {
        "subscriber_id": person.subscriber_id,
        "email": person.email,
        "consented_at": "2026-01-01",
        "signed_up_at": None,
    }
    return subscriber(0) | known | {"updated_at": "2026-01-01"} | changes


def at_the_source(**changes: Any) -> OptOut:
    """Opt out by changing their rows at the source."""
    return lambda scenario, people: source(scenario, [row_of(person, **changes) for person in people])


def moved(scenario: Scenario, people: list[Person]) -> None:
    """They have a new address, so mail planned to the old one must not be sent."""
    source(scenario, [row_of(person, email=f"moved-{person.email}", updated_at="2026-02-01") for person in people])


def moved_and_unsubscribed(scenario: Scenario, people: list[Person]) -> None:
    changes = {"status": "unsubscribed", "updated_at": "2026-02-01"}
    source(scenario, [row_of(person, email=f"moved-{person.email}", **changes) for person in people])


def vanished(scenario: Scenario, people: list[Person]) -> None:
    """Missing from two full ingests, since one may be an accident of the export."""
    gone = {person.subscriber_id for person in people} | _deleted(scenario)
    rest = [row_of(person) for person in everybody(scenario) if person.subscriber_id not in gone]
    for _ in range(2):
        source(scenario, rest, full=True)


def _deleted(scenario: Scenario) -> set[str]:
    with open_warehouse(scenario.paths) as warehouse:
        query = "select subscriber_id from core.subscribers where deleted_at is not null"
        return {row[0] for row in warehouse.execute(query).fetchall()}


def one_click(scenario: Scenario, people: list[Person]) -> None:
    with edge_of(scenario) as edge:
        for person in people:
            edge.unsubscribe(person.token)


def on_the_preference_page(**fields: str) -> OptOut:
    form = urllib.parse.urlencode(fields).encode()

    def act(scenario: Scenario, people: list[Person]) -> None:
        with edge_of(scenario) as edge:
            for person in people:
                urllib.request.urlopen(f"{edge.url}/preferences/{person.token}", form, timeout=30).close()

    return act


@contextmanager
def edge_of(scenario: Scenario) -> Any:
    edge = Edge(scenario.root, scenario.ledger_url, free_port())
    edge.start("none")
    try:
        yield edge
    finally:
        edge.stop()


def by_event(**fields: str) -> OptOut:
    """Opt out by a webhook event about last week's mail; it is loaded from the spool and recorded in the ledger."""

    def act(scenario: Scenario, people: list[Person]) -> None:
        folder = scenario.paths.spool / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        now = clock.now()
        events = [
            {
                "email": person.email, "timestamp": int((now - timedelta(minutes=5)).timestamp()),
                "sg_event_id": f"{person.subscriber_id}-{fields['event']}", "sg_message_id": "X.recvd-1-2-3.0",
                "tw_key": message_key("before", "once", person.subscriber_id), "tw_try": "1", "tw_chunk": "before.0",
                **fields,
            }
            for person in people
        ]  # fmt: skip
        name = f"{now:%Y%m%dT%H%M%S%f}Z-00000000-0000-4000-8000-{scenario.random.randrange(16**12):012x}.json"
        (folder / name).write_bytes(orjson.dumps(events))
        load_spool(scenario.paths)
        found = suppress_from_events(scenario.stores)
        assert sum(found.values()) == len(people), found

    return act


def on_sendgrids_list(scenario: Scenario, people: list[Person]) -> None:
    """Opt out by SendGrid's list of global unsubscribes."""
    url = f"{scenario.simulator.url}/v3/asm/suppressions/global"
    content = orjson.dumps({"recipient_emails": [person.email for person in people]})
    headers = {"Authorization": "Bearer SG.test", "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, content, headers, method="POST"), timeout=30).close()
    sync_suppressions(scenario.stores, SendGridAccount(scenario.simulator.url, "SG.test"))


def by_an_old_link(scenario: Scenario, people: list[Person]) -> None:
    """They have a new address and unsubscribe by a link in a message to the old one."""
    one_click(scenario, people)


OPT_OUTS: dict[str, OptOut] = {
    "an opted-out status at the source": at_the_source(status="opted_out", updated_at="2025-01-01"),
    "unsubscribed at the source, under a new address": moved_and_unsubscribed,
    "a row at the source without a lawful basis": at_the_source(lawful_basis=None, updated_at="2026-02-01"),
    "missing from full ingests": vanished,
    "one click": one_click,
    "one click on a link in a message to an old address": by_an_old_link,
    "stop all on the preference page": on_the_preference_page(action="stop_all"),
    "the topic of the mail declined on the preference page": on_the_preference_page(action="save"),
    "a complaint": by_event(event="spamreport"),
    "a hard bounce": by_event(event="bounce", type="bounce", status="5.1.1", reason="550 5.1.1 unknown user"),
    "SendGrid's list of unsubscribes": on_sendgrids_list,
}


def opt_out_at_every_stage(opt_out: OptOut, scenario: Scenario) -> Allowed:
    """Three people opt out at each stage. Some tries are killed, and some are suspended while people opt out."""
    with open_warehouse(scenario.paths) as warehouse:
        warehouse.execute(LAST_WEEK)
    before = everybody(scenario)
    if opt_out is by_an_old_link:
        source(scenario, [row_of(person, email=f"new-{person.email}", updated_at="2026-02-01") for person in before])
    opted_out = scenario.random.sample(before, 3)
    opt_out(scenario, opted_out)
    scenario.run("plan")
    _not_planned(scenario, opted_out)
    opted_out += _opt_out_more(opt_out, scenario, before, opted_out)
    scenario.run(injections=(Injection("outcome", "after", scenario.random.randint(1, 3)),))
    opted_out += _opt_out_more(opt_out, scenario, before, opted_out)
    child = scenario.start(injections=(Injection("outcome", "after", 1, "stop"),))
    wait_until(child.is_stopped, "the sender to stop")
    opted_out += _opt_out_more(opt_out, scenario, before, opted_out)
    child.signal(scenario.random.choice((signal.SIGCONT, signal.SIGKILL)))
    scenario.wait_for(child)
    scenario.finish()
    keys = {_message_key(scenario, person) for person in opted_out}
    got = keys & {row["tw_key"] for row in accepted_at_the_end(scenario)}
    assert not got, f"{len(got)} of {len(keys)} people got mail although they opted out before its intent was written"
    return Allowed(doubtful=CONNECTIONS * scenario.kills, suppressed=frozenset(keys))


def _opt_out_more(opt_out: OptOut, scenario: Scenario, people: list[Person], left: list[Person]) -> list[Person]:
    """Opt out three people who have no intent yet. No sender is running."""
    states = state_by_key(scenario, Findings())
    waiting = [each for each in people if each not in left and states.get(_message_key(scenario, each)) == "pending"]
    leaving = scenario.random.sample(waiting, 3)
    opt_out(scenario, leaving)
    return leaving


def _message_key(scenario: Scenario, person: Person) -> str:
    return message_key(scenario.campaign.id, OCCURRENCE, person.subscriber_id)


def _not_planned(scenario: Scenario, people: list[Person]) -> None:
    """Opted-out people are in no chunk, and everybody else is."""
    planned = {row["message_key"] for row in scenario.planned_people()}
    assert not planned & {_message_key(scenario, person) for person in people}, "somebody was planned after opting out"
    assert len(planned) == scenario.people - len(people)


def _register(name: str, opt_out: OptOut) -> None:
    @fault(9, name, planned=False, chunk_size=5)
    def play(scenario: Scenario) -> Allowed:
        return opt_out_at_every_stage(opt_out, scenario)


for _name, _opt_out in OPT_OUTS.items():
    _register(_name, _opt_out)


OPT_OUTS_WHILE_HELD = {name: opt_out for name, opt_out in OPT_OUTS.items() if name not in ("a complaint", "a hard bounce")}
OPT_OUTS_WHILE_HELD["a new address at the source"] = moved
"""Without those for which SendGrid has its own lists, which it checks when it sends."""


@fault(9, "opted out without SendGrid's knowledge while it holds the mail", planned=False)
def held_there(scenario: Scenario) -> Allowed:
    """Mail is accepted and not yet due; after people opt out, one run of collect withholds it from them."""
    with open_warehouse(scenario.paths) as warehouse:
        warehouse.execute(LAST_WEEK)
    people = everybody(scenario)
    name, opt_out = scenario.random.choice(list(OPT_OUTS_WHILE_HELD.items()))
    if opt_out is by_an_old_link:
        source(scenario, [row_of(person, email=f"new-{person.email}", updated_at="2026-02-01") for person in people])
    scenario.run("plan")
    with scheduled(scenario, HELD_SECONDS) as due:
        scenario.finish(constants=CONSTANTS)
        opted_out = [person for person in people if _message_key(scenario, person) in _held(scenario)][:3]
        opt_out(scenario, opted_out)
        _collect(scenario)
        in_time = time.time() < due
    got = {row["tw_key"] for row in scenario.simulator.accepted(scenario.campaign.id) if row["status"] != "not_delivered"}
    assert not in_time or not got & {_message_key(scenario, person) for person in opted_out}, (
        f"delivered after an opt-out: {name}"
    )
    assert len(got) >= scenario.people - len(opted_out), "other people did not get it"
    return Allowed()


def _held(scenario: Scenario) -> set[str]:
    """The message keys in scheduled chunks."""
    with scenario.ledger.read() as connection:
        query = select(chunks.c.file, chunks.c.first_row, chunks.c.recipients).where(chunks.c.send_at.is_not(None))
        places = connection.execute(query).all()
    keys = {name: pq.read_table(scenario.folder / name)["message_key"].to_pylist() for name in {file for file, *_ in places}}
    return {key for file, first, size in places for key in keys[file][first : first + size]}


def _collect(scenario: Scenario) -> None:
    """The steps of `collect_engagement` that concern opt-outs, in its order."""
    account = SendGridAccount(scenario.simulator.url, "SG.test")
    export_unsubscribes(scenario.stores, account)
    sync_suppressions(scenario.stores, account)
    withhold(scenario.stores, account)
