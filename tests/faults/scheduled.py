"""8. Mail that SendGrid holds until its send_at is paused, resumed and cancelled by processes that are killed.

Here "accepted" at the simulator means delivered: the ledger counts exactly those messages as accepted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, select, update

from include.core.errors import StoppedByOperator
from include.ledger.plans import find_plan
from include.ledger.tables import chunks
from tests.faults.catalogue import fault
from tests.faults.checks import CONNECTIONS, Allowed
from tests.faults.injection import Injection
from tests.faults.scenario import Scenario
from tests.faults.servers import Simulator

DUE_SECONDS = 8.0
NOTICE_SECONDS = 1
CONSTANTS = {"include.ledger.plans.NOTICE_SECONDS": NOTICE_SECONDS + 1.0}
"""A margin of one second instead of the product's one minute."""
HOLDING = (
    ("change_state", "before"),
    ("change_state", "inside"),
    ("change_state", "after"),
    ("hold_batch", "before"),
    ("hold_batch", "after"),
    ("set_batch_status", "before"),
    ("set_batch_status", "inside"),
    ("set_batch_status", "after"),
)
"""Kill points of a pause or a cancellation: around the ledger's state, SendGrid's response, and recording it."""
RELEASING = (
    ("change_state", "inside"),
    ("change_state", "after"),
    ("set_batch_status", "inside"),
    ("release_batch", "before"),
    ("release_batch", "after"),
)
"""Kill points of a resume."""


class CountsSentMail(Simulator):
    """A simulator that counts a message as accepted only once it has been sent."""

    def accepted(self, campaign: str) -> list[dict[str, Any]]:
        self.finish_recipients()
        return [row for row in super().accepted(campaign) if row["status"] != "accepted"]


@contextmanager
def scheduled(scenario: Scenario, seconds: float = DUE_SECONDS) -> Iterator[float]:
    """Schedule half of the chunks, at random, in `seconds`; yields that moment and returns after it."""
    scenario.simulator = CountsSentMail(scenario.root / "simulator", speed=200, notice=NOTICE_SECONDS)
    scenario.host = scenario.simulator.url
    due = time.time() + seconds
    with scenario.ledger.write() as connection:
        known = list(connection.scalars(select(chunks.c.chunk).order_by(chunks.c.chunk)))
        roots = scenario.random.sample(known, len(known) // 2)
        values = {"send_at": due, "not_after": due + 3_600, "zone": "UTC"}
        connection.execute(update(chunks).where(chunks.c.chunk.in_(roots)).values(**values))
    yield due
    wait(due)


def wait(due: float) -> None:
    time.sleep(max(0.0, due + 0.5 - time.time()))


def run_after_kill(scenario: Scenario, step: str, places: tuple[tuple[str, str], ...]) -> None:
    """Run `step`, usually in a process that is killed during it; then run it to the end."""
    if scenario.random.random() < 0.8:
        point, when = scenario.random.choice(places)
        scenario.run(step, injections=(Injection(point, when),), constants=CONSTANTS)
    scenario.finish(step, constants=CONSTANTS)


def people_scheduled(scenario: Scenario) -> int:
    with scenario.ledger.read() as connection:
        return int(connection.scalar(select(func.sum(chunks.c.recipients)).where(chunks.c.send_at.is_not(None))))


def is_held_in_time(scenario: Scenario, due: float) -> bool:
    """Whether the batch was held before its notice; on a slow machine it may be too late."""
    plan = find_plan(scenario.ledger, scenario.plan_id)
    assert plan is not None
    assert plan.batch_status_at is not None
    return plan.batch_status_at + CONSTANTS["include.ledger.plans.NOTICE_SECONDS"] < due


def delivered(scenario: Scenario) -> int:
    return len(scenario.simulator.accepted(scenario.campaign.id))


@fault(8, "cancelled; killed at any step of it")
def cancelled(scenario: Scenario) -> Allowed:
    with scheduled(scenario) as due:
        scenario.finish(constants=CONSTANTS)
        run_after_kill(scenario, "cancel", HOLDING)
        in_time = is_held_in_time(scenario, due)
    assert not in_time or scenario.tally().skipped == people_scheduled(scenario)
    return Allowed(cancelled=True)


@fault(8, "cancelled during a send, with open requests")
def cancelled_in_mid_send(scenario: Scenario) -> Allowed:
    """The sender may be killed too: its open requests are in doubt unless their batch was cancelled."""
    kill = (Injection("outcome", "inside", scenario.random.randint(2, 6)),) if scenario.random.random() < 0.5 else ()
    with scheduled(scenario):
        scenario.simulator.arm("pause", scenario.campaign.id, seconds=0.2)
        sender = scenario.start("send", injections=kill, constants=CONSTANTS)
        time.sleep(scenario.random.random() * 0.8)
        run_after_kill(scenario, "cancel", HOLDING)
        result = scenario.wait_for(sender)
        assert result is None or result.error in ("", StoppedByOperator.__name__), result
        scenario.run("settle", constants=CONSTANTS)
    return Allowed(doubtful=CONNECTIONS * scenario.kills, cancelled=True)


@fault(8, "paused past its time, then resumed; killed at any step of it")
def paused_and_resumed(scenario: Scenario) -> Allowed:
    """Nothing is sent during the pause, and everything after it."""
    with scheduled(scenario) as due:
        scenario.finish("send", constants=CONSTANTS)
        run_after_kill(scenario, "pause", HOLDING)
        in_time = is_held_in_time(scenario, due)
        wait(due)
        assert not in_time or delivered(scenario) == scenario.people - people_scheduled(scenario)
        run_after_kill(scenario, "resume", RELEASING)
        scenario.finish(constants=CONSTANTS)
    time.sleep(0.5)
    return Allowed()


@fault(8, "paused past its time, then cancelled; killed at any step of it")
def paused_and_cancelled(scenario: Scenario) -> Allowed:
    """The batch always has a status; without one it would be sent."""
    with scheduled(scenario) as due:
        scenario.finish("send", constants=CONSTANTS)
        scenario.finish("pause", constants=CONSTANTS)
        wait(due)
        run_after_kill(scenario, "cancel", HOLDING)
        time.sleep(0.5)
    return Allowed(cancelled=True)


@fault(8, "paused, resumed in time, then cancelled too late")
def cancelled_too_late(scenario: Scenario) -> Allowed:
    """Messages that were sent are not counted as skipped because of an earlier pause."""
    with scheduled(scenario) as due:
        scenario.finish("send", constants=CONSTANTS)
        scenario.finish("pause", constants=CONSTANTS)
        run_after_kill(scenario, "resume", RELEASING)
        wait(due)
        run_after_kill(scenario, "cancel", HOLDING)
    return Allowed(cancelled=True)
