"""Pause, resume and cancel a journey, and show a person's way. Works on the ledger, while Airflow is down too.

A command that changes the journey is kept as a decision of the person `by`, with their `note`: for the journey, and for each
plan that it changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from include.core.errors import ConfigurationError, PlanError
from include.core.journey_picture import describe
from include.core.journey_version import JourneyVersion, pinned
from include.ledger import decisions, holds, journeys, pending, plans
from include.ledger.database import Ledger
from include.ledger.decisions import SOMEBODY, Decision
from include.ledger.journeys import Entry, Passed


def pause(ledger: Ledger, journey: str, by: str = SOMEBODY, note: str = "") -> None:
    """Nobody enters or moves, and no further chunk of its plans is sent, until it is resumed."""
    decision, reason = Decision("pause", by, note), "paused by an operator"
    _set_state(ledger, journey, "paused", reason, decision)
    for plan_id in journeys.plan_ids(ledger, journey, ("sending", "stopped")):
        plans.change_state(
            ledger, plan_id, "paused", from_states=("sending", "stopped"), reason=reason, decision=decision
        )  # fmt: skip


def resume(ledger: Ledger, journey: str, by: str = SOMEBODY, note: str = "") -> None:
    """Go on: also after SendGrid or the circuit breaker stopped a plan of it."""
    decision = Decision("resume", by, note)
    _set_state(ledger, journey, "active", None, decision)
    for plan_id in journeys.plan_ids(ledger, journey, ("paused", "stopped")):
        holds.release(ledger, plan_id)
        plans.change_state(ledger, plan_id, "sending", from_states=("paused", "stopped"), decision=decision)


def cancel(ledger: Ledger, journey: str, by: str = SOMEBODY, note: str = "") -> int:
    """End it for good: everybody inside is out, and pending mail is skipped. Returns the number of people."""
    decision, reason = Decision("cancel", by, note), "cancelled by an operator"
    _set_state(ledger, journey, "cancelled", reason, decision)
    with ledger.write() as connection:
        people = journeys.end_all(connection, journey, "cancelled", reason)
    for plan_id in journeys.plan_ids(ledger, journey):
        plans.change_state(
            ledger, plan_id, "cancelled", from_states=plans.UNFINISHED, reason=reason, decision=decision
        )  # fmt: skip
        with ledger.write() as connection:
            pending.skip_pending(connection, plan_id, reason)
    return people


def status_lines(ledger: Ledger, journey: str) -> Iterator[str]:
    """The state of the journey and the people at each step of each version, for a terminal."""
    state = _state(ledger, journey)
    counted = journeys.counts(ledger, journey)
    yield f"{journey}: {state.state}{f' ({state.reason})' if state.reason else ''}"
    for version in sorted({counts.version for counts in counted.steps} | {state.version}):
        steps = [counts for counts in counted.steps if counts.version == version]
        yield f"  version {version}{', in which people enter' if version == state.version else ''}"
        for step in _version(ledger, journey, version).journey.steps:
            at = sum(counts.at for counts in steps if counts.step == step.id)
            passed = next((counts.passed for counts in steps if counts.step == step.id), {})
            shown = ", ".join(f"{people:,} {outcome}" for outcome, people in sorted(passed.items()))
            yield f"    {step.id:<20}{describe(step):<44}{at:>9,} here  {shown}".rstrip()
        for outcome, people in sorted(counted.out.get(version, {}).items()):
            yield f"    {outcome:<64}{people:>9,}"


def way_lines(ledger: Ledger, journey: str, subscriber_id: str) -> Iterator[str]:
    """The way of one person through the journey, of each of their entries, for a terminal."""
    _state(ledger, journey)
    entries = sorted(journeys.of_people(ledger, journey, [subscriber_id]), key=lambda entry: entry.entered_at)
    if not entries:
        yield f"{subscriber_id} was never in {journey}"
    for entry in entries:
        yield f"{subscriber_id} in {journey}, version {entry.version}, by {entry.trigger_key}"
        yield f"  {_time(entry.triggered_at)}  the trigger happened"
        yield f"  {_time(entry.entered_at)}  entered"
        yield from (f"  {_time(step.passed_at)}  {step.step}: {_outcome(step)}" for step in way(ledger, entry))
        yield f"  {_place(entry)}"


def way(ledger: Ledger, entry: Entry) -> list[Passed]:
    """The steps that are behind a person, in their order."""
    order = [step.id for step in _version(ledger, entry.journey, entry.version).journey.steps]
    return sorted(journeys.steps_of(ledger, entry.entry_id), key=lambda step: (step.passed_at, order.index(step.step)))


def _outcome(step: Passed) -> str:
    return f"{step.outcome} (message {step.message_key})" if step.message_key else step.outcome


def _place(entry: Entry) -> str:
    if entry.step is not None and entry.due_at is not None:
        return f"{_time(entry.due_at)}  {entry.step} is due"
    return f"{_time(entry.changed_at)}  out: {entry.reason or entry.state}"


def _time(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _version(ledger: Ledger, journey: str, version: str) -> JourneyVersion:
    return pinned(journeys.definition_of(ledger, journey, version))


def _state(ledger: Ledger, journey: str) -> journeys.JourneyState:
    states = journeys.states(ledger)
    if journey not in states:
        raise ConfigurationError(
            "has never run.", where=journey, remedy=f"Journeys that have: {', '.join(states) or 'none'}."
        )
    return states[journey]


def _set_state(ledger: Ledger, journey: str, state: str, reason: str | None, decision: Decision) -> None:
    was = _state(ledger, journey).state
    with ledger.write() as connection:
        if not journeys.set_state(connection, journey, state, reason):
            raise PlanError("is cancelled and stays so.", where=journey, remedy="Write a journey with another id.")
        if was != state:
            decisions.keep(connection, decisions.of_journey(journey), decision)
