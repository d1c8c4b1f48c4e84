"""3. What the webhook does, through the real edge into the spool, and from there into ledger and warehouse.

And of 4.: its spool full or torn.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from include.core.keys import message_key
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed, Findings, fate_of_everybody
from tests.faults.disks import full_disk
from tests.faults.points import Doom
from tests.faults.processes import until
from tests.faults.servers import Edge, Simulator, free_port
from tests.faults.world import World

COLLECT = ("record", "load", "suppress", "doubt")
SPEED = 200.0
MAX_IN_DOUBT = 3
"""Requests that any fault here leaves in doubt."""
BOUNCES = {"all": {"hard_bounce": 0.3, "asynchronous": 0.5, "blocked": 0.1, "deferred": 0.2}}


@contextmanager
def witnessed(world: World) -> Iterator[Edge]:
    """A simulator whose messages live, and an edge that hears of it."""
    edge = Edge(world.root, world.ledger_url, free_port())
    seed = world.dice.randrange(10_000)
    world.simulator = Simulator(world.root / "simulator", seed=seed, webhook=f"{edge.url}/events/sendgrid", speed=SPEED)
    world.host = world.simulator.url
    edge.start(world.simulator.public_key)
    try:
        yield edge
    finally:
        edge.stop()


def quiet(world: World) -> None:
    """Let every life end and every post arrive."""

    def is_quiet() -> bool:
        world.simulator.finish_recipients()
        status = world.simulator.status()
        return not (status["events_pending"] or status["runs_waiting"] or status["posts_pending"])

    until(is_quiet, "the webhook to have told everything", every=0.05)


def in_doubt_then_proved(world: World, *kinds: str, during: Callable[[], None] = lambda: None, **options: Any) -> Allowed:
    """Some requests end in doubt that were accepted, and one that was not; the events tell the one from the other."""
    with witnessed(world):
        world.simulator.set_rates(BOUNCES)
        for kind in kinds:
            world.simulator.arm(kind, world.campaign.id, **options)
        world.simulator.arm("accept_then_reset", world.campaign.id, count=2, after=world.dice.randint(0, 3))
        world.simulator.arm("refuse_500", world.campaign.id, count=1, after=world.dice.randint(0, 3))
        world.finish()
        during()
        quiet(world)
        world.finish(*COLLECT)
        world.finish(*COLLECT)
        return only_the_unheard(world)


def only_the_unheard(world: World) -> Allowed:
    """Whoever was heard of is out of doubt; whom SendGrid did not take stays in doubt, since nothing can prove that.

    Between them are the few of whom only the `processed` event could have told, and it never came.
    """
    fates = fate_of_everybody(world, Findings())
    doubtful = {key for key, fate in fates.items() if fate == "in_doubt"}
    taken = {row["tw_key"]: row["tw_chunk"] for row in world.simulator.accepted(world.campaign.id)}
    proved = heard_of(world) & taken.items()
    assert not doubtful & dict(proved).keys(), "somebody was heard of and is in doubt"
    assert not fates.keys() - taken.keys() - doubtful, "somebody was not taken and is not in doubt"
    return Allowed(doubtful=MAX_IN_DOUBT + CONNECTIONS * world.kills)


def heard_of(world: World) -> set[tuple[str, str]]:
    """Message key and chunk of every event that was loaded."""
    loaded = world.paths.spool.glob("archive/*/*.json")
    events = [event for file in loaded for event in json.loads(file.read_bytes())]
    return {(event["tw_key"], event["tw_chunk"]) for event in events if "tw_key" in event}


@fault(3, "every event 46 times with new ids", people=40)
def storm(world: World) -> Allowed:
    return in_doubt_then_proved(world, "storm", copies=46)


@fault(3, "every order, late and repeated")
def shuffled(world: World) -> Allowed:
    return in_doubt_then_proved(world, "shuffle")


@fault(3, "silence, then a flood")
def flood(world: World) -> Allowed:
    def nothing_yet() -> None:
        world.simulator.finish_recipients()
        world.finish(*COLLECT)
        assert world.tally().in_doubt, "somebody told in the silence"
        world.simulator.disarm()

    return in_doubt_then_proved(world, "silence", seconds=60, during=nothing_yet)


@fault(3, "keys that nobody knows")
def unknown(world: World) -> Allowed:
    return in_doubt_then_proved(world, "unknown_keys")


@fault(3, "another campaign's keys")
def foreign(world: World) -> Allowed:
    keys = [message_key("other", "once", str(person)) for person in range(20)]
    return in_doubt_then_proved(world, "foreign_keys", keys=keys)


@fault(3, "keys of other chunks of the campaign")
def misplaced(world: World) -> Allowed:
    """Also those of people whom SendGrid never took, beside the number of a chunk that it did take."""
    return in_doubt_then_proved(world, "foreign_keys", keys=[person["message_key"] for person in world.wire()])


@fault(3, "bounces without custom_args")
def bare_bounces(world: World) -> Allowed:
    return in_doubt_then_proved(world, "bounces_without_custom_args")


@fault(3, "events before our own commit")
def before_our_commit(world: World) -> Allowed:
    """Everything is told and loaded while the sender still holds the answer in its hands; then it goes on, or dies."""
    with witnessed(world):
        places = ("post", "after"), ("answer", "before")
        point, when = world.dice.choice(places)
        child = world.begin(dooms=(Doom(point, when, world.dice.randint(1, world.requests), "stop"),))
        until(child.is_stopped, "the sender to hold its answer")
        quiet(world)
        world.finish(*COLLECT)
        child.signal(world.dice.choice((signal.SIGCONT, signal.SIGKILL)))
        world.end(child)
        world.finish()
        quiet(world)
        world.finish(*COLLECT)
        return only_the_unheard(world)


@fault(3, "the collector is killed while it loads and proves")
def collector_killed(world: World) -> Allowed:
    with witnessed(world):
        world.simulator.arm("accept_then_500", world.campaign.id, count=3)
        world.finish()
        quiet(world)
        point, when = world.dice.choice((("load", "before"), ("load", "after"), ("prove", "before"), ("prove", "inside")))
        world.run(*COLLECT, dooms=(Doom(point, when, 1),))
        assert world.kills == 1
        world.finish(*COLLECT)
        return only_the_unheard(world)


@fault(4, "the spool's disk is full")
def full_spool(world: World) -> Allowed:
    """The edge answers 503 and SendGrid tells again, until there is space."""
    with witnessed(world) as edge:
        world.simulator.arm("accept_then_reset", world.campaign.id, count=2)
        with full_disk(world.paths.spool, 0) as limits:
            if limits:
                edge.stop()
                edge.start(**limits)
            world.finish()
            until(lambda: refused_posts(world), "the edge to refuse a batch")
            edge.stop()  # Or it would keep a batch on the disk that is taken away here.
        edge.start()
        quiet(world)
        world.finish(*COLLECT)
        return only_the_unheard(world)


def refused_posts(world: World) -> bool:
    world.simulator.finish_recipients()
    return bool(world.simulator.status()["posts_pending"]) and "could not be kept" in (world.root / "edge.log").read_text()


@fault(4, "a file in the spool is torn")
def torn_spool(world: World) -> Allowed:
    """It is set aside with its reason; the others are loaded, and what it alone could have proved stays in doubt."""
    with witnessed(world):
        world.simulator.arm("accept_then_reset", world.campaign.id, count=3)
        world.finish()
        quiet(world)
        file = world.dice.choice(sorted((world.paths.spool / "incoming").glob("*.json")))
        with file.open("r+b") as torn:
            torn.truncate(world.dice.randrange(1, file.stat().st_size - 2))
        result = world.finish(*COLLECT)
        assert result.returned["load"]["broken"] == 1
        assert (world.paths.spool / "broken" / file.name).exists()
        return only_the_unheard(world)
