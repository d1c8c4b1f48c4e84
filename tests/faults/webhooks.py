"""3. Faults of the webhook, through the real edge into the spool, and from there into ledger and warehouse.

Also the faults of line 4 that concern the spool: a full disk, a torn file.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from include.core.keys import message_key
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed, Findings, state_by_key
from tests.faults.disks import full_disk
from tests.faults.injection import Injection
from tests.faults.processes import wait_until
from tests.faults.scenario import Scenario
from tests.faults.servers import Edge, Simulator
from tests.ports import free_port

COLLECT = ("record", "load", "suppress", "doubt")
SPEED = 200.0
MAX_IN_DOUBT = 3
"""The maximum number of requests that a fault of this module leaves in doubt."""
BOUNCES = {"all": {"hard_bounce": 0.3, "asynchronous": 0.5, "blocked": 0.1, "deferred": 0.2}}


@contextmanager
def with_webhook(scenario: Scenario) -> Iterator[Edge]:
    """A simulator that emits events, and an edge that receives them."""
    edge = Edge(scenario.root, scenario.ledger_url, free_port())
    seed = scenario.random.randrange(10_000)
    scenario.simulator = Simulator(
        scenario.root / "simulator", seed=seed, webhook=f"{edge.url}/events/sendgrid", speed=SPEED
    )
    scenario.host = scenario.simulator.url
    edge.start(scenario.simulator.public_key)
    try:
        yield edge
    finally:
        edge.stop()


def wait_until_quiet(scenario: Scenario) -> None:
    """Wait until all events are emitted and all webhook posts are delivered."""

    def is_quiet() -> bool:
        scenario.simulator.finish_recipients()
        status = scenario.simulator.status()
        return not (status["events_pending"] or status["runs_waiting"] or status["posts_pending"])

    wait_until(is_quiet, "the webhook to deliver all events", every=0.05)


def doubt_resolved_by_events(
    scenario: Scenario, *kinds: str, during: Callable[[], None] = lambda: None, **options: Any
) -> Allowed:
    """Leaves accepted requests and one refused request in doubt; events prove the accepted ones."""
    with with_webhook(scenario):
        scenario.simulator.set_rates(BOUNCES)
        for kind in kinds:
            scenario.simulator.arm(kind, scenario.campaign.id, **options)
        scenario.simulator.arm("accept_then_reset", scenario.campaign.id, count=2, after=scenario.random.randint(0, 3))
        scenario.simulator.arm("refuse_500", scenario.campaign.id, count=1, after=scenario.random.randint(0, 3))
        scenario.finish()
        during()
        wait_until_quiet(scenario)
        scenario.finish(*COLLECT)
        scenario.finish(*COLLECT)
        return only_unproved(scenario)


def only_unproved(scenario: Scenario) -> Allowed:
    """People with events are not in doubt; people whom SendGrid did not accept are, since nothing can disprove it.

    A few accepted people may be in doubt too: those whose only event would have been a `processed` that never came.
    """
    states = state_by_key(scenario, Findings())
    doubtful = {key for key, state in states.items() if state == "in_doubt"}
    taken = {row["tw_key"]: row["tw_chunk"] for row in scenario.simulator.accepted(scenario.campaign.id)}
    proved = keys_in_events(scenario) & taken.items()
    assert not doubtful & dict(proved).keys(), "somebody has events and is in doubt"
    assert not states.keys() - taken.keys() - doubtful, "somebody was not accepted and is not in doubt"
    return Allowed(doubtful=MAX_IN_DOUBT + CONNECTIONS * scenario.kills)


def keys_in_events(scenario: Scenario) -> set[tuple[str, str]]:
    """Message key and chunk of every loaded event."""
    loaded = scenario.paths.spool.glob("archive/*/*.json")
    events = [event for file in loaded for event in json.loads(file.read_bytes())]
    return {(event["tw_key"], event["tw_chunk"]) for event in events if "tw_key" in event}


@fault(3, "every event 46 times with new ids", people=40)
def storm(scenario: Scenario) -> Allowed:
    return doubt_resolved_by_events(scenario, "storm", copies=46)


@fault(3, "events shuffled, late and repeated")
def shuffled(scenario: Scenario) -> Allowed:
    return doubt_resolved_by_events(scenario, "shuffle")


@fault(3, "no events, then all at once")
def flood(scenario: Scenario) -> Allowed:
    def release_events() -> None:
        scenario.simulator.finish_recipients()
        scenario.finish(*COLLECT)
        assert scenario.tally().in_doubt, "an event arrived too early"
        scenario.simulator.disarm()

    return doubt_resolved_by_events(scenario, "silence", seconds=60, during=release_events)


@fault(3, "unknown message keys")
def unknown(scenario: Scenario) -> Allowed:
    return doubt_resolved_by_events(scenario, "unknown_keys")


@fault(3, "message keys of another campaign")
def foreign(scenario: Scenario) -> Allowed:
    keys = [message_key("other", "once", str(person)) for person in range(20)]
    return doubt_resolved_by_events(scenario, "foreign_keys", keys=keys)


@fault(3, "message keys of other chunks of the campaign")
def misplaced(scenario: Scenario) -> Allowed:
    """Including keys of people whom SendGrid never accepted, with the number of a chunk that it did accept."""
    return doubt_resolved_by_events(
        scenario, "foreign_keys", keys=[person["message_key"] for person in scenario.planned_people()]
    )


@fault(3, "bounces without custom_args")
def bare_bounces(scenario: Scenario) -> Allowed:
    return doubt_resolved_by_events(scenario, "bounces_without_custom_args")


@fault(3, "events arrive before the outcome is committed")
def before_our_commit(scenario: Scenario) -> Allowed:
    """All events are loaded before the sender records the response; then the sender continues, or is killed."""
    with with_webhook(scenario):
        places = ("post", "after"), ("conclude", "before")
        point, when = scenario.random.choice(places)
        child = scenario.start(injections=(Injection(point, when, scenario.random.randint(1, scenario.requests), "stop"),))
        wait_until(child.is_stopped, "the sender to stop")
        wait_until_quiet(scenario)
        scenario.finish(*COLLECT)
        child.signal(scenario.random.choice((signal.SIGCONT, signal.SIGKILL)))
        scenario.wait_for(child)
        scenario.finish()
        wait_until_quiet(scenario)
        scenario.finish(*COLLECT)
        return only_unproved(scenario)


@fault(3, "the collector is killed while it loads events or resolves doubt")
def collector_killed(scenario: Scenario) -> Allowed:
    with with_webhook(scenario):
        scenario.simulator.arm("accept_then_500", scenario.campaign.id, count=3)
        scenario.finish()
        wait_until_quiet(scenario)
        point, when = scenario.random.choice(
            (("load", "before"), ("load", "after"), ("prove", "before"), ("prove", "inside"))
        )
        scenario.run(*COLLECT, injections=(Injection(point, when, 1),))
        assert scenario.kills == 1
        scenario.finish(*COLLECT)
        return only_unproved(scenario)


@fault(4, "the spool's disk is full")
def full_spool(scenario: Scenario) -> Allowed:
    """The edge responds with 503 and SendGrid retries until there is space."""
    with with_webhook(scenario) as edge:
        scenario.simulator.arm("accept_then_reset", scenario.campaign.id, count=2)
        with full_disk(scenario.paths.spool, 0) as limits:
            if limits:
                edge.stop()
                edge.start(**limits)
            scenario.finish()
            wait_until(lambda: refused_posts(scenario), "the edge to refuse a batch")
            edge.stop()  # Otherwise it could store a batch on the disk that is about to be unmounted.
        edge.start()
        wait_until_quiet(scenario)
        scenario.finish(*COLLECT)
        return only_unproved(scenario)


def refused_posts(scenario: Scenario) -> bool:
    scenario.simulator.finish_recipients()
    return (
        bool(scenario.simulator.status()["posts_pending"])
        and "an event batch could not be written" in (scenario.root / "edge.log").read_text()
    )


@fault(4, "a file in the spool is torn")
def torn_spool(scenario: Scenario) -> Allowed:
    """It is moved aside with its reason; the other files are loaded, and requests without evidence stay in doubt."""
    with with_webhook(scenario):
        scenario.simulator.arm("accept_then_reset", scenario.campaign.id, count=3)
        scenario.finish()
        wait_until_quiet(scenario)
        file = scenario.random.choice(sorted((scenario.paths.spool / "incoming").glob("*.json")))
        with file.open("r+b") as torn:
            torn.truncate(scenario.random.randrange(1, file.stat().st_size - 2))
        result = scenario.finish(*COLLECT)
        assert result.returned["load"]["broken"] == 1
        assert (scenario.paths.spool / "broken" / file.name).exists()
        return only_unproved(scenario)
