"""One tick: people enter, leave and move, and the mail of every step that is due is frozen as a plan.

Can be repeated, killed and started twice at any moment. What a person did is in the ledger: a step and the plan of its mail
in one transaction, so that a step is either not passed or will be sent.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TypedDict

import duckdb

from include.core.connections import SendGridAccount
from include.core.errors import JourneysBroken
from include.dispatch import public_edge
from include.dispatch.account import record
from include.dispatch.journey import changes
from include.dispatch.journey.enter import enter, leave_for_goal, leave_if_deleted
from include.dispatch.journey.mail import freeze_due
from include.dispatch.journey.move import move
from include.dispatch.journey.versions import Versions
from include.dispatch.send import sender
from include.ledger import consent, journeys, suppression_tables
from include.ledger.database import Ledger
from include.ledger.stores import Stores
from include.warehouse import untrusted
from include.warehouse.connection import open_warehouse
from include.warehouse.consent import replace_consent
from include.warehouse.suppressions import replace_suppressions

log = logging.getLogger(__name__)


class Tick(TypedDict):
    """The result of a tick: people who entered, moved, reached the goal or were planned; the work to send; what failed."""

    entered: int
    moved: int
    reached_goal: int
    planned: int
    ranges: list[sender.Range]
    broken: list[str]


def tick(stores: Stores, account: SendGridAccount, *, edge_url: str, now: datetime) -> Tick:
    """Let people enter, leave and move, and freeze the mail that is due; the result names what is to be sent.

    A journey whose file, query or template has an error is named in `broken`; the others are not affected. Raises the
    retryable errors of the stores and the edge; then nothing is lost, and the next tick does the rest.
    """
    mark, seen = changes.current_mark(stores), changes.last_seen(stores.ledger)
    versions, asks = Versions(stores.ledger), changes.must_ask(seen, mark, now)
    result = Tick(entered=0, moved=0, reached_goal=0, planned=0, ranges=[], broken=[])
    if asks or journeys.due_steps(stores.ledger, now.timestamp()):
        with open_warehouse(stores.paths) as warehouse:
            if seen is None or seen.mark.answers != mark.answers:
                _refresh_consent(warehouse, stores.ledger)
            untrusted.lock_down(warehouse)
            _move_people(warehouse, stores.ledger, versions, result, asks=asks, now=now)
        if asks:
            changes.saw(stores.ledger, mark, now)
        _freeze_mail(stores, account, versions, result, edge_url=edge_url, now=now)
    result["ranges"], result["broken"] = pending_ranges(stores.ledger), versions.errors()
    return result


def pending_ranges(ledger: Ledger) -> list[sender.Range]:
    """The pending chunks of all plans of journeys that may be sent, also of earlier ticks."""
    return [part for plan_id in journeys.plan_ids(ledger, states=("sending",)) for part in sender.ranges(ledger, plan_id)]


def require_unbroken(broken: list[str]) -> None:
    """Raise `JourneysBroken` for what failed in a tick, after the others were sent."""
    if broken:
        raise JourneysBroken(
            "".join([f"{len(broken)} journeys could not go on:\n", *(f"  {line}\n" for line in broken)]),
            remedy="The others went on. Nobody inside is lost: they go on when the cause is mended.",
        )


def _move_people(
    warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, versions: Versions, result: Tick, *, asks: bool, now: datetime
) -> None:
    """Everything but mail: entries, goals, and steps without mail. The marketers' queries run here."""
    for name, state in journeys.states(ledger).items():
        if state.state != "active":
            continue
        with versions.guard(name):
            if name in versions.current and asks:
                result["entered"] += enter(warehouse, ledger, versions.current[name], now)
            people = journeys.inside(ledger, name, due_by=None if asks else now.timestamp())
            for version in sorted({entry.version for entry in people}):
                pin = versions.pinned(name, version)
                theirs = [entry for entry in people if entry.version == version]
                if name not in versions.names and leave_if_deleted(ledger, pin, theirs):
                    continue
                result["reached_goal"] += leave_for_goal(warehouse, ledger, pin, theirs, now)
                result["moved"] += move(warehouse, ledger, pin, now)


def _freeze_mail(
    stores: Stores, account: SendGridAccount, versions: Versions, result: Tick, *, edge_url: str, now: datetime
) -> None:
    """Freeze the plans of the mail steps that are due, in journeys of which no plan is stopped."""
    steps = _mail_steps(stores.ledger, versions, now.timestamp())
    if not steps:
        return
    public_edge.require_answer(account, edge_url, stores.secrets)
    with open_warehouse(stores.paths) as warehouse:
        record.record_into(warehouse, stores)
        for name, version, step in steps:
            with versions.guard(name):
                pin = versions.pinned(name, version)
                found = pin.journey.step(step)
                result["planned"] += freeze_due(warehouse, stores, pin, found, edge_url=edge_url, now=now)


def _mail_steps(ledger: Ledger, versions: Versions, now: float) -> list[tuple[str, str, str]]:
    """(journey, version, step) of the mail that is due and may be frozen."""
    due, states, halted = journeys.due_steps(ledger, now), journeys.states(ledger), journeys.stopped(ledger)
    for name in sorted(halted):
        log.warning("%s freezes no mail, since a plan of it is stopped: %s", name, halted[name])
    return [
        (name, version, step)
        for name, version, step in due
        if states[name].state == "active" and name not in halted and name not in versions.failed
        and versions.pinned(name, version).journey.step(step).kind == "mail"
    ]  # fmt: skip


def _refresh_consent(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    """Who may be mailed is asked of the warehouse, which has a copy of the ledger's answers."""
    with ledger.read() as connection:
        table, _ = suppression_tables.in_force(connection)
        answers = consent.in_force(connection)
    replace_suppressions(warehouse, table)
    replace_consent(warehouse, answers)
