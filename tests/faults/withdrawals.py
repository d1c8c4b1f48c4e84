"""9. Every way of saying no, at every stage of a send: before the plan, after it, between two tries, in mid-send.

What must hold is in checks.py: nobody whose no was in the log before the intent for them was written got it.
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
from tests.faults.bench import OCCURRENCE
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed, Findings, at_rest, fate_of_everybody
from tests.faults.points import Doom
from tests.faults.processes import until
from tests.faults.scheduled import CONSTANTS, scheduled
from tests.faults.servers import Edge, free_port
from tests.faults.world import World
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
"""Mail that everybody got before, for events that are about it."""
HELD_SECONDS = 20.0
"""Until the mail is due: people say no meanwhile, by a pass of ingest or at the edge, and a pass of collect follows."""


@dataclass(frozen=True)
class Person:
    """Somebody of the list, with the token of a mail that they got before."""

    subscriber_id: str
    email: str
    address_key: str
    token: str


Way = Callable[[World, list[Person]], None]
"""Has people say no; when it returns, that is in force."""


def everybody(world: World) -> list[Person]:
    with open_warehouse(world.paths) as warehouse:
        rows = warehouse.execute("select subscriber_id, email, address_key from core.identities order by 1").fetchall()
    return [Person(*row, token.mint(world.secrets, _subject(row[0], row[2]))) for row in rows]


def _subject(subscriber_id: str, address: str) -> token.Subject:
    return token.Subject(message_key("before", "once", subscriber_id), address)


def source(world: World, rows: list[Row], *, full: bool = False) -> None:
    """A pass of ingest, as the DAG makes it."""
    since = None if full else datetime(2020, 1, 1, tzinfo=UTC)
    manifest = land_rows(world.paths, "subscribers", rows, since=since)
    with sync_withdrawals_on_exit(world.stores):
        validate_batch(world.paths, manifest)
        merge_batch(world.paths, manifest)


def row_of(person: Person, **changes: Any) -> Row:
    known = {
        "subscriber_id": person.subscriber_id,
        "email": person.email,
        "consented_at": "2026-01-01",
        "signed_up_at": None,
    }
    return subscriber(0) | known | {"updated_at": "2026-01-01"} | changes


def at_the_source(**changes: Any) -> Way:
    """Their rows change in this way."""
    return lambda world, people: source(world, [row_of(person, **changes) for person in people])


def moved(world: World, people: list[Person]) -> None:
    """They have another address, so what is planned to the one before is for nobody."""
    source(world, [row_of(person, email=f"moved-{person.email}", updated_at="2026-02-01") for person in people])


def moved_and_unsubscribed(world: World, people: list[Person]) -> None:
    changes = {"status": "unsubscribed", "updated_at": "2026-02-01"}
    source(world, [row_of(person, email=f"moved-{person.email}", **changes) for person in people])


def vanished(world: World, people: list[Person]) -> None:
    """Gone from the source for good; twice, since the first time may be an accident of the export."""
    gone = {person.subscriber_id for person in people} | _deleted(world)
    rest = [row_of(person) for person in everybody(world) if person.subscriber_id not in gone]
    for _ in range(2):
        source(world, rest, full=True)


def _deleted(world: World) -> set[str]:
    with open_warehouse(world.paths) as warehouse:
        query = "select subscriber_id from core.subscribers where deleted_at is not null"
        return {row[0] for row in warehouse.execute(query).fetchall()}


def one_click(world: World, people: list[Person]) -> None:
    with edge_of(world) as edge:
        for person in people:
            edge.leave(person.token)


def on_the_preference_page(**fields: str) -> Way:
    form = urllib.parse.urlencode(fields).encode()

    def act(world: World, people: list[Person]) -> None:
        with edge_of(world) as edge:
            for person in people:
                urllib.request.urlopen(f"{edge.url}/preferences/{person.token}", form, timeout=30).close()

    return act


@contextmanager
def edge_of(world: World) -> Any:
    edge = Edge(world.root, world.ledger_url, free_port())
    edge.start("none")
    try:
        yield edge
    finally:
        edge.stop()


def told_by_event(**fields: str) -> Way:
    """SendGrid says so in an event about the mail of last week; in the spool, loaded, and in the ledger."""

    def act(world: World, people: list[Person]) -> None:
        folder = world.paths.spool / "incoming"
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
        name = f"{now:%Y%m%dT%H%M%S%f}Z-00000000-0000-4000-8000-{world.dice.randrange(16**12):012x}.json"
        (folder / name).write_bytes(orjson.dumps(events))
        load_spool(world.paths)
        found = suppress_from_events(world.stores)
        assert sum(found.values()) == len(people), found

    return act


def on_sendgrids_list(world: World, people: list[Person]) -> None:
    """Taken up from SendGrid's global unsubscribes."""
    url = f"{world.simulator.url}/v3/asm/suppressions/global"
    content = orjson.dumps({"recipient_emails": [person.email for person in people]})
    headers = {"Authorization": "Bearer SG.test", "Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, content, headers, method="POST"), timeout=30).close()
    sync_suppressions(world.stores, SendGridAccount(world.simulator.url, "SG.test"))


def by_an_old_link(world: World, people: list[Person]) -> None:
    """They have another address by now, and leave by a link in a mail to the one before."""
    one_click(world, people)


WAYS: dict[str, Way] = {
    "a word of refusal at the source": at_the_source(status="opted_out", updated_at="2025-01-01"),
    "unsubscribed at the source, under a new address": moved_and_unsubscribed,
    "a row at the source that cannot be read as a yes": at_the_source(lawful_basis=None, updated_at="2026-02-01"),
    "gone from a full pass": vanished,
    "one click": one_click,
    "one click on a link to an address of before": by_an_old_link,
    "stop all on the preference page": on_the_preference_page(action="stop_all"),
    "the topic of the mail declined on the preference page": on_the_preference_page(action="save"),
    "a complaint": told_by_event(event="spamreport"),
    "a hard bounce": told_by_event(event="bounce", type="bounce", status="5.1.1", reason="550 5.1.1 unknown user"),
    "SendGrid's list of unsubscribes": on_sendgrids_list,
}


def withdraws(way: Way, world: World) -> Allowed:
    """Three people at each stage. Some tries are killed, and some are stopped in their midst until people have said no."""
    with open_warehouse(world.paths) as warehouse:
        warehouse.execute(LAST_WEEK)
    before = everybody(world)
    if way is by_an_old_link:
        source(world, [row_of(person, email=f"new-{person.email}", updated_at="2026-02-01") for person in before])
    leavers = world.dice.sample(before, 3)
    way(world, leavers)
    world.run("plan")
    _not_planned(world, leavers)
    leavers += _say_no(way, world, before, leavers)
    world.run(dooms=(Doom("outcome", "after", world.dice.randint(1, 3)),))
    leavers += _say_no(way, world, before, leavers)
    child = world.begin(dooms=(Doom("outcome", "after", 1, "stop"),))
    until(child.is_stopped, "the sender to stand still")
    leavers += _say_no(way, world, before, leavers)
    child.signal(world.dice.choice((signal.SIGCONT, signal.SIGKILL)))
    world.end(child)
    world.finish()
    keys = {_message_key(world, person) for person in leavers}
    got = keys & {row["tw_key"] for row in at_rest(world)}
    assert not got, f"{len(got)} of {len(keys)} people got mail who had said no before its intent was written"
    return Allowed(doubtful=CONNECTIONS * world.kills, suppressed=frozenset(keys))


def _say_no(way: Way, world: World, people: list[Person], left: list[Person]) -> list[Person]:
    """Three of those for whom no intent is written yet say no. No sender is at work meanwhile."""
    fates = fate_of_everybody(world, Findings())
    waiting = [each for each in people if each not in left and fates.get(_message_key(world, each)) == "pending"]
    leaving = world.dice.sample(waiting, 3)
    way(world, leaving)
    return leaving


def _message_key(world: World, person: Person) -> str:
    return message_key(world.campaign.id, OCCURRENCE, person.subscriber_id)


def _not_planned(world: World, people: list[Person]) -> None:
    """Who had said no is in no chunk, and everybody else is."""
    planned = {row["message_key"] for row in world.wire()}
    assert not planned & {_message_key(world, person) for person in people}, "somebody was planned who had said no"
    assert len(planned) == world.people - len(people)


def _entered(name: str, way: Way) -> None:
    @fault(9, name, planned=False, chunk_size=5)
    def play(world: World) -> Allowed:
        return withdraws(way, world)


for _name, _way in WAYS.items():
    _entered(_name, _way)


HELD_WAYS = {name: way for name, way in WAYS.items() if name not in ("a complaint", "a hard bounce")}
HELD_WAYS["another address, and the one before given up"] = moved
"""Not those for which SendGrid has lists of its own, at which it looks when it sends."""


@fault(9, "said in any way that SendGrid does not know of, while it holds the mail", planned=False)
def held_there(world: World) -> Allowed:
    """Mail is accepted and not yet due; people say no, and one pass of collect later it is nobody's to get."""
    with open_warehouse(world.paths) as warehouse:
        warehouse.execute(LAST_WEEK)
    people = everybody(world)
    name, way = world.dice.choice(list(HELD_WAYS.items()))
    if way is by_an_old_link:
        source(world, [row_of(person, email=f"new-{person.email}", updated_at="2026-02-01") for person in people])
    world.run("plan")
    with scheduled(world, HELD_SECONDS) as due:
        world.finish(constants=CONSTANTS)
        leavers = [person for person in people if _message_key(world, person) in _held(world)][:3]
        way(world, leavers)
        _collect(world)
        in_time = time.time() < due
    got = {row["tw_key"] for row in world.simulator.accepted(world.campaign.id) if row["status"] != "not_delivered"}
    assert not in_time or not got & {_message_key(world, person) for person in leavers}, (
        f"delivered to who had said no: {name}"
    )
    assert len(got) >= world.people - len(leavers), "others went without"
    return Allowed()


def _held(world: World) -> set[str]:
    """The keys of those whose chunk is scheduled."""
    with world.ledger.read() as connection:
        query = select(chunks.c.file, chunks.c.first_row, chunks.c.recipients).where(chunks.c.send_at.is_not(None))
        places = connection.execute(query).all()
    keys = {name: pq.read_table(world.folder / name)["message_key"].to_pylist() for name in {file for file, *_ in places}}
    return {key for file, first, size in places for key in keys[file][first : first + size]}


def _collect(world: World) -> None:
    """What `collect_engagement` does about those who left, in its order."""
    account = SendGridAccount(world.simulator.url, "SG.test")
    export_unsubscribes(world.stores, account)
    sync_suppressions(world.stores, account)
    withhold(world.stores, account)
