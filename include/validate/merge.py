"""Merge a validated batch into the warehouse: in pieces of bounded size, in one transaction.

The tables have no key (ADR 87). A piece is compared with the current rows; changed rows are deleted by a semi-join and
inserted again, and the row counts that DuckDB reports must equal the ones counted beforehand.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple, TypedDict

import duckdb

from include.core import clock
from include.core.errors import ConservationBroken, QualityStop
from include.core.manifest import Manifest
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.validate.landed_batch import LandedBatch, load_batch
from include.validate.sql_functions import register_address_functions
from include.warehouse.connection import fetch, open_warehouse, run, transaction

PIECE_ROWS = {"subscribers": 1_000_000, "purchases": 3_000_000, "activities": 1_000_000}
"""Rows that are compared with the warehouse at once: a few hundred MB. Each piece reads all the keys of the warehouse."""
_BEFORE_REPLACING = (
    "subscribers_replaced", "subscribers_taken", "former_addresses_update", "former_addresses_insert",
    "former_consents_insert", "held_back_delete_released",
)  # fmt: skip
"""What is kept of the subscribers whose rows a piece replaces, and which addresses they have from now on."""
_NOTED = ("purchases", "activities")
"""Whose rows changed is noted in segment.changes. People are compared with their facts, whatever changed them."""
log = logging.getLogger(__name__)


class MergeSummary(TypedDict):
    """What a merge changed, in rows."""

    relation: str
    inserted: int
    updated: int
    unchanged: int
    deleted: int


class _Actions(NamedTuple):
    """One row of <relation>_actions.sql."""

    inserted: int
    updated: int
    unchanged: int
    duplicates: int


def merge_batch(paths: DataPaths, manifest: Manifest) -> MergeSummary:
    """Merge the valid rows of a batch into `core`. Idempotent.

    Only a newer `updated_at` replaces a row. A full pass deletes the rows that it does not contain, or holds their deletion
    in core.unseen where validation says so; a row that returns is undeleted. A good row ends the suppression that an earlier
    quarantined one caused. Raises `QualityStop` where the batch was not accepted.
    """
    batch = load_batch(paths, manifest)
    with open_warehouse(paths) as connection:
        hold_deletions = _require_accepted(connection, batch)
        register_address_functions(connection, load_secrets(paths).address_key)
        with transaction(connection):
            counts = _merge(connection, batch, hold_deletions=hold_deletions)
    log.info("merged %s: %s", batch.relation, dict(counts))
    return {
        "relation": batch.relation,
        "inserted": counts["inserted"],
        "updated": counts["updated"],
        "unchanged": counts["unchanged"],
        "deleted": counts["deleted"],
    }


def _require_accepted(connection: duckdb.DuckDBPyConnection, batch: LandedBatch) -> bool:
    """Whether deletions are held. Raises `QualityStop` where the batch was not accepted."""
    found = fetch(connection, "validate", "batch_status", batch.params).to_pylist()
    if [row["verdict"] for row in found] != ["accepted"]:
        raise QualityStop(
            "the batch was stopped." if found else "the batch was not validated.",
            where=f"{batch.relation}, run {batch.run}",
            remedy="Only an accepted batch is merged: run validation of the same run first.",
        )
    return bool(found[0]["deletions_held"])


def _merge(connection: duckdb.DuckDBPyConnection, batch: LandedBatch, *, hold_deletions: bool) -> Counter[str]:
    at = {"at": clock.now()}
    counts: Counter[str] = Counter(inserted=0, updated=0, unchanged=0, deleted=0)
    connection.execute("create or replace temp table taken (address_key varchar)")
    for piece in batch.pieces(PIECE_ROWS[batch.relation]):
        counts.update(_merge_piece(connection, piece, piece.params | at))
    params = batch.params | at | {"hold_deletions": hold_deletions}
    if batch.full:
        counts["deleted"] += _delete_unseen(connection, batch.relation, params)
    else:
        run(connection, "validate", f"unseen_delete_seen_{batch.relation}", params)
    if batch.relation == "subscribers":
        counts["deleted"] += _run_counted(connection, "subscribers_delete_shared", params)
    connection.execute("drop table taken")
    return counts


def _delete_unseen(connection: duckdb.DuckDBPyConnection, relation: str, params: Mapping[str, Any]) -> int:
    """After a full pass: delete the rows that it lacks, or hold them until another full pass lacks them too.

    Returns how many were deleted.
    """
    run(connection, "validate", f"{relation}_unseen", params)
    if relation in _NOTED:
        run(connection, "validate", f"{relation}_note_unseen", params)
    deleted = _run_counted(connection, f"{relation}_delete_unseen", params)
    run(connection, "validate", "unseen_delete", params)
    run(connection, "validate", "unseen_insert", params)
    connection.execute("drop table unseen")
    return deleted


def _merge_piece(connection: duckdb.DuckDBPyConnection, piece: LandedBatch, params: Mapping[str, Any]) -> dict[str, int]:
    """Merge one piece: {inserted, updated, unchanged}. Raises `ConservationBroken` where a key would be duplicated."""
    run(connection, "validate", f"{piece.relation}_incoming", params)
    actions = _Actions(**fetch(connection, "validate", f"{piece.relation}_actions").to_pylist()[0])
    _require_count(0, actions.duplicates, "duplicate keys", piece)
    if piece.relation == "subscribers":
        for name in _BEFORE_REPLACING:
            run(connection, "validate", name, params)
    if piece.relation in _NOTED:
        run(connection, "validate", f"{piece.relation}_note_incoming")
    replaced = _run_counted(connection, f"{piece.relation}_delete_changed", params) if actions.updated else 0
    _require_count(actions.updated, replaced, "rows were replaced", piece)
    run(connection, "validate", f"{piece.relation}_insert", params)
    if piece.relation == "subscribers":
        run(connection, "validate", "identities_delete_changed")
        run(connection, "validate", "identities_insert")
    connection.execute("drop table incoming")
    return {"inserted": actions.inserted, "updated": actions.updated, "unchanged": actions.unchanged}


def _require_count(expected: int, found: int, what: str, piece: LandedBatch) -> None:
    if expected != found:
        raise ConservationBroken(
            f"{found} {what}, where {expected} were expected.",
            where=f"{piece.relation}, run {piece.run}",
            remedy="Nothing was merged. This is a defect of Tradewind: keep the landed folder and report it.",
        )


def _run_counted(connection: duckdb.DuckDBPyConnection, name: str, params: Mapping[str, Any]) -> int:
    """Run an update or delete and return the number of rows that it changed."""
    row = run(connection, "validate", name, params).fetchone()
    return int(row[0]) if row else 0
