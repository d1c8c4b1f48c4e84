"""Validate a landed batch: quarantine rows with their reasons, or stop and believe nothing of it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from data_quality.checks import QUARANTINE, WARN, Finding
from include.core import clock
from include.core.errors import ConservationBroken, QualityStop
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.validate import rows, table_rules
from include.validate.addresses import register
from include.validate.landed import Landed, landed
from include.validate.table_rules import Facts
from include.warehouse.connection import fetch, open_warehouse, run, transaction

log = logging.getLogger(__name__)


def validate_batch(paths: DataPaths, manifest: Mapping[str, Any], *, accept: Collection[str] = ()) -> dict[str, Any]:
    """Judge the batch of a manifest, row by row and as a whole, and record what was found; also when it stops.

    `accept` names table rules (`data_quality.batches.TABLE_RULES`) that a person has looked at and lets pass this once.
    Returns {relation, run, raw, valid, quarantined, verdict}. May be run again: the same run replaces its own record.
    Raises `QualityStop` where a table rule is broken (nothing will be merged), `ConservationBroken` where raw = valid +
    quarantined does not hold, `SourceError` where the landed files are not what the manifest says.
    """
    batch = landed(paths, manifest)
    now = clock.now()
    with open_warehouse(paths) as connection:
        register(connection, load_secrets(paths).address_key)
        findings = rows.judge(connection, batch, now)
        findings += _duplicates(connection, batch, findings)
        with transaction(connection):
            numbers = _quarantine(connection, batch, now)
            judged = table_rules.judge(numbers, batch)
            reason = table_rules.stop_reason(judged, numbers, accept)
            _record(connection, batch, now, numbers, [*findings, *judged], reason)
    _warn(batch, judged)
    if reason:
        raise QualityStop(
            f"{reason}.",
            where=f"{batch.relation}, run {batch.run}",
            remedy="Nothing was merged. Look at the quality page and the source; a later, whole pass goes through. "
            "Where the batch is right after all, validate it again and accept these rules.",
        )
    return _summary(batch, numbers, "accepted")


def _duplicates(connection: duckdb.DuckDBPyConnection, batch: Landed, findings: list[Finding]) -> list[Finding]:
    """Find rows that give way to another, over all pieces. Leaves every fault in the temporary table faults."""
    broken = [finding for finding in findings if finding.severity == QUARANTINE and finding.rows]
    numbers = pa.array([row for finding in broken for row in finding.rows], pa.int64())
    reasons = pa.array([finding.reason for finding in broken for _ in finding.rows], pa.string())
    _keep_faults(connection, pa.table({"row_number": numbers, "reason": reasons}))
    found = fetch(connection, "validate", f"{batch.relation}_duplicates", batch.params)
    connection.register("more", found)
    connection.execute("insert into faults select row_number, reason from more")
    checked = batch.rows - len(set(numbers.to_pylist()))
    by_reason: dict[str, list[int]] = {"duplicate_id": [], "duplicate_address": []}
    for row in found.to_pylist():
        by_reason[row["reason"]].append(row["row_number"])
    return [Finding(reason, "subscriber_id", QUARANTINE, checked, tuple(which)) for reason, which in by_reason.items()]


def _keep_faults(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> None:
    connection.register("found", table)
    connection.execute("create or replace temp table faults as select row_number, reason from found")
    connection.unregister("found")


def _quarantine(connection: duckdb.DuckDBPyConnection, batch: Landed, now: datetime) -> Facts:
    """Replace the run's quarantine and count; the three counts must add up with the manifest's."""
    run(connection, "validate", "forget_quarantine", batch.params)
    run(connection, "validate", f"{batch.relation}_quarantine", batch.params | {"at": now})
    numbers = table_rules.facts(connection, batch, now)
    if not numbers.raw_rows == batch.rows == numbers.valid_rows + numbers.quarantined_rows:
        raise ConservationBroken(
            f"{batch.rows} rows landed, {numbers.raw_rows} were read, {numbers.valid_rows} are valid and "
            f"{numbers.quarantined_rows} quarantined.",
            where=f"{batch.relation}, run {batch.run}",
            remedy="Nothing was merged. This is a defect of Tradewind: keep the landed folder and report it.",
        )
    return numbers


def _record(
    connection: duckdb.DuckDBPyConnection,
    batch: Landed,
    now: datetime,
    numbers: Facts,
    findings: list[Finding],
    reason: str | None,
) -> None:
    params = batch.params | {
        "at": now,
        "raw_rows": numbers.raw_rows,
        "valid_rows": numbers.valid_rows,
        "quarantined_rows": numbers.quarantined_rows,
        "verdict": "stopped" if reason else "accepted",
        "stop_reason": reason,
    }
    run(connection, "validate", "forget_runs", params)
    run(connection, "validate", "record_run", params)
    table = pa.table(
        {
            "expectation": [finding.reason for finding in findings],
            "column_name": [finding.column for finding in findings],
            "severity": [finding.severity for finding in findings],
            "checked_rows": pa.array([finding.checked for finding in findings], pa.int64()),
            "unexpected_rows": pa.array([len(finding.rows) for finding in findings], pa.int64()),
        }
    )
    connection.register("findings", table)
    run(connection, "validate", "forget_results", params)
    run(connection, "validate", "record_results", params)
    connection.unregister("findings")


def _warn(batch: Landed, judged: list[Finding]) -> None:
    for finding in judged:
        if finding.severity == WARN and not finding.success:
            log.warning(
                "%s, run %s: the rule '%s' is broken; a warning, nothing stops", batch.relation, batch.run, finding.reason
            )


def _summary(batch: Landed, numbers: Facts, verdict: str) -> dict[str, Any]:
    return {
        "relation": batch.relation,
        "run": batch.run,
        "raw": numbers.raw_rows,
        "valid": numbers.valid_rows,
        "quarantined": numbers.quarantined_rows,
        "verdict": verdict,
    }
