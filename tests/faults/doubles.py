"""5. The same task twice at the same time, processes that sleep past their lease, and clocks that are wrong."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime
from typing import Any

from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.points import Doom
from tests.faults.processes import Child, until
from tests.faults.victim import LEASE_SECONDS, TIGHT
from tests.faults.world import World

READY = Doom("recover", "before", 1, "stop")
AUTUMN, SPRING = datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC)
"""When Central Europe sets its clocks back, and forward."""
HOLDING = (
    ("intent", "after"),
    ("note", "before"),
    ("note", "after"),
    ("post", "before"),
    ("post", "after"),
    ("outcome", "before"),
)
"""Where a process holds an intent whose outcome is not written."""


def at_once(world: World, *others: dict[str, Any]) -> list[Child]:
    """A sender for each, let go together."""
    children = [world.begin(**{"dooms": (READY,), **other}) for other in others]
    for child in children:
        until(child.is_stopped, "a sender to stand ready")
    for child in children:
        child.signal(signal.SIGCONT)
    return children


def ended(world: World, children: list[Child]) -> None:
    """Those who lost a lease say so; nobody fails in another way."""
    results = [world.end(child) for child in children]
    wrong = [result for result in results if result and result.error not in ("", "FenceLost", "EspUnavailable")]
    assert not wrong, wrong


@fault(5, "two and more senders at once")
def two_senders(world: World) -> Allowed:
    """Living processes do not put each other's requests in doubt."""
    ended(world, at_once(world, *({} for _ in range(world.dice.randint(2, 3)))))
    world.finish()
    return Allowed()


@fault(5, "two at once, one of them killed")
def two_senders_one_killed(world: World) -> Allowed:
    point, when = world.dice.choice((("intent", "after"), ("post", "before"), ("post", "after"), ("outcome", "inside")))
    doom = Doom(point, when, world.dice.randint(1, world.requests // 2))
    ended(world, at_once(world, {"dooms": (READY, doom)}, {}))
    world.finish()
    return Allowed(doubtful=CONNECTIONS * world.kills)


@fault(5, "two planners at once", planned=False)
def two_planners(world: World) -> Allowed:
    """One plan; the second finds it."""
    children = [world.begin("plan", "send", "settle") for _ in range(2)]
    ended(world, children)
    found = [result.returned["plan"]["found"] for result in world.results if result and not result.error]
    assert found.count(False) <= 1
    world.finish("plan", "send", "settle")
    return Allowed()


@fault(5, "stopped (SIGSTOP) past its lease, then continued")
def stopped(world: World) -> Allowed:
    """The other takes over what the sleeper held, as doubt; the sleeper wakes up and writes nothing."""
    places = (
        ("intent", "after"),
        ("note", "before"),
        ("note", "after"),
        ("post", "before"),
        ("post", "after"),
        ("answer", "before"),
    )
    point, when = world.dice.choice(places)
    sleeper = world.begin("send", dooms=(Doom(point, when, world.dice.randint(1, world.requests), "stop"),), constants=TIGHT)
    until(sleeper.is_stopped, "the sender to fall asleep")
    world.finish(constants=TIGHT)
    taken = world.tally()
    sleeper.signal(signal.SIGCONT)
    ended(world, [sleeper])
    assert world.tally() == taken, "the sleeper changed what the other had settled"
    return Allowed(doubtful=CONNECTIONS)


@fault(5, "stopped within its lease, then continued")
def stopped_briefly(world: World) -> Allowed:
    """At any moment from outside; the other waits for it."""
    children = at_once(world, {}, {})
    time.sleep(world.dice.random() * 0.3)
    children[0].signal(signal.SIGSTOP)
    time.sleep(world.dice.random() * LEASE_SECONDS / 3)
    children[0].signal(signal.SIGCONT)
    ended(world, children)
    world.finish()
    return Allowed()


@fault(5, "stopped inside a transaction of the ledger, then continued")
def stopped_inside(world: World) -> Allowed:
    """The others wait for it or give up for now; nobody sends without an intent."""
    point = world.dice.choice(("intent", "outcome"))
    sleeper = world.begin(dooms=(Doom(point, "inside", world.dice.randint(1, world.requests), "stop"),))
    until(sleeper.is_stopped, "the sender to fall asleep")
    others = [world.begin(constants={"include.ledger.database.BUSY_SECONDS": 1}) for _ in range(2)]
    time.sleep(1.5)
    sleeper.signal(signal.SIGCONT)
    results = [world.end(child) for child in (sleeper, *others)]
    assert all(result and (not result.error or result.retryable) for result in results), results
    world.finish()
    return Allowed(doubtful=CONNECTIONS)


@fault(5, "one clock an hour ahead or behind")
def an_hour_off(world: World) -> Allowed:
    """The one whose clock is ahead of the other's takes living requests for lost: that is doubt, never a second message."""
    offset = world.dice.choice(("3600", "-3600"))
    ended(world, at_once(world, {}, {"environment": {"TRADEWIND_CLOCK_OFFSET_SECONDS": offset}}))
    world.finish()
    return Allowed(doubtful=CONNECTIONS, clock_moved=True)


@fault(5, "the clock set back and forth in mid-send")
def set_back(world: World) -> Allowed:
    """In a sender that is killed at last, and in the one after it, whose clock is a day behind."""
    point = world.dice.choice(("intent", "note", "post"))
    steps = [Doom(point, "before", passage, world.dice.choice((-7200.0, -60.0, 0.0, 7200.0))) for passage in (1, 2, 3)]
    world.run(dooms=(*steps, Doom("post", "after", world.dice.randint(3, 5))))
    assert world.kills == 1
    world.run(dooms=(Doom("recover", "before", 1, -86_400.0), Doom("post", "after", world.dice.randint(1, 2))))
    world.finish()
    return Allowed(doubtful=CONNECTIONS * world.kills, clock_moved=True)


@fault(5, "over the end or the beginning of summer time")
def summer_time(world: World) -> Allowed:
    """Two senders in two time zones while the hour is repeated or left out."""
    moment = world.dice.choice((AUTUMN, SPRING))
    offset = moment.timestamp() - time.time() - world.dice.random() * 0.5
    zones = ("Europe/Berlin", "America/New_York")
    moved = {"TRADEWIND_CLOCK_OFFSET_SECONDS": str(offset)}
    children = at_once(world, *({"environment": {**moved, "TZ": zone}} for zone in zones))
    ended(world, children)
    world.finish(environment={**moved, "TZ": zones[0]})
    return Allowed(clock_moved=True)
