"""5. Concurrent senders, processes that are suspended past their lease, and wrong clocks."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime
from typing import Any

from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.injection import Injection
from tests.faults.processes import Child, wait_until
from tests.faults.scenario import Scenario
from tests.faults.task import LEASE_SECONDS, TIGHT

READY = Injection("recover", "before", 1, "stop")
AUTUMN, SPRING = datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC)
"""When Central European clocks are set back and forward."""
HOLDING = (
    ("claim", "after"),
    ("journal", "before"),
    ("journal", "after"),
    ("post", "before"),
    ("post", "after"),
    ("outcome", "before"),
)
"""The points at which a process holds an intent whose outcome is not yet written."""


def started_together(scenario: Scenario, *others: dict[str, Any]) -> list[Child]:
    """One sender for each set of options, all released at the same moment."""
    children = [scenario.start(**{"injections": (READY,), **other}) for other in others]
    for child in children:
        wait_until(child.is_stopped, "a sender to be ready")
    for child in children:
        child.signal(signal.SIGCONT)
    return children


def wait_for_all(scenario: Scenario, children: list[Child]) -> None:
    """Wait for the senders; the only errors allowed are a lost fence and an unavailable SendGrid."""
    results = [scenario.wait_for(child) for child in children]
    wrong = [result for result in results if result and result.error not in ("", "FenceLost", "EspUnavailable")]
    assert not wrong, wrong


@fault(5, "two or three senders at once")
def two_senders(scenario: Scenario) -> Allowed:
    """Running processes do not put each other's requests in doubt."""
    wait_for_all(scenario, started_together(scenario, *({} for _ in range(scenario.random.randint(2, 3)))))
    scenario.finish()
    return Allowed()


@fault(5, "two senders at once, one of them killed")
def two_senders_one_killed(scenario: Scenario) -> Allowed:
    point, when = scenario.random.choice((("claim", "after"), ("post", "before"), ("post", "after"), ("outcome", "inside")))
    injection = Injection(point, when, scenario.random.randint(1, scenario.requests // 2))
    wait_for_all(scenario, started_together(scenario, {"injections": (READY, injection)}, {}))
    scenario.finish()
    return Allowed(doubtful=CONNECTIONS * scenario.kills)


@fault(5, "two planners at once", planned=False)
def two_planners(scenario: Scenario) -> Allowed:
    """One planner freezes the plan; the other finds it."""
    children = [scenario.start("plan", "send", "settle") for _ in range(2)]
    wait_for_all(scenario, children)
    found = [result.returned["plan"]["found"] for result in scenario.results if result and not result.error]
    assert found.count(False) <= 1
    scenario.finish("plan", "send", "settle")
    return Allowed()


@fault(5, "suspended (SIGSTOP) past its lease, then continued")
def suspended_past_lease(scenario: Scenario) -> Allowed:
    """Another sender puts the suspended sender's request in doubt; the suspended one resumes and writes nothing."""
    places = (
        ("claim", "after"),
        ("journal", "before"),
        ("journal", "after"),
        ("post", "before"),
        ("post", "after"),
        ("conclude", "before"),
    )
    point, when = scenario.random.choice(places)
    suspended = scenario.start(
        "send", injections=(Injection(point, when, scenario.random.randint(1, scenario.requests), "stop"),), constants=TIGHT
    )
    wait_until(suspended.is_stopped, "the sender to stop")
    scenario.finish(constants=TIGHT)
    taken = scenario.tally()
    suspended.signal(signal.SIGCONT)
    wait_for_all(scenario, [suspended])
    assert scenario.tally() == taken, "the suspended sender changed a settled plan"
    return Allowed(doubtful=CONNECTIONS)


@fault(5, "suspended within its lease, then continued")
def suspended_within_lease(scenario: Scenario) -> Allowed:
    """Suspended at a random moment; the other sender waits for it."""
    children = started_together(scenario, {}, {})
    time.sleep(scenario.random.random() * 0.3)
    children[0].signal(signal.SIGSTOP)
    time.sleep(scenario.random.random() * LEASE_SECONDS / 3)
    children[0].signal(signal.SIGCONT)
    wait_for_all(scenario, children)
    scenario.finish()
    return Allowed()


@fault(5, "suspended inside a transaction of the ledger, then continued")
def suspended_in_transaction(scenario: Scenario) -> Allowed:
    """Other senders wait or fail with a retryable error; no request is made without an intent."""
    point = scenario.random.choice(("claim", "outcome"))
    suspended = scenario.start(
        injections=(Injection(point, "inside", scenario.random.randint(1, scenario.requests), "stop"),)
    )
    wait_until(suspended.is_stopped, "the sender to stop")
    others = [scenario.start(constants={"include.ledger.database.BUSY_SECONDS": 1}) for _ in range(2)]
    time.sleep(1.5)
    suspended.signal(signal.SIGCONT)
    results = [scenario.wait_for(child) for child in (suspended, *others)]
    assert all(result and (not result.error or result.retryable) for result in results), results
    scenario.finish()
    return Allowed(doubtful=CONNECTIONS)


@fault(5, "the clock of one sender is an hour ahead or behind")
def clock_an_hour_off(scenario: Scenario) -> Allowed:
    """With SQLite, the sender whose clock is ahead treats open requests as expired: in doubt, never sent twice.

    With PostgreSQL, which several hosts use, a lease is timed by the ledger's clock, and nobody is in doubt.
    """
    offset = scenario.random.choice(("3600", "-3600"))
    wait_for_all(scenario, started_together(scenario, {}, {"environment": {"TRADEWIND_CLOCK_OFFSET_SECONDS": offset}}))
    scenario.finish()
    return Allowed(doubtful=CONNECTIONS if scenario.kind == "sqlite" else 0, clock_moved=True)


@fault(5, "the clock jumps back and forth during a send")
def clock_jumps(scenario: Scenario) -> Allowed:
    """The clock jumps in a sender that is then killed; the clock of the next sender is a day behind."""
    point = scenario.random.choice(("claim", "journal", "post"))
    steps = [Injection(point, "before", hit, scenario.random.choice((-7200.0, -60.0, 0.0, 7200.0))) for hit in (1, 2, 3)]
    scenario.run(injections=(*steps, Injection("post", "after", scenario.random.randint(3, 5))))
    assert scenario.kills == 1
    scenario.run(
        injections=(Injection("recover", "before", 1, -86_400.0), Injection("post", "after", scenario.random.randint(1, 2)))
    )
    scenario.finish()
    return Allowed(doubtful=CONNECTIONS * scenario.kills, clock_moved=True)


@fault(5, "a send across the start or end of daylight saving time")
def daylight_saving(scenario: Scenario) -> Allowed:
    """Two senders in two time zones while an hour is repeated or skipped."""
    moment = scenario.random.choice((AUTUMN, SPRING))
    offset = moment.timestamp() - time.time() - scenario.random.random() * 0.5
    zones = ("Europe/Berlin", "America/New_York")
    moved = {"TRADEWIND_CLOCK_OFFSET_SECONDS": str(offset)}
    children = started_together(scenario, *({"environment": {**moved, "TZ": zone}} for zone in zones))
    wait_for_all(scenario, children)
    scenario.finish(environment={**moved, "TZ": zones[0]})
    return Allowed(clock_moved=True)
