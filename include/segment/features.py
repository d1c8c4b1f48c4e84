"""Keeps what the features are computed from: of everybody at first, and then of the people with something new.

`segment.facts` holds times and counts; `segment.features` is a view of it with the days since then (ADR 294). A run
computes the people whose purchases, activities or verdicts on events changed (writers note them in `segment.changes`), whose
row on the list differs, and of whom something came into, or fell out of, the days that are counted. Everybody is computed
once a week, and where that list of people would not do; `whole_because` says why.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import duckdb

from include.core import sqlfile
from include.core.engagement import ENGAGEMENT_PARAMS
from include.core.shop import load_shop
from include.warehouse.connection import fetch, materialize, run, transaction
from include.warehouse.money import replace_rates

logger = logging.getLogger(__name__)

WHOLE_AFTER = timedelta(days=7)
"""Everybody is computed again after so long, so that a change that nobody noted does not stay longer."""
MAX_SHARE = 0.3
"""If a larger share of the people has something new, computing everybody is cheaper."""
SOURCES = {
    "fact_people": ("core.subscribers", ""),
    "fact_purchases": ("core.purchases", " and has_purchases"),
    "fact_activities": ("core.activities", " and has_activities"),
    "fact_events": ("engagement.events", " and has_events"),
}
"""The views that the statements read: everything, or the rows of the people whose source changed."""
_CHANGED = " semi join (from temp.fact_changes where subscriber_id <> ''{changed}) as changed using (subscriber_id)"
"""The condition holds for every id. With it DuckDB gives the scan a Bloom filter of the ids (include/analyze/scopes.py)."""
_NUMBERED = "select *, id_hash(subscriber_id) as number from {source}"
_NUMBERED_APART = (
    "select source.*, coalesce(sharers.number, id_hash(source.subscriber_id)) as number from {source} as source "
    "left join temp.sharers as sharers on source.subscriber_id = sharers.subscriber_id"
)
"""With the numbers by which facts are grouped: a hash of the id, or numbers of their own where ids of the list share one."""
_SUMS = {
    "purchases_by_person": "purchases_kept",
    "activities_by_person": "activities_kept",
    "engagement_by_person": "engagement_kept",
}
"""Temporary tables that facts_insert joins, and what adds the people of whom another source changed. In one statement they
would share the memory, and spill."""
_STATEMENTS = ("activity_facts_insert", *_SUMS, *_SUMS.values(), "facts_insert")


def build_features(connection: duckdb.DuckDBPyConnection, as_of: datetime, *, whole: bool = False) -> None:
    """Bring `segment.features` and `segment.activity_counts` up to a time, in one transaction.

    What an earlier full run had stays readable as `segment.previous_features` and `segment.previous_activity_counts`. Runs
    that build only the segments of activities change the features and not the previous ones, so that the next full run is
    compared with the last one.
    """
    with transaction(connection):
        replace_rates(connection, load_shop())
        scope = fetch(connection, "segment", "scope").to_pylist()[0]
        basis = _basis(connection)
        reason = "it was asked for" if whole else whole_because(scope, as_of, basis)
        if not reason and not _find_changes(connection, scope, as_of):
            reason = f"more than {MAX_SHARE:.0%} of the people have something new"
        show(connection, everybody=bool(reason))
        _keep_previous(connection, scope, as_of, everybody=bool(reason))
        for table in ("facts", "activity_facts"):
            if reason:
                connection.execute(f"delete from segment.{table}")
            else:
                run(connection, "segment", f"{table}_delete")
        params = {"as_of": as_of, "basis": basis, "whole_at": as_of if reason else scope["whole_at"], **ENGAGEMENT_PARAMS}
        _insert_facts(connection, params, everybody=bool(reason))
        for name in ("scales_delete", "scales_insert"):
            run(connection, "segment", name, params)
        connection.execute("delete from segment.changes")
    logger.info("built the features as of %s, of %s", as_of.isoformat(), f"everybody: {reason}" if reason else "who changed")


def whole_because(scope: dict[str, Any], as_of: datetime, basis: str) -> str:
    """Why everybody has to be computed, by scope.sql and what the facts depend on; empty if they need not be."""
    if scope["as_of"] is None:
        return "it is the first run"
    if as_of < scope["as_of"]:
        return "the time is before that of the features"
    if basis != scope["basis"]:
        return "statements, macros or exchange rates are others"
    if scope["is_everybody"]:
        return "everybody's facts changed"
    if scope["is_unnoted"]:
        return "a source changed and nobody noted it"
    if as_of - scope["whole_at"] >= WHOLE_AFTER:
        return f"the last time was {scope['whole_at'].isoformat()}"
    return ""


def show(connection: duckdb.DuckDBPyConnection, *, everybody: bool) -> None:
    """Let the views of the sources hold everything, or the rows of the people in `temp.fact_changes` whose source changed.

    Of these people, `temp.facts_before` has the present facts.
    """
    ids = "core.subscribers" if everybody else "temp.fact_changes"
    connection.execute(f"create or replace temp view fact_ids as select subscriber_id from {ids}")
    materialize(connection, "sharers", "segment", "sharers")
    some_share = connection.execute("select count(*) from temp.sharers").fetchall()[0][0]
    numbered = _NUMBERED_APART if some_share else _NUMBERED
    for view, (source, changed) in SOURCES.items():
        text = numbered.format(source=source) + ("" if everybody else _CHANGED.format(changed=changed))
        connection.execute(f"create or replace temp view {view} as {text}")
    if not everybody:
        materialize(connection, "facts_before", "segment", "facts_before")


def _insert_facts(connection: duckdb.DuckDBPyConnection, params: Mapping[str, Any], *, everybody: bool) -> None:
    """Write the facts of the people in the views; what is summed for that would take memory or disk until the run ends."""
    run(connection, "segment", "activity_facts_insert", params)
    sum_by_person(connection, params, everybody=everybody)
    run(connection, "segment", "facts_insert", params)
    for name in (*_SUMS, "facts_before"):
        connection.execute(f"drop table if exists temp.{name}")


def sum_by_person(connection: duckdb.DuckDBPyConnection, params: Mapping[str, Any], *, everybody: bool) -> None:
    """Sum purchases, activities and events of the people in the views; what is not summed again is as it was."""
    for name, kept in _SUMS.items():
        materialize(connection, name, "segment", name, params)
        if not everybody:
            run(connection, "segment", kept)


def _basis(connection: duckdb.DuckDBPyConnection) -> str:
    """Identifies the statements, macros and exchange rates by which facts are computed."""
    texts = [sqlfile.load("segment", name).statement for name in _STATEMENTS]
    texts += fetch(connection, "analyze/changes", "common")["text"].to_pylist()
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _find_changes(connection: duckdb.DuckDBPyConnection, scope: dict[str, Any], as_of: datetime) -> bool:
    """Fill `temp.fact_changes`; False if there are so many people that everybody is better computed."""
    materialize(connection, "fact_changes", "segment", "fact_changes", {"before": scope["as_of"], "as_of": as_of})
    found: int = connection.execute("select count(*) from temp.fact_changes").fetchall()[0][0]
    return found <= MAX_SHARE * int(scope["people"])


def _keep_previous(
    connection: duckdb.DuckDBPyConnection, scope: dict[str, Any], as_of: datetime, *, everybody: bool
) -> None:
    """Keep the rows of the run before that this one replaces."""
    if scope["as_of"] is None:
        return
    keeps_replaced = scope["keeps_replaced"]
    if scope["as_of"] < as_of and not scope["is_partial"]:
        for table in ("replaced_facts", "replaced_activity_facts", "replaced_people"):
            connection.execute(f"delete from segment.{table}")
        run(connection, "segment", "scales_forget_previous")
        run(connection, "segment", "scales_become_previous")
        keeps_replaced = True
    if keeps_replaced and everybody:
        run(connection, "segment", "replaced_facts_insert_all")
        run(connection, "segment", "replaced_activity_facts_insert_all")
        run(connection, "segment", "scales_previous_is_whole")
    elif keeps_replaced:
        for name in ("replaced_facts_insert", "replaced_activity_facts_insert", "replaced_people_insert"):
            run(connection, "segment", name)
