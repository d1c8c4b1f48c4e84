"""1. kill -9 at every point between plan and published file; the task is then rerun, and sometimes killed again."""

from __future__ import annotations

import signal
from dataclasses import asdict

import duckdb

from include.publish.read_back import verify
from include.warehouse.connection import open_warehouse
from tests.faults.catalogue import SQLITE, fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.injection import Injection
from tests.faults.processes import wait_until
from tests.faults.proxy import Proxy
from tests.faults.scenario import DAG, Scenario
from tests.publish.conftest import fill_marts

EVERYWHERE = (
    ("claim", "before"), ("claim", "inside"), ("claim", "after"), ("journal", "after"), ("post", "before"),
    ("post", "after"), ("outcome", "inside"), ("outcome", "after"), ("deliver", "before"), ("recover", "inside"),
    ("copy", "inside"),
)  # fmt: skip


def killed_at(scenario: Scenario, *places: tuple[str, str], most: int = 1) -> Allowed:
    """Kill the DAG at a random hit of one of `places`, sometimes again during the rerun; then let it finish."""
    steps = ("send", "settle", "record") if scenario.planned else DAG
    point, when = scenario.random.choice(places)
    killed = scenario.run(*steps, injections=(Injection(point, when, scenario.random.randint(1, most)),))
    assert killed is None, f"the kill at {point} ({when}) did not happen: {killed}"
    killed_again(scenario, *steps)
    scenario.finish(*steps)
    assert_copied(scenario)
    return Allowed(doubtful=CONNECTIONS * scenario.kills)


def killed_again(scenario: Scenario, *steps: str) -> None:
    """Kill some reruns too."""
    while scenario.random.random() < 0.4 and scenario.kills < 4:
        point, when = scenario.random.choice(EVERYWHERE)
        scenario.run(*steps, injections=(Injection(point, when, scenario.random.randint(1, 6)),))


def assert_copied(scenario: Scenario) -> None:
    """The warehouse has the same counts as the ledger."""
    with duckdb.connect(str(scenario.paths.warehouse), read_only=True) as warehouse:
        copied = dict(warehouse.execute("select state, count(*) from dispatch.sends group by all").fetchall())
    counted = {state: people for state, people in asdict(scenario.tally()).items() if people and state != "selected"}
    assert copied == counted, f"the warehouse counts {copied}, the ledger {counted}"


@fault(1, "killed before the plan commits", planned=False)
def before_the_plan(scenario: Scenario) -> Allowed:
    return killed_at(
        scenario, ("write_manifest", "before"), ("write_manifest", "after"), ("plan", "before"), ("plan", "inside")
    )


@fault(1, "killed after the plan has committed", planned=False)
def after_the_plan(scenario: Scenario) -> Allowed:
    return killed_at(scenario, ("plan", "after"), ("recover", "before"))


@fault(1, "killed before or while an intent commits")
def around_an_intent(scenario: Scenario) -> Allowed:
    return killed_at(scenario, ("claim", "before"), ("claim", "inside"), most=scenario.requests)


@fault(1, "killed after an intent, before the POST")
def after_an_intent(scenario: Scenario) -> Allowed:
    places = ("claim", "after"), ("journal", "before"), ("journal", "after"), ("post", "before")
    return killed_at(scenario, *places, most=scenario.requests)


@fault(1, "killed after the 202 was read")
def after_the_answer(scenario: Scenario) -> Allowed:
    places = ("post", "after"), ("outcome", "before"), ("outcome", "inside")
    return killed_at(scenario, *places, most=scenario.requests)


@fault(1, "killed after the outcome was committed")
def after_the_outcome(scenario: Scenario) -> Allowed:
    return killed_at(scenario, ("outcome", "after"), most=scenario.requests)


@fault(1, "killed while the plan is settled or copied to the warehouse")
def at_the_end(scenario: Scenario) -> Allowed:
    return killed_at(
        scenario,
        ("change_state", "inside"),
        ("change_state", "after"),
        ("copy", "before"),
        ("copy", "inside"),
        ("copy", "after"),
    )


@fault(1, "killed in the middle of a request body")
def in_mid_body(scenario: Scenario) -> Allowed:
    return killed_by_proxy(scenario, after_bytes=scenario.random.randint(1, scenario.requests * 5_000))


@fault(1, "killed after the simulator accepted a request")
def after_acceptance(scenario: Scenario) -> Allowed:
    return killed_by_proxy(scenario, after_answers=scenario.random.randint(1, scenario.requests))


def killed_by_proxy(scenario: Scenario, *, after_bytes: int | None = None, after_answers: int | None = None) -> Allowed:
    """The proxy kills the sender at a given byte of its requests, or just before it reads a response."""
    steps = ("send", "settle", "record")
    with Proxy(scenario.host, after_bytes=after_bytes, after_answers=after_answers) as proxy:
        child = scenario.start(*steps, injections=(Injection("recover", "after", 1, "stop"),), host=proxy.url)
        wait_until(child.is_stopped, "the sender to stop")
        proxy.action = lambda: child.signal(signal.SIGKILL)
        child.signal(signal.SIGCONT)
        scenario.wait_for(child)
        assert proxy.triggered
    assert scenario.kills == 1
    killed_again(scenario, *steps)
    scenario.finish(*steps)
    assert_copied(scenario)
    return Allowed(doubtful=CONNECTIONS * scenario.kills)


PUBLISH_STEPS = 10


@fault(1, "killed before or after a rename of the published file", ledgers=SQLITE)
def while_publishing(scenario: Scenario) -> Allowed:
    """The published file always opens as one snapshot with its manifest, and the next publish succeeds."""
    scenario.finish("send", "settle", "record")
    fill_with_marts(scenario)
    scenario.finish("publish")
    before = verify(scenario.paths)["build"]
    when = scenario.random.choice(("before", "after"))
    killed = scenario.run("publish", injections=(Injection("rename", when, scenario.random.randint(1, PUBLISH_STEPS)),))
    published = verify(scenario.paths)["build"]
    assert killed is None or published == killed.returned["publish"]
    fresh = scenario.finish("publish").returned["publish"]
    assert verify(scenario.paths)["build"] == fresh not in (before, published)
    return Allowed()


def fill_with_marts(scenario: Scenario) -> None:
    """Fill schema marts as the tests of publish do."""
    with open_warehouse(scenario.paths) as warehouse:
        fill_marts(warehouse, 300)
