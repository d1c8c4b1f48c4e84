"""Validate a landed batch: quarantine rows with their reasons, or stop and believe nothing of it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from data_quality.checks import QUARANTINE, WARN, Finding
from include.core import clock
from include.core.errors import ConservationBroken, QualityStop
from include.core.paths import DataPaths
from include.core.secrets import load_secrets
from include.validate import answers, rows, table_rules
from include.validate.addresses import register
from include.validate.landed import Landed, landed
from include.validate.rows import Tally, tallies
from include.validate.table_rules import Facts
from include.warehouse.connection import keep, open_warehouse, run, transaction

PIECE_ROWS = 1_000_000
DUPLICATES = {
    "subscribers": {"duplicate_id": "subscriber_id", "duplicate_address": "email"},
    "purchases": {"duplicate_id": "purchase_id"},
}
"""The reasons that <relation>_duplicates.sql gives, and the column that each is about."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What becomes of a batch: why it stops, what a person should know, and whether the merge holds its deletions."""

    stop_reason: str | None
    warnings: tuple[str, ...]
    deletions_held: bool


def validate_batch(paths: DataPaths, manifest: Mapping[str, Any], *, accept: Collection[str] = ()) -> dict[str, Any]:
    """Judge the batch of a manifest, row by row and as a whole, and record what was found; also when it stops.

    `accept` names table rules (`data_quality.batches.TABLE_RULES`) that a person has looked at and lets pass this once.
    What the rows of subscribers say against mail and tracking counts from here on, also where the batch stops (`answers`).
    Returns {relation, run, raw, valid, quarantined, verdict}. May be run again: the same run replaces its own record.
    Raises `QualityStop` where a table rule is broken (nothing will be merged), `ConservationBroken` where raw = valid +
    quarantined does not hold, `SourceError` where the landed files are not what the manifest says.
    """
    batch = landed(paths, manifest)
    now = clock.now()
    with open_warehouse(paths) as connection:
        register(connection, load_secrets(paths).address_key)
        found = [*rows.judge(connection, batch, now), *_duplicates(connection, batch)]
        with transaction(connection):
            numbers = _quarantine(connection, batch, now)
            judged = table_rules.judge(numbers, batch)
            outcome = Outcome(
                table_rules.stop_reason(judged, numbers, accept),
                tuple(table_rules.warnings(judged, numbers, accept)),
                table_rules.holds_deletions(numbers, batch, accept),
            )
            _record(connection, batch, now, numbers, [*found, *tallies(judged)], outcome)
            if batch.relation == "subscribers":
                answers.take(connection, batch, now, believed=outcome.stop_reason is None)
    _warn(batch, judged, outcome)
    if outcome.stop_reason:
        raise QualityStop(
            f"{outcome.stop_reason}.",
            where=f"{batch.relation}, run {batch.run}",
            remedy="Nothing was merged. Look at the quality page and the source; a later, whole pass goes through. "
            "Where the batch is right after all, trigger ingest_subscribers with these rules in the parameter `accept`.",
        )
    return _summary(batch, numbers, "accepted")


def _duplicates(connection: duckdb.DuckDBPyConnection, batch: Landed) -> list[Tally]:
    """Find rows that give way to another, over all pieces. Adds them to the temporary table faults."""
    checked = batch.rows - _count(connection, "select count(distinct row_number) from faults")
    keep(connection, "duplicates", "validate", f"{batch.relation}_duplicates", batch.params)
    connection.execute("insert into faults select row_number, reason from duplicates")
    found = dict(connection.execute("select reason, count(*) from duplicates group by reason").fetchall())
    connection.execute("drop table duplicates")
    reasons = DUPLICATES[batch.relation]
    return [Tally(reason, column, QUARANTINE, checked, found.get(reason, 0)) for reason, column in reasons.items()]


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _quarantine(connection: duckdb.DuckDBPyConnection, batch: Landed, now: datetime) -> Facts:
    """Replace the run's quarantine and count; the three counts must add up with the manifest's."""
    run(connection, "validate", "forget_quarantine", batch.params)
    for piece in batch.pieces(PIECE_ROWS):
        run(connection, "validate", f"{batch.relation}_quarantine", piece.params | {"at": now})
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
    found: list[Tally],
    outcome: Outcome,
) -> None:
    params = batch.params | {
        "at": now,
        "raw_rows": numbers.raw_rows,
        "valid_rows": numbers.valid_rows,
        "quarantined_rows": numbers.quarantined_rows,
        "verdict": "stopped" if outcome.stop_reason else "accepted",
        "stop_reason": outcome.stop_reason,
        "warnings": list(outcome.warnings),
        "held": outcome.deletions_held,
    }
    run(connection, "validate", "forget_runs", params)
    run(connection, "validate", "record_run", params)
    table = pa.table(
        {
            "expectation": [tally.reason for tally in found],
            "column_name": [tally.column for tally in found],
            "severity": [tally.severity for tally in found],
            "checked_rows": pa.array([tally.checked for tally in found], pa.int64()),
            "unexpected_rows": pa.array([tally.unexpected for tally in found], pa.int64()),
        }
    )
    connection.register("findings", table)
    run(connection, "validate", "forget_results", params)
    run(connection, "validate", "record_results", params)
    connection.unregister("findings")


def _warn(batch: Landed, judged: list[Finding], outcome: Outcome) -> None:
    for warning in outcome.warnings:
        log.warning("%s, run %s: %s", batch.relation, batch.run, warning)
    for finding in judged:
        if finding.severity == WARN and not finding.success and finding.reason in table_rules.SILENT:
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
