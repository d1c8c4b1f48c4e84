"""Who entered and left each segment with a run, and which of its conditions changed for each of them.

People who leave met every condition before; those that they do not meet now are the reason. People who enter meet every
condition now; the reason is what they did not meet before, evaluated on the features that the run before left. Conditions
are evaluated for people who moved only, so the work is in proportion to what changed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb

from include.core.segment_reference import MEMBERS_NOW
from include.segment.catalogue import Segment
from include.segment.conditions import Conditions, conditions
from include.warehouse.connection import run

logger = logging.getLogger(__name__)

MOST_PEOPLE = 10_000
"""Conditions are kept for so many people per segment, direction and run. Who entered and left is kept of all."""

_COMPARE = (
    "own_moves_create",
    "members_before_create",
    "changed_members_create",
    "moves_create",
    "explained_moves_create",
    "explained_members_before_create",
    "explained_members_now_create",
    "moved_features_create",
    "moved_previous_features_create",
    "moved_activity_counts_create",
    "moved_previous_activity_counts_create",
    "movers_create",
    "found_changes_create",
)
"""SQL files that compare the selected members with those before the run, in this order."""

PREVIOUS = {"features": "previous_features", "activity_counts": "previous_activity_counts"}
_MOVED = {name: f"moved_{name}" for names in PREVIOUS.items() for name in names}
_MEMBERS_BEFORE, _EXPLAINED_BEFORE, _EXPLAINED_NOW = (
    f"(select members.subscriber_id from temp.{table} as members inner join temp.places "
    "on members.block = places.block and members.bits & places.bit <> 0 where places.segment = $tw_read_{})"
    for table in ("members_before", "explained_members_before", "explained_members_now")
)
"""The members before the run, and, before and now, those whose moves are explained."""


def not_built_later(
    connection: duckdb.DuckDBPyConnection, selected: Sequence[Segment], segment_run: str, as_of: datetime
) -> list[Segment]:
    """The segments that no later run has built: a run that is older than another changes nothing of theirs."""
    params = {"segment_run": segment_run, "as_of": as_of, "built": [str(segment.name) for segment in selected]}
    names = {name for (name,) in run(connection, "segment", "segments_not_built_later", params).fetchall()}
    if len(names) < len(selected):
        logger.warning("%d segments keep the members of a later run", len(selected) - len(names))
    return [segment for segment in selected if str(segment.name) in names]


def find(connection: duckdb.DuckDBPyConnection, built: Sequence[Segment], segment_run: str, as_of: datetime) -> None:
    """Fill the temporary tables `changed_members`, `moves` and `found_changes` for a run, before it is frozen."""
    names = {str(segment.name): segment for segment in built}
    params = {"segment_run": segment_run, "as_of": as_of, "built": list(names), "most": MOST_PEOPLE}
    for name in _COMPARE:
        run(connection, "segment", name, params)
    compared_at = connection.execute("select max(as_of) from segment.scales where is_previous").fetchall()[0][0]
    run(connection, "segment", "found_changes_of_the_list", {"compared_at": compared_at})
    earlier = dict(run(connection, "segment", "previous_definitions", params).fetchall())
    for name, moved in run(connection, "segment", "moved_segments").fetchall():
        segment = names.get(name)
        if segment is not None:
            is_edited = earlier.get(name) not in ("", None, definition_hash(segment))
            _explain(connection, segment, moved, as_of, compared_at, is_edited)


def definition_hash(segment: Segment) -> str:
    """Identifies the text of a definition and the values of its parameters."""
    return hashlib.sha256(f"{segment.definition.statement}\n{sorted(segment.values.items())}".encode()).hexdigest()


def _explain(
    connection: duckdb.DuckDBPyConnection,
    segment: Segment,
    moved: str,
    as_of: datetime,
    compared_at: datetime | None,
    is_edited: bool,
) -> None:
    """Add what changed for the people who moved. Conditions that cannot be evaluated are left out and fail no run."""
    run(connection, "segment", "moved_people_create", {"segment": str(segment.name), "moved": moved})
    shared: dict[str, Any] = {"tw_segment": str(segment.name), "tw_moved": moved, "tw_compared": compared_at}
    if is_edited:
        texts = {**shared, "tw_texts": ["the definition"]}
        connection.execute(_INSERT.format("$tw_texts::varchar[]", "temp.people"), texts)
    before = moved == "entered"
    found = (
        conditions(segment, _MEMBERS_BEFORE, PREVIOUS, _MOVED, _EXPLAINED_BEFORE)
        if before
        else conditions(segment, MEMBERS_NOW, moved=_MOVED, joined_members=_EXPLAINED_NOW)
    )
    when = compared_at if before else as_of
    if found is None or not found.texts or when is None:
        return
    statement = _INSERT.format(_not_met(found), f"({found.statement})")
    params = {**shared, "tw_texts": list(found.texts)}
    try:
        connection.execute(statement, segment.bind(when, statement, params))
    except duckdb.Error as error:
        logger.warning("segment %s: its conditions are not explained (%s)", segment.name, type(error).__name__)


_INSERT = (
    "insert into temp.found_changes\n"
    "select $tw_segment, subscriber_id, $tw_moved, unnest({}), $tw_compared::timestamptz from {} as met"
)


def _not_met(found: Conditions) -> str:
    flags = ", ".join(f"not c{number}" for number in range(len(found.texts)))
    return f"list_where($tw_texts::varchar[], [{flags}])"
