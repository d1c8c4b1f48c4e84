"""1. kill -9, at every point between the plan and the published file; then the same task again, perhaps killed again."""

from __future__ import annotations

import signal
from dataclasses import asdict

import duckdb

from include.publish.read_back import verify
from include.warehouse.connection import open_warehouse
from tests.faults.catalogue import SQLITE, fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.points import Doom
from tests.faults.processes import until
from tests.faults.proxy import Proxy
from tests.faults.world import DAG, World
from tests.publish.conftest import fill_marts

EVERYWHERE = (
    ("intent", "before"), ("intent", "inside"), ("intent", "after"), ("note", "after"), ("post", "before"),
    ("post", "after"), ("outcome", "inside"), ("outcome", "after"), ("told", "before"), ("recover", "inside"),
    ("copy", "inside"),
)  # fmt: skip


def killed_at(world: World, *places: tuple[str, str], most: int = 1) -> Allowed:
    """Kill the DAG at one of `places`, at a passage drawn; some are killed again on the way; then let it finish."""
    steps = ("send", "settle", "record") if world.planned else DAG
    point, when = world.dice.choice(places)
    killed = world.run(*steps, dooms=(Doom(point, when, world.dice.randint(1, most)),))
    assert killed is None, f"the kill at {point} ({when}) did not happen: {killed}"
    killed_again(world, *steps)
    world.finish(*steps)
    assert_copied(world)
    return Allowed(doubtful=CONNECTIONS * world.kills)


def killed_again(world: World, *steps: str) -> None:
    """Some tasks have bad luck more than once."""
    while world.dice.random() < 0.4 and world.kills < 4:
        point, when = world.dice.choice(EVERYWHERE)
        world.run(*steps, dooms=(Doom(point, when, world.dice.randint(1, 6)),))


def assert_copied(world: World) -> None:
    """The warehouse tells the same of everybody as the ledger."""
    with duckdb.connect(str(world.paths.warehouse), read_only=True) as warehouse:
        copied = dict(warehouse.execute("select state, count(*) from dispatch.sends group by all").fetchall())
    told = {state: people for state, people in asdict(world.tally()).items() if people and state != "selected"}
    assert copied == told, f"the warehouse counts {copied}, the ledger {told}"


@fault(1, "killed before the plan commits", planned=False)
def before_the_plan(world: World) -> Allowed:
    return killed_at(world, ("files", "before"), ("files", "after"), ("plan", "before"), ("plan", "inside"))


@fault(1, "killed after the plan has committed", planned=False)
def after_the_plan(world: World) -> Allowed:
    return killed_at(world, ("plan", "after"), ("recover", "before"))


@fault(1, "killed around an intent")
def around_an_intent(world: World) -> Allowed:
    return killed_at(world, ("intent", "before"), ("intent", "inside"), most=world.requests)


@fault(1, "killed after an intent, before the POST")
def after_an_intent(world: World) -> Allowed:
    places = ("intent", "after"), ("note", "before"), ("note", "after"), ("post", "before")
    return killed_at(world, *places, most=world.requests)


@fault(1, "killed after 202 was read")
def after_the_answer(world: World) -> Allowed:
    places = ("post", "after"), ("outcome", "before"), ("outcome", "inside")
    return killed_at(world, *places, most=world.requests)


@fault(1, "killed after the outcome was committed")
def after_the_outcome(world: World) -> Allowed:
    return killed_at(world, ("outcome", "after"), most=world.requests)


@fault(1, "killed while the sums are closed or copied")
def at_the_end(world: World) -> Allowed:
    return killed_at(
        world, ("close", "inside"), ("close", "after"), ("copy", "before"), ("copy", "inside"), ("copy", "after")
    )


@fault(1, "killed in the middle of a body")
def in_mid_body(world: World) -> Allowed:
    return killed_by_proxy(world, after_bytes=world.dice.randint(1, world.requests * 5_000))


@fault(1, "killed when the simulator has accepted")
def after_acceptance(world: World) -> Allowed:
    return killed_by_proxy(world, after_answers=world.dice.randint(1, world.requests))


def killed_by_proxy(world: World, **at: int) -> Allowed:
    """The proxy kills the sender at a byte of what it sends, or with the answer in its hands."""
    steps = ("send", "settle", "record")
    with Proxy(world.host, **at) as proxy:
        child = world.begin(*steps, dooms=(Doom("recover", "after", 1, "stop"),), host=proxy.url)
        until(child.is_stopped, "the sender to stand still")
        proxy.harm = lambda: child.signal(signal.SIGKILL)
        child.signal(signal.SIGCONT)
        world.end(child)
        assert proxy.struck
    assert world.kills == 1
    killed_again(world, *steps)
    world.finish(*steps)
    assert_copied(world)
    return Allowed(doubtful=CONNECTIONS * world.kills)


PUBLISH_STEPS = 10


@fault(1, "killed before or after a rename of the published file", ledgers=SQLITE)
def while_publishing(world: World) -> Allowed:
    """Whatever is published afterwards opens as one snapshot with its manifest, and the next publish heals."""
    world.finish("send", "settle", "record")
    fill_with_marts(world)
    world.finish("publish")
    before = verify(world.paths)["build"]
    when = world.dice.choice(("before", "after"))
    killed = world.run("publish", dooms=(Doom("rename", when, world.dice.randint(1, PUBLISH_STEPS)),))
    standing = verify(world.paths)["build"]
    assert killed is None or standing == killed.returned["publish"]
    fresh = world.finish("publish").returned["publish"]
    assert verify(world.paths)["build"] == fresh not in (before, standing)
    return Allowed()


def fill_with_marts(world: World) -> None:
    """Schema marts as in the tests of publish."""
    with open_warehouse(world.paths) as warehouse:
        fill_marts(warehouse, 300)
