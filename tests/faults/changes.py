"""6. Somebody leaves, or the template is edited, in mid-send. 7. The ledger comes from a backup."""

from __future__ import annotations

import signal
import time
from typing import Any

from include.core import clock
from include.core.errors import ContentChanged, LedgerBehindJournal
from include.ledger.suppressions import Suppression, suppress
from tests.faults.bench import copy_ledger
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.points import Doom
from tests.faults.processes import until
from tests.faults.servers import Edge, free_port
from tests.faults.world import World


@fault(6, "people unsubscribe through the edge in mid-send")
def unsubscribed(world: World) -> Allowed:
    """Who has left when the intent is written gets nothing, whether the sender was killed in between or not."""
    edge = Edge(world.root, world.ledger_url, free_port())
    edge.start("none")
    leaving = world.dice.sample(world.wire(), 12)
    try:
        for person in leaving[:3]:
            edge.leave(person["token"])
        send_while(world, lambda person: edge.leave(person["token"]), leaving[3:])
    finally:
        edge.stop()
    return left(world, leaving)


@fault(6, "people are erased in mid-send")
def erased(world: World) -> Allowed:
    leaving = world.dice.sample(world.wire(), 20)
    send_while(world, lambda person: erase(world, person), leaving)
    return left(world, leaving)


def send_while(world: World, act: Any, people: list[dict[str, Any]]) -> None:
    """Let the senders work, a little slowed down, while `act` is done to one after the other; some are killed."""
    world.simulator.arm("pause", world.campaign.id, seconds=0.05)
    kill = (Doom("outcome", "inside", world.dice.randint(2, 8)),) if world.dice.random() < 0.5 else ()
    child = world.begin(dooms=kill)
    for person in people:
        time.sleep(world.dice.random() * 0.06)
        act(person)
    world.end(child)
    world.finish()


def erase(world: World, person: dict[str, Any]) -> None:
    """What an erasure does to the ledger first."""
    suppress(world.ledger, [Suppression(person["address_key"], "erasure", "test", clock.now().timestamp())])


def left(world: World, people: list[dict[str, Any]]) -> Allowed:
    return Allowed(doubtful=CONNECTIONS * world.kills, suppressed=frozenset(person["message_key"] for person in people))


@fault(6, "the template is edited in mid-send")
def edited(world: World) -> Allowed:
    """What is left does not go out in other words; with the old words it does."""
    world.run(dooms=(Doom("outcome", "after", world.dice.randint(1, world.requests // 2)),))
    assert world.kills == 1
    body = world.root / "templates" / "spring" / "body.html.j2"
    before, taken = body.read_text(), len(world.simulator.accepted(world.campaign.id))
    body.write_text(before.replace("Dear", "Hello"))
    refused = world.run("plan", "send")
    assert refused is not None
    assert refused.error == ContentChanged.__name__, refused
    assert len(world.simulator.accepted(world.campaign.id)) == taken
    body.write_text(before)
    world.finish("plan", "send", "settle")
    return Allowed(doubtful=CONNECTIONS)


@fault(7, "a backup of the ledger from mid-send is restored")
def restored(world: World) -> Allowed:
    """The journal beside the plan knows more than the ledger: nothing is sent until that was reconciled.

    What was forgotten is in doubt then, and the rest goes out.
    """
    child = world.begin(dooms=(Doom("outcome", "after", world.dice.randint(1, world.requests // 2), "stop"),))
    until(child.is_stopped, "the sender to stand still")
    backup = f"sqlite:///{world.root}/backup.sqlite"
    copy_ledger(world.ledger_url, backup, world.secrets)
    child.signal(signal.SIGCONT)
    world.end(child)
    refused(world, backup, "send", "settle")
    world.finish("reconcile", "resume", "send", "settle")
    return Allowed(doubtful=2 * world.requests)


@fault(7, "a backup of the ledger from before the plan is restored", planned=False)
def restored_without_plan(world: World) -> Allowed:
    """The ledger knows no plan, the folder of the plan knows requests: it is not planned anew."""
    backup = f"sqlite:///{world.root}/backup.sqlite"
    copy_ledger(world.ledger_url, backup, world.secrets)
    kill = (Doom("outcome", "after", world.dice.randint(1, world.requests)),) if world.dice.random() < 0.5 else ()
    world.run("plan", "send", "settle", dooms=kill)
    later = f"sqlite:///{world.root}/later.sqlite"
    copy_ledger(world.ledger_url, later, world.secrets)
    refused(world, backup, "plan", "send", "settle")
    copy_ledger(later, world.ledger_url, world.secrets)
    world.finish("plan", "send", "settle")
    return Allowed(doubtful=CONNECTIONS * world.kills)


def refused(world: World, backup: str, *steps: str) -> None:
    """Restore, run twice, and see that nothing is sent."""
    taken = len(world.simulator.accepted(world.campaign.id))
    copy_ledger(backup, world.ledger_url, world.secrets)
    for _ in range(2):
        result = world.run(*steps)
        assert result is not None
        assert result.error == LedgerBehindJournal.__name__, result
    assert len(world.simulator.accepted(world.campaign.id)) == taken
