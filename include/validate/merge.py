"""Merge a validated batch into the warehouse: in pieces of bounded size, and in one transaction.

The tables have no key (ADR 87): a piece is held against what stands, the rows that change are deleted by a semi-join and put
back, and what DuckDB says it changed must be what was counted beforehand.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

import duckdb

from include.core import clock
from include.core.errors import ConservationBroken, QualityStop
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.validate.addresses import register
from include.validate.landed import Landed, landed
from include.warehouse.connection import fetch, open_warehouse, run, transaction

PIECE_ROWS = 1_000_000
"""Rows that are held against the warehouse at once: a few hundred MB."""
log = logging.getLogger(__name__)


def merge_batch(paths: DataPaths, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the valid rows of a batch into `core`: {relation, inserted, updated, unchanged, deleted}.

    Only a newer `updated_at` replaces what is known. A full pass marks those it does not see as deleted, or holds them in
    core.unseen where validation says so; whoever comes back is undeleted. A good row releases whom an earlier one held
    back. Merging the same batch again changes nothing.
    Raises `QualityStop` where the batch was not accepted.
    """
    batch = landed(paths, manifest)
    with open_warehouse(paths) as connection:
        held = _accepted(connection, batch)
        register(connection, load_secrets(paths).address_key)
        with transaction(connection):
            counts = _merge(connection, batch, held=held)
    log.info("merged %s: %s", batch.relation, counts)
    return {"relation": batch.relation} | counts


def _accepted(connection: duckdb.DuckDBPyConnection, batch: Landed) -> bool:
    """Whether deletions are held. Raises `QualityStop` where the batch was not accepted."""
    found = fetch(connection, "validate", "verdict", batch.params).to_pylist()
    if [row["verdict"] for row in found] != ["accepted"]:
        raise QualityStop(
            "the batch was stopped." if found else "the batch was not validated.",
            where=f"{batch.relation}, run {batch.run}",
            remedy="Only an accepted batch is merged: run validation of the same run first.",
        )
    return bool(found[0]["deletions_held"])


def _merge(connection: duckdb.DuckDBPyConnection, batch: Landed, *, held: bool) -> dict[str, int]:
    at = {"at": clock.now()}
    counts: Counter[str] = Counter(inserted=0, updated=0, unchanged=0, deleted=0)
    for piece in batch.pieces(PIECE_ROWS):
        counts.update(_merge_piece(connection, piece, piece.params | at))
    params = batch.params | at | {"held": held}
    if batch.full:
        counts["deleted"] += _delete_unseen(connection, batch.relation, params)
    else:
        run(connection, "validate", f"{batch.relation}_release_seen", params)
    if batch.relation == "subscribers":
        counts["deleted"] += _changed(connection, "subscribers_retire_shared", params)
    return dict(counts)


def _delete_unseen(connection: duckdb.DuckDBPyConnection, relation: str, params: Mapping[str, Any]) -> int:
    """After a full pass: delete what it does not show, or hold it until another full pass misses it too; how many went."""
    run(connection, "validate", f"{relation}_unseen", params)
    deleted = _changed(connection, f"{relation}_delete_unseen", params)
    run(connection, "validate", "unseen_forget", params)
    run(connection, "validate", "unseen_insert", params)
    connection.execute("drop table unseen")
    return deleted


def _merge_piece(connection: duckdb.DuckDBPyConnection, piece: Landed, params: Mapping[str, Any]) -> dict[str, int]:
    """Bring one piece in: {inserted, updated, unchanged}. Raises `ConservationBroken` where a key would stand twice."""
    run(connection, "validate", f"{piece.relation}_incoming", params)
    counts: dict[str, int] = fetch(connection, "validate", f"{piece.relation}_actions").to_pylist()[0]
    twice = counts.pop("twice")
    _must_be(0, twice, "keys that stand twice", piece)
    if piece.relation == "subscribers":
        run(connection, "validate", "former_addresses_again", params)
        run(connection, "validate", "former_addresses_insert", params)
        run(connection, "validate", "held_back_release", params)
    _must_be(counts["updated"], _changed(connection, f"{piece.relation}_delete_changed", params), "rows made way", piece)
    run(connection, "validate", f"{piece.relation}_merge", params)
    if piece.relation == "subscribers":
        run(connection, "validate", "identities_delete_changed")
        run(connection, "validate", "identities_merge")
    connection.execute("drop table incoming")
    return counts


def _must_be(expected: int, found: int, what: str, piece: Landed) -> None:
    if expected != found:
        raise ConservationBroken(
            f"{found} {what}, where {expected} were expected.",
            where=f"{piece.relation}, run {piece.run}",
            remedy="Nothing was merged. This is a defect of Tradewind: keep the landed folder and report it.",
        )


def _changed(connection: duckdb.DuckDBPyConnection, name: str, params: Mapping[str, Any]) -> int:
    """Run an update or delete; DuckDB answers with the number of rows that it changed."""
    row = run(connection, "validate", name, params).fetchone()
    return int(row[0]) if row else 0
