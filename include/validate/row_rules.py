"""Row rules: evaluated over a landed batch in pieces of bounded size. A broken rule quarantines its row, or is a warning."""

from __future__ import annotations

import gc
import logging
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa

from data_quality import activities, purchases, subscribers
from data_quality.checks import QUARANTINE, WARN, Finding, Suite, check
from include.core import template_names
from include.validate.landed_batch import LandedBatch
from include.validate.rule_result import RuleResult, rule_results
from include.warehouse.connection import fetch, run, second_session

PIECE_ROWS = 200_000
log = logging.getLogger(__name__)


def check_rows(connection: duckdb.DuckDBPyConnection, batch: LandedBatch, now: datetime) -> list[RuleResult]:
    """Evaluate every row rule. Writes the rows to quarantine to the temporary table `faults` (row_number, reason)."""
    connection.execute("create or replace temp table faults (row_number bigint, reason varchar)")
    suite = _suite(batch.relation, now)
    found: dict[str, list[RuleResult]] = defaultdict(list)
    checked = 0
    with _collecting_new_objects_only():
        for frame in _frames(connection, batch, now):
            findings = check(frame, suite)
            _insert_faults(connection, [finding for finding in findings if finding.severity == QUARANTINE])
            for result in rule_results(findings):
                found[result.reason].append(result)
            checked += len(frame)
            if checked < batch.rows:
                gc.collect()  # Great Expectations' objects form reference cycles that hold the frame: 45 MB per piece.
            log.info("checked %d of %d rows of %s", checked, batch.rows, batch.relation)
    return [*(_sum(pieces) for pieces in found.values()), _unreadable_lines(connection, batch)]


@contextmanager
def _collecting_new_objects_only() -> Iterator[None]:
    """Exempt from garbage collection what exists already: the libraries' objects, which take 0.1 s per collection."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _unreadable_lines(connection: duckdb.DuckDBPyConnection, batch: LandedBatch) -> RuleResult:
    """Lines of a file that could not be parsed; no other rule applies to them."""
    row = run(connection, "validate", "faults_insert_unreadable", batch.params).fetchone()
    return RuleResult("unreadable_line", "line", QUARANTINE, batch.rows, int(row[0]) if row else 0)


def _suite(relation: str, now: datetime) -> Suite:
    if relation == "purchases":
        return purchases.suite(now)
    if relation == "activities":
        return activities.suite(now)
    return subscribers.suite(
        now, template_names=QUARANTINE if template_names.policy() == template_names.QUARANTINE else WARN
    )


def _sum(pieces: list[RuleResult]) -> RuleResult:
    checked, unexpected = sum(piece.checked for piece in pieces), sum(piece.unexpected for piece in pieces)
    return RuleResult(pieces[0].reason, pieces[0].column, pieces[0].severity, checked, unexpected)


def _insert_faults(connection: duckdb.DuckDBPyConnection, findings: list[Finding]) -> None:
    for finding in findings:
        if finding.rows:
            connection.register("found", pa.table({"row_number": pa.array(finding.rows, pa.int64())}))
            connection.execute("insert into faults select row_number, $reason from found", {"reason": finding.reason})
            connection.unregister("found")


def _frames(connection: duckdb.DuckDBPyConnection, batch: LandedBatch, now: datetime) -> Iterator[pd.DataFrame]:
    """The metrics of each piece, indexed by row number."""
    with second_session(connection) as reader:
        for table in _read_ahead(_tables(reader, batch, now)):
            for start in range(0, table.num_rows, PIECE_ROWS):
                yield _frame(table.slice(start, PIECE_ROWS))


def _tables(connection: duckdb.DuckDBPyConnection, batch: LandedBatch, now: datetime) -> Iterator[pa.Table]:
    for piece in batch.pieces(PIECE_ROWS):
        params = piece.params | {"now": now, "template": template_names.LOOKS_LIKE_TEMPLATE}
        yield fetch(connection, "validate", f"{batch.relation}_row_metrics", params)


def _read_ahead(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The tables, each read in another thread while the one before is checked: Great Expectations uses one core only."""
    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(next, tables, None)
        while (table := ahead.result()) is not None:
            ahead = reader.submit(next, tables, None)
            yield table


def _frame(table: pa.Table) -> pd.DataFrame:
    if "email" in table.column_names:
        table = subscribers.coded(table)
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype).set_index("row_number")
    frame.index.name = None
    return frame
