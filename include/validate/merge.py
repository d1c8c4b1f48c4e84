"""Merge a validated batch into the warehouse, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import duckdb

from include.core import clock
from include.core.errors import QualityStop
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.validate.addresses import register
from include.validate.landed import Landed, landed
from include.warehouse.connection import fetch, open_warehouse, run, transaction

log = logging.getLogger(__name__)


def merge_batch(paths: DataPaths, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the valid rows of a batch into `core`: {relation, inserted, updated, unchanged, deleted}.

    Only a newer `updated_at` replaces what is known. A full pass marks those it does not see as deleted; whoever comes
    back is undeleted. Merging the same batch again changes nothing. Raises `QualityStop` where the batch was not accepted.
    """
    batch = landed(paths, manifest)
    with open_warehouse(paths) as connection:
        _accepted(connection, batch)
        register(connection, load_secrets(paths).address_key)
        with transaction(connection):
            counts = _merge(connection, batch)
    log.info("merged %s: %s", batch.relation, counts)
    return {"relation": batch.relation} | counts


def _accepted(connection: duckdb.DuckDBPyConnection, batch: Landed) -> None:
    found = fetch(connection, "validate", "verdict", batch.params)["verdict"].to_pylist()
    if found != ["accepted"]:
        raise QualityStop(
            "the batch was stopped." if found else "the batch was not validated.",
            where=f"{batch.relation}, run {batch.run}",
            remedy="Only an accepted batch is merged: run validation of the same run first.",
        )


def _merge(connection: duckdb.DuckDBPyConnection, batch: Landed) -> dict[str, int]:
    params = batch.params | {"at": clock.now()}
    run(connection, "validate", f"{batch.relation}_incoming", params)
    counts = fetch(connection, "validate", "actions").to_pylist()[0]
    run(connection, "validate", f"{batch.relation}_merge", params)
    deleted = _changed(connection, f"{batch.relation}_delete_unseen", params) if batch.full else 0
    if batch.relation == "subscribers":
        run(connection, "validate", "identities_merge", params)
        run(connection, "validate", "subscribers_honour_refusals", params)
        deleted += _changed(connection, "subscribers_retire_shared", params)
    connection.execute("drop table incoming")
    return counts | {"deleted": deleted}


def _changed(connection: duckdb.DuckDBPyConnection, name: str, params: Mapping[str, Any]) -> int:
    """Run an update or delete; DuckDB answers with the number of rows that it changed."""
    row = run(connection, "validate", name, params).fetchone()
    return int(row[0]) if row else 0
