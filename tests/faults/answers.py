"""2. The simulator answers otherwise than it acts, or late, or not at all."""

from __future__ import annotations

import re
from typing import Any

from include.core.errors import CampaignStopped, EspUnavailable
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.proxy import Proxy
from tests.faults.victim import TIGHT
from tests.faults.world import World


def answered(world: World, kind: str, *, most: int = 4, tight: bool = False, **options: Any) -> Allowed:
    """Some requests, drawn, get this answer; each that does is in doubt at most."""
    count = world.dice.randint(1, most)
    world.simulator.arm(kind, world.campaign.id, count=count, after=world.dice.randint(0, world.requests // 2), **options)
    world.finish(constants=TIGHT if tight else {})
    return Allowed(doubtful=count)


@fault(2, "accepts, then lets the sender time out")
def timeout(world: World) -> Allowed:
    return answered(world, "accept_then_timeout", most=3, tight=True, seconds=5.0)


@fault(2, "accepts, then resets the connection")
def reset(world: World) -> Allowed:
    return answered(world, "accept_then_reset")


@fault(2, "accepts, then answers 500")
def accepted_500(world: World) -> Allowed:
    return answered(world, "accept_then_500")


@fault(2, "accepts, then answers 502 in HTML")
def accepted_502(world: World) -> Allowed:
    return answered(world, "accept_then_502")


@fault(2, "refuses with 500")
def refused_500(world: World) -> Allowed:
    return answered(world, "refuse_500")


@fault(2, "gives no readable answer to a dozen requests in a row")
def outage(world: World) -> Allowed:
    """An outage costs its first requests and a person a probe, whoever meets it, and the rest goes out after it."""
    kind, count = world.dice.choice(("refuse_500", "accept_then_reset", "half_header")), 12
    world.simulator.arm(kind, world.campaign.id, count=count, after=world.dice.randint(0, world.requests // 2))
    children = [world.begin() for _ in range(world.dice.randint(1, 3))]
    for child in children:
        world.end(child)
    world.finish()
    most = CONNECTIONS * len(children) * world.chunk_size + count
    assert world.tally().in_doubt <= most, world.tally()
    return Allowed(doubtful=CONNECTIONS * len(children) + count)


@fault(2, "is out of order before the first request")
def out_of_order(world: World) -> Allowed:
    """Nobody but the first small request and a person a probe is in doubt."""
    world.simulator.arm("refuse_500", world.campaign.id, count=8)
    world.finish()
    assert world.tally().in_doubt <= world.chunk_size + 7, world.tally()
    return Allowed(doubtful=8)


@fault(2, "answers one byte a second")
def slow(world: World) -> Allowed:
    return answered(world, "slow_bytes", most=2, tight=True, interval=1.0)


@fault(2, "answers half a header")
def half(world: World) -> Allowed:
    return answered(world, "half_header")


@fault(2, "429 n times, reset as an epoch")
def throttled_epoch(world: World) -> Allowed:
    return throttled(world, reset="epoch", reset_after=0.5)


@fault(2, "429 n times, reset in seconds")
def throttled_seconds(world: World) -> Allowed:
    return throttled(world, reset="seconds", reset_after=1.0)


@fault(2, "429 n times, without a reset header")
def throttled_untold(world: World) -> Allowed:
    return throttled(world, headers=False)


def throttled(world: World, **options: Any) -> Allowed:
    """A 429 accepts nothing: everybody gets it in the end, nobody is in doubt."""
    answered(world, "rate_limit", most=6, **options)
    return Allowed()


@fault(2, "413 in HTML")
def too_large(world: World) -> Allowed:
    answered(world, "html_413")
    return Allowed()


@fault(2, "401 for credits in mid-campaign, then resumed")
def credits_gone(world: World) -> Allowed:
    """The campaign stops, nobody is lost, and after the account was filled up it goes on."""
    world.simulator.arm("credits_exhausted", world.campaign.id, after=world.dice.randint(0, world.requests // 2))
    stopped = world.run()
    assert stopped is not None
    assert stopped.error == CampaignStopped.__name__, stopped
    assert world.tally().in_doubt == 0
    still = world.run()
    assert still is not None
    assert still.error in (CampaignStopped.__name__, EspUnavailable.__name__), still
    world.simulator.disarm()
    world.finish("plan" if world.dice.random() < 0.5 else "resume", "send", "settle")
    return Allowed()


@fault(2, "400 for one of 1,000, named", people=1_000, chunk_size=1_000)
def rejected_named(world: World) -> Allowed:
    return rejected(world, world.host)


@fault(2, "400 for one of 1,000, not named", people=1_000, chunk_size=1_000)
def rejected_unnamed(world: World) -> Allowed:
    """The proxy takes the field's name out of the answer, so the culprit must be found by halving."""
    with Proxy(world.host, rewrite=without_field) as proxy:
        return rejected(world, proxy.url)


def rejected(world: World, host: str) -> Allowed:
    culprit = world.dice.choice(world.wire())
    world.simulator.arm("reject_address", world.campaign.id, emails=[culprit["email"]])
    world.finish(host=host)
    assert world.tally().rejected == 1
    return Allowed(rejected=frozenset({culprit["message_key"]}))


def without_field(answer: bytes) -> bytes:
    """The same length, for the sake of Content-Length."""
    return re.sub(rb'"personalizations\.[^"]*"', lambda found: b"null".ljust(len(found[0])), answer)


@fault(2, "accepts and later drops")
def dropped(world: World) -> Allowed:
    answered(world, "accept_then_drop")
    return Allowed()
