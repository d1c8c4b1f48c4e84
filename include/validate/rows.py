"""Row rules over a landed batch, in pieces of bounded size."""

from __future__ import annotations

import gc
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from data_quality import purchases, subscribers
from data_quality.addresses import faults
from data_quality.checks import QUARANTINE, WARN, Finding, check
from include.core import template_names
from include.validate.landed import Landed
from include.warehouse.connection import fetch, run

PIECE_ROWS = 200_000
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tally:
    """What a rule found in a whole batch, in counts: all rows of ten million may break it."""

    reason: str
    column: str
    severity: str
    checked: int
    unexpected: int


def judge(connection: duckdb.DuckDBPyConnection, batch: Landed, now: datetime) -> list[Tally]:
    """What each row rule found. Leaves each row to be refused in the temporary table faults (row_number, reason)."""
    connection.execute("create or replace temp table faults (row_number bigint, reason varchar)")
    suite = _suite(batch.relation, now)
    found: dict[str, list[Tally]] = defaultdict(list)
    done = 0
    for frame in _frames(connection, batch, now):
        findings = check(frame, suite)
        _keep_faults(connection, [finding for finding in findings if finding.severity == QUARANTINE])
        for tally in tallies(findings):
            found[tally.reason].append(tally)
        done += len(frame)
        gc.collect()  # Great Expectations' objects hold each other and their frame: 45 MB a piece until somebody looks.
        log.info("judged %d of %d rows of %s", done, batch.rows, batch.relation)
    return [*(_together(pieces) for pieces in found.values()), _unreadable(connection, batch)]


def _unreadable(connection: duckdb.DuckDBPyConnection, batch: Landed) -> Tally:
    """Lines of a file that are no rows: refused as such, and by no other rule."""
    row = run(connection, "validate", "unreadable_lines", batch.params).fetchone()
    return Tally("unreadable_line", "line", QUARANTINE, batch.rows, int(row[0]) if row else 0)


def _suite(relation: str, now: datetime) -> Sequence[Any]:
    if relation == "purchases":
        return purchases.suite(now)
    return subscribers.suite(
        now, template_names=QUARANTINE if template_names.policy() == template_names.QUARANTINE else WARN
    )


def tallies(findings: Sequence[Finding]) -> list[Tally]:
    """Findings without their rows."""
    return [Tally(one.reason, one.column, one.severity, one.checked, len(one.rows)) for one in findings]


def _together(pieces: list[Tally]) -> Tally:
    checked, unexpected = sum(piece.checked for piece in pieces), sum(piece.unexpected for piece in pieces)
    return Tally(pieces[0].reason, pieces[0].column, pieces[0].severity, checked, unexpected)


def _keep_faults(connection: duckdb.DuckDBPyConnection, findings: list[Finding]) -> None:
    for finding in findings:
        if finding.rows:
            connection.register("found", pa.table({"row_number": pa.array(finding.rows, pa.int64())}))
            connection.execute("insert into faults select row_number, $reason from found", {"reason": finding.reason})
            connection.unregister("found")


def _frames(connection: duckdb.DuckDBPyConnection, batch: Landed, now: datetime) -> Iterator[pd.DataFrame]:
    """The measures of each piece, with the row number as index; of an address only its fault is left."""
    for piece in batch.pieces(PIECE_ROWS):
        table = fetch(
            connection,
            "validate",
            f"{batch.relation}_measures",
            piece.params | {"now": now, "template": template_names.LOOKS_LIKE_TEMPLATE},
        )
        for start in range(0, table.num_rows, PIECE_ROWS):
            yield _frame(table.slice(start, PIECE_ROWS))


def _frame(table: pa.Table) -> pd.DataFrame:
    if "email" in table.column_names:
        emails = table["email"].combine_chunks()
        table = table.append_column("address_fault", faults(emails)).drop_columns("email")
    frame = table.to_pandas(types_mapper=pd.ArrowDtype).set_index("row_number")
    frame.index.name = None
    return frame
