"""The steps without mail: waits that are over, conditions, splits and exits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from include.core.errors import ConfigurationError, PlanError
from include.core.journey_fields import Condition, Feature, Split, Step
from include.core.journey_version import JourneyVersion
from include.core.suggestion import suggest
from include.dispatch.journey.enter import BATCH, people_table, run_query
from include.dispatch.journey.times import due_at
from include.ledger import journeys
from include.ledger.database import Ledger
from include.ledger.journeys import Entry, Move, Passed
from include.warehouse.connection import fetch

Zones = dict[str, str | None]


def move(warehouse: duckdb.DuckDBPyConnection, ledger: Ledger, version: JourneyVersion, now: datetime) -> int:
    """Pass every step without mail that is due, for everybody of the version; returns the number of people."""
    journey, count = version.journey, 0
    steps = [step.id for step in journey.steps if step.kind != "mail"]
    while steps and (people := journeys.due(ledger, journey.id, version.version, steps, now.timestamp(), BATCH)):
        moves, passed = _pass(warehouse, version, people, now)
        with ledger.write() as connection:
            journeys.require_active(connection, journey.id)
            journeys.apply(connection, moves, passed)
        count += len(people)
    return count


def _pass(
    warehouse: duckdb.DuckDBPyConnection, version: JourneyVersion, people: list[Entry], now: datetime
) -> tuple[list[Move], list[Passed]]:
    """The new place of each person, after as many steps as are due now, and the steps behind them."""
    at = now.timestamp()
    zones = zones_of(warehouse, people)
    warehouse.register("people_due", people_table(people))
    places, passed = {entry.entry_id: entry for entry in people}, list[Passed]()
    for step in version.journey.steps:
        here = [entry for entry in places.values() if _is_due(entry, step, at)]
        if not here or step.kind == "mail":
            continue
        outcome = _outcomes(warehouse, version, step, here, now)
        for entry in here:
            passed.append(Passed(entry.entry_id, step.id, outcome(entry), at))
            places[entry.entry_id] = after(version, entry, step, outcome(entry), zones.get(entry.entry_id), at)
    warehouse.unregister("people_due")
    return [moved(entry) for entry in places.values()], passed


def zones_of(warehouse: duckdb.DuckDBPyConnection, people: list[Entry]) -> Zones:
    """The time zone of each entry's person."""
    warehouse.register("people_due", people_table(people))
    found: Zones = {row["entry_id"]: row["timezone"] for row in fetch(warehouse, "journey", "zones").to_pylist()}
    warehouse.unregister("people_due")
    return found


def _is_due(entry: Entry, step: Step, at: float) -> bool:
    return entry.step == step.id and entry.due_at is not None and entry.due_at <= at


def after(version: JourneyVersion, entry: Entry, step: Step, outcome: str, zone: str | None, at: float) -> Entry:
    """The entry after it passed a step: at the next step, or out.

    A wait counts from when the step before it was due, or from the mail before it, when that was sent.
    """
    if step.exit:
        return replace(entry, state="left", reason=step.exit, step=None, due_at=None)
    following = version.journey.following(step, _then(step, outcome))
    if following is None:
        return replace(entry, state="finished", step=None, due_at=None)
    arrived = at if step.kind == "mail" else min(entry.due_at or at, at)
    coming = version.journey.step(following)
    reached = due_at(version, coming, zone, arrived, arrived)
    return replace(entry, step=following, due_at=due_at(version, coming, zone, arrived, at), reached_at=reached)


def moved(entry: Entry) -> Move:
    """The place of an entry, to be written."""
    return Move(entry.entry_id, entry.step, entry.due_at, entry.reached_at, entry.state, entry.reason)


def _then(step: Step, outcome: str) -> str | None:
    """The step that a way names; None for the next in the file."""
    if step.split:
        return next(arm.then for arm in step.split.arms if arm.id == outcome)
    return step.otherwise if step.condition and outcome == "no" else step.then


def _outcomes(
    warehouse: duckdb.DuckDBPyConnection, version: JourneyVersion, step: Step, here: list[Entry], now: datetime
) -> Callable[[Entry], str]:
    """What the step decides for each person."""
    if step.condition:
        met = _met(warehouse, version, step.condition, here, now)
        return lambda entry: "yes" if entry.entry_id in met else "no"
    if split := step.split:
        return lambda entry: drawn(split, step.id, entry.entry_id)
    return lambda _entry: "waited" if step.wait else "left"


def drawn(split: Split, step: str, entry_id: str) -> str:
    """The arm of a person, from a hash of salt, step and entry (journey, person and trigger)."""
    digest = hashlib.sha256(f"{split.salt}:{step}:{entry_id}".encode()).digest()
    draw, total = int.from_bytes(digest[:8], "big") / 2**64 * 100, 0.0
    for arm in split.arms:
        total += arm.percent
        if draw < total:
            return arm.id
    return split.arms[-1].id


def _met(
    warehouse: duckdb.DuckDBPyConnection, version: JourneyVersion, condition: Condition, here: list[Entry], now: datetime
) -> set[str]:
    """The entries that meet a condition."""
    if condition.segment:
        return _members(warehouse, version, condition.segment)
    if condition.feature:
        return _with_feature(fetch(warehouse, "journey", "condition_features"), condition.feature, version.journey.id)
    name = f"conditions/{condition.query}"
    since = datetime.fromtimestamp(min(entry.triggered_at for entry in here), UTC)
    run_query(warehouse, version, name, "met", as_of=now, since=since)
    met = "condition_met_since" if "happened_at" in version.queries[name].columns else "condition_met"
    return _ids(fetch(warehouse, "journey", met, {"as_of": now}))


def _members(warehouse: duckdb.DuckDBPyConnection, version: JourneyVersion, segment: str) -> set[str]:
    found = fetch(warehouse, "dispatch", "latest_segment_run", {"segments": [segment]}).to_pylist()
    if not found or found[0]["members"] != found[0]["frozen_members"]:
        raise PlanError(
            f"no recent run of build_segments has {segment}.",
            where=f"{version.journey.id}.yaml", remedy="People wait at this condition until build_segments has run.",
        )  # fmt: skip
    params = {"segment": segment, "segment_run": found[0]["segment_run"]}
    return _ids(fetch(warehouse, "journey", "condition_members", params))


def _with_feature(features: pa.Table, wanted: Feature, journey: str) -> set[str]:
    """The entries whose feature compares as wanted; a missing value never does."""
    if wanted.column not in features.column_names:
        raise ConfigurationError(
            f"there is no feature '{wanted.column}'.", where=f"{journey}.yaml",
            remedy=suggest(wanted.column, features.column_names, kind="features"),
        )  # fmt: skip
    column, holds = features[wanted.column], pa.chunked_array([pa.array([True] * len(features))])
    if wanted.one_of:
        holds = pc.and_(holds, pc.is_in(column.cast(pa.string()), pa.array(wanted.one_of)))
    if wanted.at_least is not None:
        holds = pc.and_(holds, pc.greater_equal(column.cast(pa.float64()), wanted.at_least))
    if wanted.at_most is not None:
        holds = pc.and_(holds, pc.less_equal(column.cast(pa.float64()), wanted.at_most))
    return _ids(features.filter(pc.fill_null(holds, False)))


def _ids(found: pa.Table) -> set[str]:
    return set(found["entry_id"].to_pylist())
