"""8. Mail that SendGrid holds until its send_at is paused, resumed and cancelled, by processes that die on the way.

What counts as taken is here what the simulator sent on its way: the ledger calls that accepted, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, select, update

from include.core.errors import CampaignStopped
from include.ledger.plans import find_plan
from include.ledger.tables import chunks
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.points import Doom
from tests.faults.servers import Simulator
from tests.faults.world import World

DUE_SECONDS = 8.0
NOTICE_SECONDS = 1
CONSTANTS = {"include.ledger.plans.NOTICE_SECONDS": NOTICE_SECONDS + 1.0}
"""A margin of a second, as the product has one of a minute."""
HOLDING = (
    ("close", "before"), ("close", "inside"), ("close", "after"), ("there", "before"), ("there", "after"),
    ("booked", "before"), ("booked", "inside"), ("booked", "after"),
)  # fmt: skip
"""Where a process that pauses or cancels dies: around the ledger's state, SendGrid's answer, and the booking of it."""
LIFTING = (
    ("close", "inside"), ("close", "after"), ("booked", "inside"), ("lifted", "before"), ("lifted", "after"),
)  # fmt: skip


class Holding(Simulator):
    """A SendGrid of which only that counts what has left it."""

    def accepted(self, campaign: str) -> list[dict[str, Any]]:
        self.finish_recipients()
        return [row for row in super().accepted(campaign) if row["status"] != "accepted"]


@contextmanager
def scheduled(world: World, seconds: float = DUE_SECONDS) -> Iterator[float]:
    """Some chunks of the plan, drawn, are due in `seconds`; yields when. At the end that moment has passed."""
    world.simulator = Holding(world.root / "simulator", speed=200, notice=NOTICE_SECONDS)
    world.host = world.simulator.url
    due = time.time() + seconds
    with world.ledger.write() as connection:
        known = list(connection.scalars(select(chunks.c.chunk).order_by(chunks.c.chunk)))
        roots = world.dice.sample(known, len(known) // 2)
        values = {"send_at": due, "not_after": due + 3_600, "zone": "UTC"}
        connection.execute(update(chunks).where(chunks.c.chunk.in_(roots)).values(**values))
    yield due
    wait(due)


def wait(due: float) -> None:
    time.sleep(max(0.0, due + 0.5 - time.time()))


def killed_then_done(world: World, step: str, places: tuple[tuple[str, str], ...]) -> None:
    """Give `step`, perhaps from a process that dies on the way; then give it again."""
    if world.dice.random() < 0.8:
        point, when = world.dice.choice(places)
        world.run(step, dooms=(Doom(point, when),), constants=CONSTANTS)
    world.finish(step, constants=CONSTANTS)


def people_scheduled(world: World) -> int:
    with world.ledger.read() as connection:
        return int(connection.scalar(select(func.sum(chunks.c.recipients)).where(chunks.c.send_at.is_not(None))))


def is_held_in_time(world: World, due: float) -> bool:
    """Where this machine was slow, the pause comes after its notice, and holds nothing."""
    plan = find_plan(world.ledger, world.plan_id)
    assert plan is not None
    return float(plan.batch_status_at) + CONSTANTS["include.ledger.plans.NOTICE_SECONDS"] < due


def out(world: World) -> int:
    return len(world.simulator.accepted(world.campaign.id))


@fault(8, "cancelled; killed at any step of it")
def cancelled(world: World) -> Allowed:
    with scheduled(world) as due:
        world.finish(constants=CONSTANTS)
        killed_then_done(world, "cancel", HOLDING)
        in_time = is_held_in_time(world, due)
    assert not in_time or world.tally().skipped == people_scheduled(world)
    return Allowed(cancelled=True)


@fault(8, "cancelled in mid-send, requests under way")
def cancelled_in_mid_send(world: World) -> Allowed:
    """The sender may be killed, too: what it had under way is in doubt, unless the cancelled batch tells."""
    kill = (Doom("outcome", "inside", world.dice.randint(2, 6)),) if world.dice.random() < 0.5 else ()
    with scheduled(world):
        world.simulator.arm("pause", world.campaign.id, seconds=0.2)
        sender = world.begin("send", dooms=kill, constants=CONSTANTS)
        time.sleep(world.dice.random() * 0.8)
        killed_then_done(world, "cancel", HOLDING)
        result = world.end(sender)
        assert result is None or result.error in ("", CampaignStopped.__name__), result
        world.run("settle", constants=CONSTANTS)
    return Allowed(doubtful=CONNECTIONS * world.kills, cancelled=True)


@fault(8, "paused past its time, then resumed; killed at any step of it")
def paused_and_resumed(world: World) -> Allowed:
    """Nothing goes out while it is paused, and everything afterwards."""
    with scheduled(world) as due:
        world.finish("send", constants=CONSTANTS)
        killed_then_done(world, "pause", HOLDING)
        in_time = is_held_in_time(world, due)
        wait(due)
        assert not in_time or out(world) == world.people - people_scheduled(world)
        killed_then_done(world, "resume", LIFTING)
        world.finish(constants=CONSTANTS)
    time.sleep(0.5)
    return Allowed()


@fault(8, "paused past its time, then cancelled; killed at any step of it")
def paused_and_cancelled(world: World) -> Allowed:
    """At no moment has the batch no status: it would go out."""
    with scheduled(world) as due:
        world.finish("send", constants=CONSTANTS)
        world.finish("pause", constants=CONSTANTS)
        wait(due)
        killed_then_done(world, "cancel", HOLDING)
        time.sleep(0.5)
    return Allowed(cancelled=True)


@fault(8, "paused, resumed in time, then cancelled too late")
def cancelled_too_late(world: World) -> Allowed:
    """What has gone out is not called skipped because it was paused once."""
    with scheduled(world) as due:
        world.finish("send", constants=CONSTANTS)
        world.finish("pause", constants=CONSTANTS)
        killed_then_done(world, "resume", LIFTING)
        wait(due)
        killed_then_done(world, "cancel", HOLDING)
    return Allowed(cancelled=True)
