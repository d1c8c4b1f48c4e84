"""2. Responses that do not match what the simulator did, late responses, and none at all."""

from __future__ import annotations

import re
from typing import Any

from include.core.errors import CampaignStopped, EspUnavailable
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.proxy import Proxy
from tests.faults.scenario import Scenario
from tests.faults.task import TIGHT


def inject(scenario: Scenario, kind: str, *, most: int = 4, tight: bool = False, **options: Any) -> Allowed:
    """Some random requests get this response; at most those are in doubt."""
    count = scenario.random.randint(1, most)
    scenario.simulator.arm(
        kind, scenario.campaign.id, count=count, after=scenario.random.randint(0, scenario.requests // 2), **options
    )
    scenario.finish(constants=TIGHT if tight else {})
    return Allowed(doubtful=count)


@fault(2, "accepts, then lets the sender time out")
def timeout(scenario: Scenario) -> Allowed:
    return inject(scenario, "accept_then_timeout", most=3, tight=True, seconds=5.0)


@fault(2, "accepts, then resets the connection")
def reset(scenario: Scenario) -> Allowed:
    return inject(scenario, "accept_then_reset")


@fault(2, "accepts, then answers 500")
def accepted_500(scenario: Scenario) -> Allowed:
    return inject(scenario, "accept_then_500")


@fault(2, "accepts, then answers 502 in HTML")
def accepted_502(scenario: Scenario) -> Allowed:
    return inject(scenario, "accept_then_502")


@fault(2, "refuses with 500")
def refused_500(scenario: Scenario) -> Allowed:
    return inject(scenario, "refuse_500")


@fault(2, "gives no readable response to twelve requests in a row")
def outage(scenario: Scenario) -> Allowed:
    """An outage puts the first requests and one person per probe in doubt; the rest is sent after it."""
    kind, count = scenario.random.choice(("refuse_500", "accept_then_reset", "half_header")), 12
    scenario.simulator.arm(kind, scenario.campaign.id, count=count, after=scenario.random.randint(0, scenario.requests // 2))
    children = [scenario.start() for _ in range(scenario.random.randint(1, 3))]
    for child in children:
        scenario.wait_for(child)
    scenario.finish()
    most = CONNECTIONS * len(children) * scenario.chunk_size + count
    assert scenario.tally().in_doubt <= most, scenario.tally()
    return Allowed(doubtful=CONNECTIONS * len(children) + count)


@fault(2, "fails from the first request on")
def outage_from_the_first_request(scenario: Scenario) -> Allowed:
    """Only the first small request and one person per probe are in doubt."""
    scenario.simulator.arm("refuse_500", scenario.campaign.id, count=8)
    scenario.finish()
    assert scenario.tally().in_doubt <= scenario.chunk_size + 7, scenario.tally()
    return Allowed(doubtful=8)


@fault(2, "responds with one byte per second")
def slow(scenario: Scenario) -> Allowed:
    return inject(scenario, "slow_bytes", most=2, tight=True, interval=1.0)


@fault(2, "responds with half a header")
def half_header(scenario: Scenario) -> Allowed:
    return inject(scenario, "half_header")


@fault(2, "429 n times, reset as an epoch")
def throttled_epoch(scenario: Scenario) -> Allowed:
    return throttled(scenario, reset="epoch", reset_after=0.5)


@fault(2, "429 n times, reset in seconds")
def throttled_seconds(scenario: Scenario) -> Allowed:
    return throttled(scenario, reset="seconds", reset_after=1.0)


@fault(2, "429 n times, without a reset header")
def throttled_without_header(scenario: Scenario) -> Allowed:
    return throttled(scenario, headers=False)


def throttled(scenario: Scenario, **options: Any) -> Allowed:
    """A 429 accepts nothing: everybody gets the message in the end, nobody is in doubt."""
    inject(scenario, "rate_limit", most=6, **options)
    return Allowed()


@fault(2, "413 in HTML")
def too_large(scenario: Scenario) -> Allowed:
    inject(scenario, "html_413")
    return Allowed()


@fault(2, "401 for used-up credits during a campaign, then resumed")
def credits_gone(scenario: Scenario) -> Allowed:
    """The campaign stops, nobody is lost, and it continues after the account has credits again."""
    scenario.simulator.arm(
        "credits_exhausted", scenario.campaign.id, after=scenario.random.randint(0, scenario.requests // 2)
    )
    stopped = scenario.run()
    assert stopped is not None
    assert stopped.error == CampaignStopped.__name__, stopped
    assert scenario.tally().in_doubt == 0
    still = scenario.run()
    assert still is not None
    assert still.error in (CampaignStopped.__name__, EspUnavailable.__name__), still
    scenario.simulator.disarm()
    scenario.finish("plan" if scenario.random.random() < 0.5 else "resume", "send", "settle")
    return Allowed()


@fault(2, "400 that names one of 1,000 recipients", people=1_000, chunk_size=1_000)
def rejected_named(scenario: Scenario) -> Allowed:
    return rejected(scenario, scenario.host)


@fault(2, "400 for one of 1,000 recipients, unnamed", people=1_000, chunk_size=1_000)
def rejected_unnamed(scenario: Scenario) -> Allowed:
    """The proxy removes the field's name from the response, so the rejected recipient is found by halving."""
    with Proxy(scenario.host, rewrite=without_field) as proxy:
        return rejected(scenario, proxy.url)


def rejected(scenario: Scenario, host: str) -> Allowed:
    invalid = scenario.random.choice(scenario.planned_people())
    scenario.simulator.arm("reject_address", scenario.campaign.id, emails=[invalid["email"]])
    scenario.finish(host=host)
    assert scenario.tally().rejected == 1
    return Allowed(rejected=frozenset({invalid["message_key"]}))


def without_field(answer: bytes) -> bytes:
    """Replace the field's name by null, padded to keep the Content-Length."""
    return re.sub(rb'"personalizations\.[^"]*"', lambda found: b"null".ljust(len(found[0])), answer)


@fault(2, "accepts and later drops")
def dropped(scenario: Scenario) -> Allowed:
    inject(scenario, "accept_then_drop")
    return Allowed()
