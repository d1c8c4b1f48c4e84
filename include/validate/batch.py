"""Validation of a landed batch: quarantine rows with their reasons, or stop the whole batch."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

import duckdb

from data_quality.checks import INFO, QUARANTINE
from include.core import clock
from include.core.errors import ConservationBroken, QualityStop
from include.core.manifest import Manifest
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.validate import row_rules, table_rules
from include.validate.consent_changes import apply_consent_changes
from include.validate.drift import check_drift
from include.validate.landed_batch import LandedBatch, load_batch
from include.validate.rule_result import RuleResult, replace_results
from include.validate.sql_functions import register_address_functions
from include.validate.table_rules import BatchMetrics
from include.warehouse.connection import materialize, open_warehouse, run, transaction

PIECE_ROWS = 1_000_000
DUPLICATES = {
    "subscribers": {"duplicate_id": "subscriber_id", "duplicate_address": "email"},
    "purchases": {"duplicate_id": "purchase_id"},
    "activities": {"duplicate_id": "activity_id"},
}
"""The reasons that <relation>_duplicates.sql returns, each with the column that it concerns."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchStatus:
    """The outcome of the table and drift rules. `stop_reason` is None where the batch may be merged.

    `accepted` are the broken rules that the operator let pass.
    """

    stop_reason: str | None
    warnings: tuple[str, ...]
    deletions_held: bool
    accepted: tuple[str, ...]

    @property
    def name(self) -> Literal["accepted", "stopped"]:
        """The value of quality.runs.verdict."""
        return "stopped" if self.stop_reason else "accepted"


class ValidationSummary(TypedDict):
    """The counts of one validation: raw = valid + quarantined."""

    relation: str
    run: str
    raw: int
    valid: int
    quarantined: int
    status: Literal["accepted", "stopped"]


def validate_batch(paths: DataPaths, manifest: Manifest, *, accept: Collection[str] = ()) -> ValidationSummary:
    """Validate a landed batch, row by row and as a whole, and record the results, also where the batch is stopped.

    `accept` names table rules (groups `batch` and `drift` of data_quality/rules.yaml) that the operator lets pass
    this once. Refusals and
    withdrawn tracking in the rows take effect here, also where the batch is stopped (`consent_changes`).
    Idempotent: the same run replaces its own records.
    Raises `QualityStop` where a table rule is broken (nothing will be merged), `ConservationBroken` where raw is not valid +
    quarantined, `SourceError` where the landed files do not match the manifest.
    """
    batch = load_batch(paths, manifest)
    now = clock.now()
    with open_warehouse(paths) as connection:
        register_address_functions(connection, load_secrets(paths).address_key)
        results = [*row_rules.check_rows(connection, batch, now), *_check_duplicates(connection, batch)]
        with transaction(connection):
            metrics = _quarantine(connection, batch, now)
            of_batch = [*table_rules.check_table(metrics, batch), *check_drift(connection, batch, metrics.raw_rows)]
            status = BatchStatus(
                table_rules.stop_reason(of_batch, metrics, accept),
                tuple(table_rules.warnings(of_batch, accept)),
                table_rules.holds_deletions(metrics, batch, accept),
                tuple(sorted({one.reason for one in of_batch if one.unexpected and one.reason in accept})),
            )
            _insert_run(connection, batch, now, metrics, status)
            replace_results(connection, batch.relation, batch.run, now, [*results, *of_batch])
            if batch.relation == "subscribers":
                apply_consent_changes(connection, batch, now, is_accepted=status.stop_reason is None)
    _log_warnings(batch, of_batch, status)
    if status.stop_reason:
        raise QualityStop(
            f"{status.stop_reason}.",
            where=f"{batch.relation}, run {batch.run}",
            remedy="Nothing was merged. Check the quality page and the source; the next full pass with good data is merged. "
            "If this batch is correct, trigger ingest_subscribers with these rules in the parameter `accept`.",
        )
    return _summary(batch, metrics, status)


def _check_duplicates(connection: duckdb.DuckDBPyConnection, batch: LandedBatch) -> list[RuleResult]:
    """Find rows that another row supersedes, over all pieces, and add them to the temporary table `faults`."""
    checked = batch.rows - _count(connection, "select count(distinct row_number) from faults")
    materialize(connection, "duplicates", "validate", f"{batch.relation}_duplicates", batch.params)
    connection.execute("insert into faults select row_number, reason from duplicates")
    found = dict(connection.execute("select reason, count(*) from duplicates group by reason").fetchall())
    connection.execute("drop table duplicates")
    reasons = DUPLICATES[batch.relation]
    return [RuleResult(reason, column, QUARANTINE, checked, found.get(reason, 0)) for reason, column in reasons.items()]


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _quarantine(connection: duckdb.DuckDBPyConnection, batch: LandedBatch, now: datetime) -> BatchMetrics:
    """Replace the run's quarantine and count the batch. The three counts must agree with the manifest."""
    key = DUPLICATES[batch.relation]["duplicate_id"]
    run(connection, "validate", "quarantine_delete", batch.params)
    for piece in batch.pieces(PIECE_ROWS):
        run(connection, "validate", "quarantine_insert", piece.params | {"at": now, "key": key})
    metrics = table_rules.measure(connection, batch, now)
    if not metrics.raw_rows == batch.rows == metrics.valid_rows + metrics.quarantined_rows:
        raise ConservationBroken(
            f"{batch.rows} rows landed, {metrics.raw_rows} were read, {metrics.valid_rows} are valid and "
            f"{metrics.quarantined_rows} quarantined.",
            where=f"{batch.relation}, run {batch.run}",
            remedy="Nothing was merged. This is a defect of Tradewind: keep the landed folder and report it.",
        )
    return metrics


def _insert_run(
    connection: duckdb.DuckDBPyConnection, batch: LandedBatch, now: datetime, metrics: BatchMetrics, status: BatchStatus
) -> None:
    params = batch.params | {
        "at": now,
        "raw_rows": metrics.raw_rows,
        "valid_rows": metrics.valid_rows,
        "quarantined_rows": metrics.quarantined_rows,
        "verdict": status.name,
        "stop_reason": status.stop_reason,
        "warnings": list(status.warnings),
        "deletions_held": status.deletions_held,
        "accepted": list(status.accepted),
    }
    run(connection, "validate", "runs_delete", params)
    run(connection, "validate", "runs_insert", params)


def _log_warnings(batch: LandedBatch, results: list[RuleResult], status: BatchStatus) -> None:
    for warning in status.warnings:
        log.warning("%s, run %s: %s", batch.relation, batch.run, warning)
    for result in results:
        if result.severity == INFO and result.unexpected:
            log.info("%s, run %s: the rule '%s' is broken; this stops nothing", batch.relation, batch.run, result.reason)


def _summary(batch: LandedBatch, metrics: BatchMetrics, status: BatchStatus) -> ValidationSummary:
    return {
        "relation": batch.relation,
        "run": batch.run,
        "raw": metrics.raw_rows,
        "valid": metrics.valid_rows,
        "quarantined": metrics.quarantined_rows,
        "status": status.name,
    }
