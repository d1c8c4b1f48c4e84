"""6. People unsubscribe, or the template is edited, during a send. 7. The ledger is restored from a backup."""

from __future__ import annotations

import signal
import time
from typing import Any

from include.core import clock
from include.core.errors import ContentChanged, LedgerBehindJournal
from include.ledger.chunk import read_chunks
from include.ledger.suppressions import Suppression, suppress
from include.ledger.tables import chunks as chunks_table
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.injection import Injection
from tests.faults.processes import wait_until
from tests.faults.resources import copy_ledger
from tests.faults.scenario import Scenario
from tests.faults.servers import Edge
from tests.ports import free_port

DECISION = (
    ("change_state", "after"), ("write_part", "after"), ("next_manifest", "before"), ("next_manifest", "after"),
    ("correction", "before"), ("correction", "inside"), ("correction", "after"),
)  # fmt: skip
COMMITTED = (("correction", "after"),)


@fault(6, "people unsubscribe through the edge during a send")
def unsubscribed(scenario: Scenario) -> Allowed:
    """People who unsubscribe before the intent is written get nothing, whether the sender is killed or not."""
    edge = Edge(scenario.root, scenario.ledger_url, free_port())
    edge.start("none")
    leaving = scenario.random.sample(scenario.planned_people(), 12)
    try:
        for person in leaving[:3]:
            edge.unsubscribe(person["token"])
        act_during_send(scenario, lambda person: edge.unsubscribe(person["token"]), leaving[3:])
    finally:
        edge.stop()
    return suppressed_are(scenario, leaving)


@fault(6, "people are erased during a send")
def erased(scenario: Scenario) -> Allowed:
    leaving = scenario.random.sample(scenario.planned_people(), 20)
    act_during_send(scenario, lambda person: erase(scenario, person), leaving)
    return suppressed_are(scenario, leaving)


def act_during_send(scenario: Scenario, act: Any, people: list[dict[str, Any]]) -> None:
    """Run slowed-down senders while `act` is applied to one person after another; some senders are killed."""
    scenario.simulator.arm("pause", scenario.campaign.id, seconds=0.05)
    kill = (Injection("outcome", "inside", scenario.random.randint(2, 8)),) if scenario.random.random() < 0.5 else ()
    child = scenario.start(injections=kill)
    for person in people:
        time.sleep(scenario.random.random() * 0.06)
        act(person)
    scenario.wait_for(child)
    scenario.finish()


def erase(scenario: Scenario, person: dict[str, Any]) -> None:
    """Record the suppression that an erasure records first."""
    suppress(scenario.ledger, [Suppression(person["address_key"], "erasure", "test", clock.now().timestamp())])


def suppressed_are(scenario: Scenario, people: list[dict[str, Any]]) -> Allowed:
    return Allowed(doubtful=CONNECTIONS * scenario.kills, suppressed=frozenset(person["message_key"] for person in people))


@fault(6, "the template is edited during a send")
def edited(scenario: Scenario) -> Allowed:
    """Remaining messages are not sent with the edited template; after the edit is reverted they are."""
    scenario.run(injections=(Injection("outcome", "after", scenario.random.randint(1, scenario.requests // 2)),))
    assert scenario.kills == 1
    body = scenario.root / "templates" / "spring" / "body.html.j2"
    before, taken = body.read_text(), len(scenario.simulator.accepted(scenario.campaign.id))
    body.write_text(before.replace("Dear", "Hello"))
    refused = scenario.run("plan", "send")
    assert refused is not None
    assert refused.error == ContentChanged.__name__, refused
    assert len(scenario.simulator.accepted(scenario.campaign.id)) == taken
    body.write_text(before)
    scenario.finish("plan", "send", "settle")
    return Allowed(doubtful=CONNECTIONS)


@fault(6, "the content is replaced during a send, killed at any step of the decision")
def corrected(scenario: Scenario) -> Allowed:
    """Those who are still pending get the corrected content, once; the plan never has two contents in force."""
    scenario.run(injections=(Injection("outcome", "after", scenario.random.randint(1, scenario.requests // 2)),))
    assert scenario.kills == 1
    body = scenario.root / "templates" / "spring" / "body.html.j2"
    body.write_text(body.read_text().replace("Dear", "Hello"))
    taken = scenario.simulator.accepted(scenario.campaign.id)
    point, when = scenario.random.choice(DECISION)
    assert scenario.run("correct", injections=(Injection(point, when),)) is None
    if (point, when) not in COMMITTED:
        assert scenario.tally().pending > 0
        assert len(scenario.simulator.accepted(scenario.campaign.id)) == len(taken)
        scenario.finish("correct")
    scenario.finish("plan", "send", "settle")
    with scenario.ledger.read() as connection:
        chunks = read_chunks(connection, chunks_table.c.plan_id == scenario.plan_id)
    before = {row["tw_chunk"] for row in taken}
    corrected = {chunk.wire_id for chunk in chunks if ".r1." in chunk.content}
    assert corrected
    assert not corrected & before
    return Allowed(doubtful=CONNECTIONS)


@fault(7, "a backup of the ledger taken during the send is restored")
def restored(scenario: Scenario) -> Allowed:
    """The plan's journal has requests that the ledger does not have: nothing is sent until the journal is replayed.

    The lost requests are then in doubt, and the remaining messages are sent.
    """
    child = scenario.start(
        injections=(Injection("outcome", "after", scenario.random.randint(1, scenario.requests // 2), "stop"),)
    )
    wait_until(child.is_stopped, "the sender to stop")
    backup = f"sqlite:///{scenario.root}/backup.sqlite"
    copy_ledger(scenario.ledger_url, backup, scenario.secrets)
    child.signal(signal.SIGCONT)
    scenario.wait_for(child)
    refused(scenario, backup, "send", "settle")
    scenario.finish("restore", "resume", "send", "settle")
    return Allowed(doubtful=2 * scenario.requests)


@fault(7, "a backup of the ledger taken before planning is restored", planned=False)
def restored_without_plan(scenario: Scenario) -> Allowed:
    """The ledger has no plan, but the plan's folder has a journal with requests: planning is refused."""
    backup = f"sqlite:///{scenario.root}/backup.sqlite"
    copy_ledger(scenario.ledger_url, backup, scenario.secrets)
    kill = (
        (Injection("outcome", "after", scenario.random.randint(1, scenario.requests)),)
        if scenario.random.random() < 0.5
        else ()
    )
    scenario.run("plan", "send", "settle", injections=kill)
    later = f"sqlite:///{scenario.root}/later.sqlite"
    copy_ledger(scenario.ledger_url, later, scenario.secrets)
    refused(scenario, backup, "plan", "send", "settle")
    copy_ledger(later, scenario.ledger_url, scenario.secrets)
    scenario.finish("plan", "send", "settle")
    return Allowed(doubtful=CONNECTIONS * scenario.kills)


def refused(scenario: Scenario, backup: str, *steps: str) -> None:
    """Restore the backup, run twice, and check that nothing is sent."""
    taken = len(scenario.simulator.accepted(scenario.campaign.id))
    copy_ledger(backup, scenario.ledger_url, scenario.secrets)
    for _ in range(2):
        result = scenario.run(*steps)
        assert result is not None
        assert result.error == LedgerBehindJournal.__name__, result
    assert len(scenario.simulator.accepted(scenario.campaign.id)) == taken
